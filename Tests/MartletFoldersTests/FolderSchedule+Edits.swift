import MartletFileSystem
import MartletFolders
import MartletNode
import MartletSeal
import MartletTestSupport
import MartletWire
import SystemPackage

/// What people do to their trees and stores.
extension FolderSchedule {
  func place(_ device: Device, _ path: RelativePath) -> FilePath {
    let tree = village.tree(device.name)
    return path.isRoot ? tree : FilePath(bytes: tree.bytes + [0x2F] + path.bytes)
  }

  /// The tree of a device as people see it.
  func look(_ device: Device) throws -> ModelTree {
    var tree = ModelTree()
    func walk(_ number: FileNumber, _ path: RelativePath) throws {
      let entries = try disk.entries(of: number)
      if entries.isEmpty, !path.isRoot {
        tree.entries[path] = ModelTree.Entry(content: .directory, modified: 0)
      }
      for entry in entries {
        let here = path.appending(entry.name)
        if path.isRoot, entry.name == FolderRules.ownName { continue }
        guard let information = try disk.information(entry.name, in: number) else { continue }
        switch information.kind {
        case .directory:
          let below = try disk.openDirectory(entry.name, beneath: number)
          defer { disk.close(below) }
          try walk(below, here)
        case .link:
          let target = try disk.linkTarget(entry.name, in: number)
          tree.entries[here] = ModelTree.Entry(
            content: .link(self.number(of: target)), modified: information.modified)
        case .file:
          let file = try disk.open(entry.name, in: number, .read)
          defer { disk.close(file) }
          let bytes = try disk.read(file, at: 0, count: Int(information.byteCount))
          tree.entries[here] = ModelTree.Entry(
            content: .file(
              self.number(of: bytes), permissions: UInt8(information.permissions >> 6 & 7)),
            modified: information.modified)
        case .other: continue
        }
      }
    }
    let root = try disk.openDirectory(village.tree(device.name))
    defer { disk.close(root) }
    try walk(root, .root)
    return tree
  }

  /// Makes durable what people wrote.
  func persist(_ device: Device) throws {
    func walk(_ number: FileNumber) throws {
      for entry in try disk.entries(of: number) {
        switch try disk.information(entry.name, in: number)?.kind {
        case .directory:
          let below = try disk.openDirectory(entry.name, beneath: number)
          defer { disk.close(below) }
          try walk(below)
        case .file:
          let file = try disk.open(entry.name, in: number, .read)
          defer { disk.close(file) }
          try disk.sync(file)
        default: continue
        }
      }
      try disk.sync(number)
    }
    let root = try disk.openDirectory(village.tree(device.name))
    defer { disk.close(root) }
    try walk(root)
  }

  func newContent(_ device: Device) -> Int {
    var bytes = Array("\(contents.count) by \(device.name)\n".utf8)
    if random.chance(0.012) {
      bytes += random.bytes((1 << 20) + random.below(1 << 19))
    } else if random.chance(0.9) {
      bytes += random.bytes(random.below(300))
    }
    return number(of: bytes)
  }

  private func anyPath() -> RelativePath {
    let directories = ["a", "b"]
    let names = ["a", "b", "x.txt", "y", "z.md"]
    var parts: [String] = []
    while parts.count < 2, random.chance(0.45) { parts.append(directories[random.below(2)]) }
    parts.append(names[random.below(names.count)])
    return RelativePath(parts.joined(separator: "/"))
  }

  private func any<Element>(_ all: [Element]) -> Element? {
    all.isEmpty ? nil : all[random.below(all.count)]
  }

  /// Makes room for a path: what stands above it and is no directory goes.
  private func makeParents(_ device: Device, _ path: RelativePath) throws {
    guard let parent = path.parent, !parent.isRoot else { return }
    try makeParents(device, parent)
    let here = place(device, parent)
    let kind = try disk.information(at: here)?.kind
    if kind == .directory { return }
    if kind != nil { try disk.remove(here) }
    try disk.makeDirectory(here, permissions: 0o755)
  }

  private func clear(_ device: Device, _ path: RelativePath) throws {
    let here = place(device, path)
    guard let kind = try disk.information(at: here)?.kind else { return }
    guard kind == .directory else { return try disk.remove(here) }
    for name in try disk.list(here) {
      try clear(device, path.appending(FilePath(root: nil, [name]).bytes))
    }
    try disk.removeDirectory(here)
  }

  func write(
    _ device: Device, _ path: RelativePath, _ bytes: [UInt8], replaces: Bool
  ) throws {
    var here = place(device, path)
    let replaces = try replaces || disk.information(at: here)?.kind == .link
    if replaces { here = FilePath(bytes: here.bytes + Array("~".utf8)) }
    let number = try disk.open(here, .readWriteOrCreate(permissions: 0o644))
    defer { disk.close(number) }
    try disk.truncate(number, to: 0)
    try disk.write(number, at: 0, bytes)
    writeCount += 1
    var modified = Int64(village.clock.now) * 1_000_000 + writeCount
    // Clocks differ.
    if random.chance(0.2) { modified += Int64(random.below(600) - 300) * 1_000_000_000 }
    try disk.setModified(number, modified)
    if replaces { try disk.rename(here, to: place(device, path)) }
  }

  func touched(_ device: Device) {
    device.isDirty = true
    device.isVolatile = true
    unchanged = [:]
  }

  func edit(_ device: Device) throws {
    let tree = try look(device)
    let all = tree.entries.keys.sorted()
    let files = all.filter {
      if case .file? = tree.entries[$0]?.content { true } else { false }
    }
    let what = random.below(100)
    touched(device)
    switch what {
    case ..<20:
      guard let path = any(files) else { fallthrough }
      let number = newContent(device)
      story.append("\(device.name): edit \(path.text) = \(number)")
      try write(device, path, contents[number], replaces: random.chance(0.4))
    case ..<45:
      let path = anyPath()
      let number = newContent(device)
      story.append("\(device.name): write \(path.text) = \(number)")
      try makeParents(device, path)
      if case .file? = tree.entries[path]?.content {} else { try clear(device, path) }
      try write(device, path, contents[number], replaces: false)
    case ..<50:
      guard let path = any(files), case .file(let before, _)? = tree.entries[path]?.content
      else { return }
      let number = number(of: contents[before] + Array("more \(contents.count)\n".utf8))
      story.append("\(device.name): append \(path.text) = \(number)")
      try write(device, path, contents[number], replaces: false)
    case ..<60:
      guard let path = any(all) else { return }
      var gone = path
      // Now and then a whole directory.
      if random.chance(0.3), let parent = path.parent, !parent.isRoot { gone = parent }
      story.append("\(device.name): remove \(gone.text)")
      try clear(device, gone)
    case ..<70:
      guard var from = any(all) else { return }
      if random.chance(0.4), let parent = from.parent, !parent.isRoot { from = parent }
      let to = anyPath()
      guard to != from, !to.isBelow(from), !from.isBelow(to) else { return }
      story.append("\(device.name): rename \(from.text) to \(to.text)")
      try makeParents(device, to)
      guard try disk.information(at: place(device, from)) != nil else { return }
      try clear(device, to)
      try disk.rename(place(device, from), to: place(device, to))
    case ..<75:
      let path = anyPath()
      story.append("\(device.name): directory \(path.text)")
      try makeParents(device, path)
      if try disk.information(at: place(device, path))?.kind != .directory {
        try clear(device, path)
      }
      try disk.makeDirectory(place(device, path), permissions: 0o755)
    case ..<79:
      let path = anyPath()
      story.append("\(device.name): link \(path.text)")
      try makeParents(device, path)
      try clear(device, path)
      let parent = try disk.openDirectory(place(device, path.parent ?? .root))
      defer { disk.close(parent) }
      try disk.makeLink(
        path.name, in: parent, to: Array("../to \(random.below(3))".utf8))
    case ..<85:
      guard let path = any(files) else { return }
      let owner: UInt16 = [4, 5, 6, 7][random.below(4)]
      story.append("\(device.name): chmod \(path.text) \(owner)")
      let number = try disk.open(place(device, path), .read)
      defer { disk.close(number) }
      try disk.setPermissions(number, owner << 6 | 0o40)
    case ..<92:
      // What stands somewhere else already, or stood here before.
      var path = anyPath()
      var number: Int?
      let other = try look(devices[random.below(devices.count)])
      let known = other.entries.filter {
        if case .file = $0.value.content { true } else { false }
      }.keys.sorted()
      if random.chance(0.7), let there = any(known),
        case .file(let content, _)? = other.entries[there]?.content
      {
        if random.chance(0.7) { path = there }
        number = content
      } else if let there = any(files) {
        path = there
        let before = model.paths[there, default: []].compactMap {
          if case .file(let number, _)? = model.versions[$0]?.content { number } else { nil }
        }
        number = any(before)
      }
      guard let number else { return }
      story.append("\(device.name): the same again \(path.text) = \(number)")
      try makeParents(device, path)
      if case .file? = tree.entries[path]?.content {} else { try clear(device, path) }
      try write(device, path, contents[number], replaces: false)
    default:
      let copies = all.filter { $0.text.contains(" (conflict ") }
      guard let path = any(copies) else { return }
      if random.chance(0.5) {
        story.append("\(device.name): remove the copy \(path.text)")
        try disk.remove(place(device, path))
      } else if case .file? = tree.entries[path]?.content {
        let number = newContent(device)
        story.append("\(device.name): edit the copy \(path.text) = \(number)")
        try write(device, path, contents[number], replaces: false)
      }
    }
  }

  // MARK: With the program

  func resolve(_ device: Device) throws {
    try scan(device)
    let known = device.known
    let copies = model.expectation(known).copies
    let conflicts = model.paths.keys.sorted().filter {
      model.sides(of: $0, known)?.losers.isEmpty == false
    }
    // Where a directory stands, the winner is a copy beside it too.
    guard let path = any(conflicts), let aside = copies[path] else { return }
    story.append("\(device.name): resolve \(path.text)")
    let tree = try look(device)
    let count = try open(device).resolve(place(device, path))
    if count != aside.count {
      violate("\(device.name): resolve \(path.text): \(count) put aside")
    }
    unchanged = [:]
    let new = try readLog(device, isOwn: true)
    guard new.count == 1, let entry = told[new[0]], entry.path == path,
      Set(entry.replaces) == Set(aside.flatMap(\.covers))
    else { return violate("\(device.name): resolve \(path.text) said something else") }
    add(new[0], entry, .deleted, by: device)
    _ = tree
    try take(applyOf: device, isStrict: false)
    try apply(device)
  }

  func restore(_ device: Device) throws {
    try scan(device)
    guard let path = any(model.paths.keys.sorted()) else { return }
    try restore(device, path)
  }

  /// Brings back a version of a path whose content is here.
  func restore(_ device: Device, _ path: RelativePath) throws {
    let folders = try open(device)
    let known = device.known
    let (all, current) = model.versions(of: path, known)
    guard !all.isEmpty else { return }
    let here = try folders.history(of: place(device, path)).filter(\.isHere)
    let old = all.filter { version in
      version.content.holdsBytes && here.contains { $0.id == version.id.text }
        && model.sides(of: path, known)?.winner.version.content.isSame(as: version.content) != true
    }
    guard let version = any(old.sorted { $0.modified < $1.modified }) else { return }
    village.clock.pass(1)
    story.append("\(device.name): restore \(path.text) = \(version.content)")
    unchanged = [:]
    device.isDirty = true
    _ = try folders.restore(place(device, path), at: version.id.text)
    let new = try readLog(device, isOwn: true)
    guard new.count == 1, let entry = told[new[0]], entry.path == path else {
      return violate("\(device.name): restore \(path.text) said something else")
    }
    let seen = current.filter { version in
      !version.content.holdsBytes
        || device.shown.contains { place, shown in
          (place == path || shown.origin == path)
            && (shown.content.isSame(as: version.content) || shown.covers.contains(version.id))
        }
    }
    if !Set(entry.replaces).isSubset(of: seen.map(\.id)) {
      violate("\(device.name): restore \(path.text) replaces what nobody saw")
    }
    guard let content = content(of: entry, showing: nil), content.isSame(as: version.content)
    else { return violate("\(device.name): restore \(path.text) brings something else") }
    add(new[0], entry, content, by: device)
    try take(applyOf: device, isStrict: false)
    device.isDirty = false
    try apply(device)
  }

  func forgetCaches(_ device: Device) throws {
    device.folders = nil
    story.append("\(device.name): caches go")
    func clear(_ path: FilePath) throws {
      guard try disk.information(at: path) != nil else { return }
      for entry in try disk.list(path) {
        let child = path.appending(entry)
        if try disk.information(at: child)?.kind == .directory {
          try clear(child)
          try disk.removeDirectory(child)
        } else {
          try disk.remove(child)
        }
      }
    }
    try clear(village.store(device.name).appending("clients"))
  }

  // MARK: Copies of a store

  func save(_ device: Device) throws -> [(path: FilePath, bytes: [UInt8]?)] {
    device.folders = nil
    var files: [(path: FilePath, bytes: [UInt8]?)] = []
    func walk(_ path: FilePath) throws {
      for entry in try disk.list(path).sorted(by: { $0.string < $1.string }) {
        let child = path.appending(entry)
        if try disk.information(at: child)?.kind == .directory {
          files.append((child, nil))
          try walk(child)
        } else {
          files.append((child, try disk.readAll(child, limit: 1 << 26)))
        }
      }
    }
    try walk(village.store(device.name))
    return files
  }

  /// Puts an old copy of a store back, into a new directory.
  func putBack(_ device: Device) throws {
    guard let copy = any(Array(device.backups.suffix(3))) else { return }
    story.append("\(device.name): its store is put back")
    let path = village.store(device.name)
    device.folders = nil
    func clear(_ path: FilePath) throws {
      for entry in try disk.list(path) {
        let child = path.appending(entry)
        if try disk.information(at: child)?.kind == .directory {
          try clear(child)
          try disk.removeDirectory(child)
        } else {
          try disk.remove(child)
        }
      }
    }
    try clear(path)
    try disk.removeDirectory(path)
    try disk.makeDirectory(path, permissions: 0o700)
    for (path, bytes) in copy {
      guard let bytes else {
        try disk.makeDirectory(path, permissions: 0o700)
        continue
      }
      try disk.openFile(path, .createNew(permissions: 0o600)).write(at: 0, bytes)
    }
    // People see to it that it is all there.
    for device in devices where device.isVolatile { try persist(device) }
    try disk.syncFileSystem(at: village.base)
    do {
      _ = try open(device)
      violate("a copy of \(device.name) was not noticed")
    } catch NodeError.copied {
      try Node.adopt(at: path, passphrase: nil, in: village.environment)
    }
    device.position = 0
    device.known = []
    device.shown = [:]
    device.isUnknown = true
    _ = try readLog(device, isOwn: false)
    noteUnchanged()
  }

  /// What stands the same everywhere, and nobody says otherwise, is to stay.
  private func noteUnchanged() {
    guard let trees = try? devices.map({ try look($0).contents }) else { return }
    let known = devices.reduce(into: Set<VersionID>()) { $0.formUnion($1.known) }
    let expected = model.expectation(known)
    unchanged = trees[0].filter { path, content in
      trees.allSatisfy { $0[path] == content } && expected.stands[path]?.version.content == content
        && expected.copies[path] == nil
    }
  }
}
