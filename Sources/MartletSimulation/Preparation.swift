internal import MartletFileSystem
internal import MartletNode
internal import MartletSeal
internal import MartletTestSupport
internal import MartletWire
internal import Synchronization
internal import SystemPackage

/// Disks with devices that know each other and share groups already: to make them takes longer than
/// a simulated month.
struct Preparation: Sendable {
  /// What disks are made for.
  struct Key: Hashable, Sendable {
    var names: [String]
    /// Pairs of indexes, the lower first.
    var peers: Set<[Int]>
    var groups: [Scenario.Group]
  }

  var disks: [SimulatedFileSystem]
  var groups: [MartletWire.GroupID]

  private static let known = Mutex<[Key: Preparation]>([:])

  /// Those of a scenario, made once.
  static func of(_ key: Key) throws -> Preparation {
    if let known = known.withLock({ $0[key] }) { return known }
    let made = try SeededSodium.drawing(from: SeededRandom(seed: 0xB0C5)) { try Preparation(key) }
    return known.withLock { known in
      // Whoever was first: all seeds see the same.
      if let first = known[key] { return first }
      known[key] = made
      return made
    }
  }

  private init(_ key: Key) throws {
    let random = SeededRandom(seed: 0xB1AD)
    let clock = SimulatedClock()
    disks = []
    var nodes: [Node] = []
    for (index, name) in key.names.enumerated() {
      let disk = SimulatedFileSystem(seed: UInt64(index))
      let environment = NodeEnvironment(
        system: disk, random: random, now: { clock.now }, machine: [1], threadCount: 0)
      try disk.makeDirectory(SimulatedDevice.exchange, permissions: 0o700)
      try disk.syncDirectory("/")
      try Node.create(at: SimulatedDevice.path, name: name, passphrase: nil, in: environment)
      disks.append(disk)
      nodes.append(
        try Node(at: SimulatedDevice.path, for: .writing(wait: false), in: environment))
    }
    var pairs = key.peers
    for group in key.groups {
      for member in group.members.dropFirst() {
        pairs.insert([min(group.members[0], member), max(group.members[0], member)])
      }
    }
    let ordered = pairs.sorted { $0.lexicographicallyPrecedes($1) }
    let cards = nodes.map(\.card.text)
    for pair in ordered {
      _ = try nodes[pair[0]].addPeer(key.names[pair[1]], card: cards[pair[1]])
      _ = try nodes[pair[1]].addPeer(key.names[pair[0]], card: cards[pair[0]])
    }
    groups = []
    for group in key.groups {
      let report = try nodes[group.members[0]].createGroup(
        group.name, with: group.members.dropFirst().map { key.names[$0] })
      groups.append(report.id)
    }
    let carried: FilePath = SimulatedDevice.exchange.appending("b")
    func carry(_ from: Int, _ to: Int) throws -> Bool {
      guard try nodes[from].export(to: key.names[to], .file(carried)) != nil else { return false }
      let bytes = try disks[from].readAll(carried, limit: 1 << 26)
      try disks[from].remove(carried)
      try disks[to].openFile(carried, .createNew(permissions: 0o600)).write(at: 0, bytes)
      try nodes[to].importBundles([carried]) { _ in }
      try disks[to].remove(carried)
      return true
    }
    for (group, id) in zip(key.groups, groups) {
      for member in group.members.dropFirst() {
        _ = try carry(group.members[0], member)
        _ = try nodes[member].acceptGroup(id.hex)
      }
    }
    for pair in ordered where !key.peers.contains(pair) {
      while try carry(pair[0], pair[1]) || carry(pair[1], pair[0]) {}
      try nodes[pair[0]].removePeer(key.names[pair[1]])
      try nodes[pair[1]].removePeer(key.names[pair[0]])
    }
    // Where there are many, their first meetings do it.
    for _ in 0..<4 where ordered.count <= 40 {
      for pair in ordered where key.peers.contains(pair) {
        while try carry(pair[0], pair[1]) || carry(pair[1], pair[0]) {}
      }
    }
    for disk in disks { try disk.syncFileSystem(at: "/") }
  }
}
