import MartletFileSystem
import MartletFolders
import MartletNode
import MartletSeal
import MartletTestSupport
import Synchronization
import SystemPackage

/// What stands at a path of a tree, as people see it.
enum Standing: Hashable {
  case directory
  case file([UInt8], permissions: UInt8)
  case link([UInt8])
}

/// Devices with a store and a directory each, on one disk, and a stick.
final class FolderVillage {
  let disk: any FileSystem
  /// The same, if it is simulated.
  let simulated: SimulatedFileSystem?
  let base: FilePath
  let random: SeededRandom
  let clock = FolderClock()
  var threadCount = 0

  /// - Parameter simulated: The simulated disk that lies behind `disk`, if one does.
  init(
    seed: UInt64, on disk: any FileSystem, at base: FilePath,
    simulated: SimulatedFileSystem? = nil
  ) throws {
    random = SeededRandom(seed: seed)
    self.disk = disk
    self.simulated = simulated ?? disk as? SimulatedFileSystem
    self.base = base
    guard try disk.information(at: base.appending("stores")) == nil else { return }
    for name in ["stores", "trees", "sticks"] {
      try disk.makeDirectory(base.appending(name), permissions: 0o700)
    }
    try disk.syncDirectory(base)
  }

  convenience init(seed: UInt64) throws {
    try self.init(seed: seed, on: SimulatedFileSystem(seed: seed), at: "/")
  }

  var environment: NodeEnvironment {
    NodeEnvironment(
      system: disk, random: random, now: { [clock] in clock.now }, machine: [1],
      threadCount: threadCount)
  }

  func store(_ name: String) -> FilePath { place("stores", name) }
  func tree(_ name: String) -> FilePath { place("trees", name) }
  func stick(_ name: String) -> FilePath { place("sticks", name) }

  private var places: [String: FilePath] = [:]

  /// A path is put together once: it is asked for often, and that takes long.
  private func place(_ kind: String, _ name: String) -> FilePath {
    if let place = places["\(kind)/\(name)"] { return place }
    let place = base.appending(kind).appending(name)
    places["\(kind)/\(name)"] = place
    return place
  }

  func create(_ names: [String]) throws {
    for name in names {
      try Node.create(at: store(name), name: name, passphrase: nil, in: environment)
      try disk.makeDirectory(tree(name), permissions: 0o755)
    }
    try disk.makeDirectory(stick("all"), permissions: 0o700)
    try disk.syncDirectory(base.appending("sticks"))
    try disk.syncDirectory(base.appending("trees"))
    for one in names {
      let node = try open(one).node
      for other in names where other != one {
        _ = try node.addPeer(other, card: try open(other, .reading).node.card.text)
      }
    }
  }

  func open(_ name: String, _ access: Node.Access = .writing(wait: false)) throws -> Folders {
    Folders(
      try Node(
        at: store(name), for: access, clients: [FolderClient()], in: environment))
  }

  /// Scans, exchanges, applies: what `martlet sync` does.
  @discardableResult
  func sync(_ name: String, through stick: String = "all") throws -> [ApplyReport] {
    let folders = try open(name)
    try folders.scan(confirmsDeletions: true) { _ in }
    _ = try folders.node.sync(self.stick(stick), with: nil)
    var reports: [ApplyReport] = []
    try folders.apply { reports.append($0) }
    return reports
  }

  // MARK: Trees

  func path(_ name: String, _ path: String) -> FilePath {
    FilePath(tree(name).string + "/" + path)
  }

  func write(_ name: String, _ path: String, _ bytes: [UInt8]) throws {
    let path = self.path(name, path)
    try makeParents(of: path, in: tree(name))
    clock.pass(1)
    let number = try disk.open(path, .readWriteOrCreate(permissions: 0o644))
    defer { disk.close(number) }
    try disk.truncate(number, to: 0)
    try disk.write(number, at: 0, bytes)
    simulated?.now += 1_000_000
  }

  func write(_ name: String, _ path: String, _ text: String) throws {
    try write(name, path, Array(text.utf8))
  }

  private func makeParents(of path: FilePath, in tree: FilePath) throws {
    let parent = path.removingLastComponent()
    guard parent != tree, try disk.information(at: parent) == nil else { return }
    try makeParents(of: parent, in: tree)
    try disk.makeDirectory(parent, permissions: 0o755)
  }

  func read(_ name: String, _ path: String) throws -> String? {
    guard try disk.information(at: self.path(name, path)) != nil else { return nil }
    return String(decoding: try disk.readAll(self.path(name, path), limit: 1 << 28), as: UTF8.self)
  }

  func remove(_ name: String, _ path: String) throws {
    let path = self.path(name, path)
    guard let information = try disk.information(at: path) else { return }
    if information.kind == .directory {
      for entry in try disk.list(path) {
        try remove(name, path.appending(entry).bytes.dropFirst(tree(name).bytes.count + 1))
      }
      try disk.removeDirectory(path)
    } else {
      try disk.remove(path)
    }
  }

  private func remove(_ name: String, _ path: ArraySlice<UInt8>) throws {
    let whole = FilePath(bytes: tree(name).bytes + [0x2F] + path)
    if try disk.information(at: whole)?.kind == .directory {
      for entry in try disk.list(whole) {
        try remove(name, whole.appending(entry).bytes.dropFirst(tree(name).bytes.count + 1))
      }
      try disk.removeDirectory(whole)
    } else {
      try disk.remove(whole)
    }
  }

  /// Everything below a device's directory, by its path.
  func standings(_ name: String) throws -> [RelativePath: Standing] {
    var found: [RelativePath: Standing] = [:]
    func walk(_ number: FileNumber, _ path: RelativePath) throws {
      for entry in try disk.entries(of: number) {
        let here = path.appending(entry.name)
        guard let information = try disk.information(entry.name, in: number) else { continue }
        switch information.kind {
        case .directory:
          found[here] = .directory
          let below = try disk.openDirectory(entry.name, beneath: number)
          defer { disk.close(below) }
          try walk(below, here)
        case .link: found[here] = .link(try disk.linkTarget(entry.name, in: number))
        case .file:
          let file = try disk.open(entry.name, in: number, .read)
          defer { disk.close(file) }
          found[here] = .file(
            try disk.read(file, at: 0, count: Int(information.byteCount)),
            permissions: UInt8(information.permissions >> 6 & 7))
        case .other: continue
        }
      }
    }
    let root = try disk.openDirectory(tree(name))
    defer { disk.close(root) }
    try walk(root, .root)
    return found
  }

  func names(_ name: String) throws -> [String] {
    try standings(name).keys.sorted().map { String(decoding: $0.bytes, as: UTF8.self) }
  }
}

final class FolderClock: Sendable {
  private let milliseconds = Mutex<UInt64>(1_800_000_000_000)
  var now: UInt64 { milliseconds.withLock { $0 } }
  func pass(_ seconds: UInt64) { milliseconds.withLock { $0 += seconds * 1000 } }
  func pass(milliseconds count: UInt64) { milliseconds.withLock { $0 += count } }
}
