import MartletFileSystem
import MartletNode
import MartletSeal
import MartletTestSupport
import Synchronization
import SystemPackage

/// Devices on one simulated disk, and directories that play sticks.
final class Village {
  let disk: SimulatedFileSystem
  let random: SeededRandom
  let clock = TestClock()

  init(seed: UInt64) throws {
    random = SeededRandom(seed: seed)
    disk = SimulatedFileSystem()
    try disk.makeDirectory("/d", permissions: 0o700)
    try disk.makeDirectory("/stick", permissions: 0o700)
    try disk.syncDirectory("/")
  }

  var environment: NodeEnvironment {
    NodeEnvironment(
      system: disk, random: random, now: { [clock] in clock.now }, machine: [1], threadCount: 2)
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
