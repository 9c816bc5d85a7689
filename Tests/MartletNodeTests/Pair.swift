import MartletFileSystem
import MartletNode
import MartletSeal
import MartletTestSupport
import Synchronization
import SystemPackage

/// Devices on one simulated disk, and directories that play sticks.
final class Village {
  var disk: SimulatedFileSystem
  let random: SeededRandom
  let clock = TestClock()
  /// None: all calls come in one order, which a seed replays.
  var threadCount = 0

  /// The same devices on another disk.
  init(_ other: Village, on disk: SimulatedFileSystem, seed: UInt64) {
    self.disk = disk
    random = SeededRandom(seed: seed)
  }

  init(seed: UInt64) throws {
    random = SeededRandom(seed: seed)
    disk = SimulatedFileSystem()
    try disk.makeDirectory("/d", permissions: 0o700)
    try disk.makeDirectory("/stick", permissions: 0o700)
    try disk.syncDirectory("/")
  }

  var environment: NodeEnvironment {
    NodeEnvironment(
      system: disk, random: random, now: { [clock] in clock.now }, machine: [1],
      threadCount: threadCount)
  }

  func path(_ name: String) -> FilePath { FilePath("/d/\(name)") }

  func create(_ names: String...) throws {
    for name in names {
      try Node.create(at: path(name), name: name, passphrase: nil, in: environment)
    }
    for one in names {
      let node = try open(one)
      for other in names where other != one {
        _ = try node.addPeer(other, card: try open(other, .reading).card.text)
      }
    }
  }

  func open(
    _ name: String, _ access: Node.Access = .writing(wait: false), clients: [any Client] = []
  ) throws -> Node {
    try Node(at: path(name), for: access, clients: clients, in: environment)
  }

  func stick() throws -> [String] { try disk.list("/stick").map(\.string).sorted() }

  /// Every file of a device with its bytes.
  func files(of name: String) throws -> [FilePath: [UInt8]] {
    var files: [FilePath: [UInt8]] = [:]
    func walk(_ path: FilePath) throws {
      for entry in try disk.list(path) {
        let child = path.appending(entry)
        if try disk.information(at: child)?.kind == .directory {
          try walk(child)
        } else {
          files[child] = try disk.readAll(child, limit: 1 << 26)
        }
      }
    }
    try walk(path(name))
    return files
  }

  /// Writes a file and puts it into a group.
  func put(_ bytes: [UInt8], from name: String, into group: String) throws -> [String] {
    let source: FilePath = "/source"
    try disk.remove(source)
    try disk.openFile(source, .createNew(permissions: 0o600)).write(at: 0, bytes)
    var addresses: [String] = []
    try open(name).put([.file(source)], into: group, cut: .whole, isBatch: false) { address, _, _ in
      addresses.append(address)
    }
    try disk.remove(source)
    return addresses
  }

  func get(_ address: String, from name: String) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try open(name, .reading).get(address) { bytes += $0 }
    return bytes
  }

  /// What a peer lacks and has not acknowledged, by its name.
  func open(_ name: String, lacks peer: String) throws -> PeerStatus? {
    try open(name, .reading).status().peers.first { $0.name == peer }
  }

  func texts(_ name: String, in group: String) throws -> [String] {
    var texts: [String] = []
    try open(name, .reading).log(group) { message in
      if case .client(let body) = message.body {
        texts.append(String(decoding: body, as: UTF8.self))
      }
    }
    return texts
  }
}

final class TestClock: Sendable {
  private let milliseconds = Mutex<UInt64>(1_800_000_000_000)
  var now: UInt64 { milliseconds.withLock { $0 } }
  func pass(_ seconds: UInt64) { milliseconds.withLock { $0 += seconds * 1000 } }
}
