import MartletFileSystem
import MartletFolders
import MartletNode
import MartletTestSupport
import MartletWire
import SystemPackage

extension FolderVillage {
  /// Devices that all keep the folder `notes`, with what the first of them had in it.
  static func shared(
    _ names: [String] = ["ada", "ben"], seed: UInt64 = 1, offers: Bool = false,
    on disk: (any FileSystem)? = nil, at base: FilePath = "/",
    _ fill: (FolderVillage) throws -> Void = { _ in }
  ) throws -> FolderVillage {
    let village = try FolderVillage(
      seed: seed, on: disk ?? SimulatedFileSystem(seed: seed), at: base)
    try village.create(names)
    try fill(village)
    _ = try village.open(names[0]).add(
      village.tree(names[0]), name: "notes", with: Array(names.dropFirst()), offers: offers)
    try village.sync(names[0])
    for name in names.dropFirst() {
      try village.sync(name)
      _ = try village.open(name).accept("notes", in: village.tree(name))
    }
    try village.settle(names)
    return village
  }

  func settle(_ names: [String] = ["ada", "ben"]) throws {
    for _ in 0..<3 { for name in names { try sync(name) } }
  }

  /// Only exchanges: neither looks at the tree nor writes to it.
  func exchange(_ name: String) throws { _ = try open(name).node.sync(stick("all"), with: nil) }

  func group(_ name: String) throws -> GroupReport { try open(name, .reading).node.group("notes") }

  /// Writes a body into the folder's group as a member with a program of its own does.
  @discardableResult
  func tell(_ name: String, body: [UInt8], chunks: [[UInt8]] = []) throws -> ObjectID {
    let node = try open(name).node
    let writer = try node.writer(for: FolderChange.client, in: try node.group("notes").id)
    for chunk in chunks { try writer.add(try writer.sealer.seal(chunk)) }
    let id = try writer.write(body)
    try writer.commit()
    return id
  }

  @discardableResult
  func tell(_ name: String, _ change: FolderChange, chunks: [[UInt8]] = []) throws -> ObjectID {
    try tell(name, body: change.encoded, chunks: chunks)
  }

  /// What a chunk is called once it is sealed in the folder's group.
  func blob(_ name: String, _ chunk: [UInt8], in group: String = "notes") throws
    -> FolderChange.Blob
  {
    let node = try open(name).node
    let sealed = try node.writer(for: FolderChange.client, in: try node.group(group).id).sealer
      .seal(chunk)
    return FolderChange.Blob(id: sealed.id, byteCount: UInt32(chunk.count))
  }

  /// Everything below a directory but what stands in some others, by its path.
  func snapshot(of directory: FilePath = "/", except: [FilePath] = []) throws
    -> [[UInt8]: Standing]
  {
    var found: [[UInt8]: Standing] = [:]
    func walk(_ path: FilePath) throws {
      for entry in try disk.list(path) {
        let here = path.appending(entry)
        guard !except.contains(here), let information = try disk.information(at: here) else {
          continue
        }
        switch information.kind {
        case .directory:
          found[here.bytes] = .directory
          try walk(here)
        case .file:
          found[here.bytes] = .file(
            try disk.readAll(here, limit: 1 << 28),
            permissions: UInt8(information.permissions >> 6 & 7))
        case .link: found[here.bytes] = .link([])
        case .other: continue
        }
      }
    }
    try walk(directory)
    return found
  }
}

extension FolderChange {
  /// Of files without bytes, one for each path.
  static func emptyFiles(_ paths: [[UInt8]]) -> FolderChange {
    var change = FolderChange()
    for path in Set(paths).map({ RelativePath($0) }).sorted() {
      change.entries.append(
        Entry(
          path: path,
          content: .file(hash: ContentHash(short: []), byteCount: 0, permissions: 6),
          modified: 1, replaces: [], isGiven: false))
    }
    return change
  }
}
