import MartletFileSystem
import MartletSeal
import MartletStore
import MartletTestSupport
import MartletWire
import SystemPackage
import Testing

/// Transactions of one shape, which take one of the store's ways; each can be told by its number.
struct Scenario: Sendable, CustomTestStringConvertible {
  var testDescription: String
  /// Transactions committed before the one that is tried.
  var setUpCount: Int
  /// Bytes of the objects of a transaction; odd ones go to the messages, even ones to the blobs.
  var byteCounts: [Int]
  var limits = StoreLimits()

  static let group = GroupID(.zero)
  static let peer = DeviceID(.zero)
  static let states: [StateID] = [.node, .group(group), .journal(peer: peer)]
  static let logs = ObjectClass.allCases.map { LogID(group: group, objectClass: $0) }
  static let loose = 200

  init(
    _ description: String, setUp: Int = 1, _ byteCounts: [Int],
    _ change: (inout StoreLimits) -> Void = { _ in }
  ) {
    testDescription = description
    setUpCount = setUp
    self.byteCounts = byteCounts
    limits.commitHalfByteCount = 4096
    // All calls in one order, lest the k-th is another in the next run.
    limits.threadCount = 0
    limits.looseByteCount = Self.loose
    change(&limits)
  }

  static let all = [
    Scenario("packed, loose, logs, states and a file", [50, 60, 300]),
    Scenario("the first of all", setUp: 0, [40, 300]),
    Scenario("many loose objects", [300, 301, 302, 50]) { $0.looseFileCount = 2 },
    Scenario("several packs", [90, 91, 92, 93, 94]) { $0.packByteCount = 150 },
    Scenario("new state files", setUp: 3, [50]) { $0.stateFileByteCount = 30 },
    Scenario("a new commit file", setUp: 2, [50]) { $0.commitHalfByteCount = 1024 },
  ]

  /// A store after the set-up, all of it durable.
  func disk() throws -> SimulatedFileSystem {
    let disk = SimulatedFileSystem()
    try Store.create(at: "/s", on: disk, identity: [1, 2], limits: limits)
    for number in 0..<setUpCount { try commit(number, to: open(disk)) }
    try disk.syncFileSystem(at: "/s")
    return disk
  }

  func open(
    _ disk: SimulatedFileSystem, _ access: Store.Access = .writing(wait: false)
  ) throws(StoreError) -> Store {
    try Store(at: "/s", on: disk, for: access, limits: limits)
  }

  func object(_ index: Int, of number: Int) -> [UInt8] {
    let count = byteCounts[index] + number
    return (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 3 &+ number &* 7 &+ index) }
  }

  func state(_ number: Int) -> [UInt8] { [UInt8](repeating: UInt8(number), count: 3) }

  func commit(_ number: Int, to store: Store) throws(StoreError) {
    let transaction = try store.transaction()
    for index in byteCounts.indices {
      let bytes = object(index, of: number)
      let object = try transaction.addObject(ObjectID(Hash.plain(bytes)), bytes)
      try transaction.append([object], to: Self.logs[index % 2])
    }
    for id in Self.states { try transaction.setState(id, state(number)) }
    transaction.writeFile("config.json", state(number))
    try transaction.commit()
  }

  /// How many transactions the store holds, each whole to the last byte, and nothing besides.
  func count(_ disk: SimulatedFileSystem, _ access: Store.Access) throws -> Int {
    let store = try open(disk, access)
    let state = try store.state(.node)
    let count = state.map { Int($0[0]) + 1 } ?? 0
    #expect(store.damage.isEmpty)
    for id in Self.states {
      #expect(try store.state(id) == (count == 0 ? nil : self.state(count - 1)))
    }
    #expect(store.groups() == (count == 0 ? [] : [Self.group]))
    #expect(store.journals() == (count == 0 ? [] : [Self.peer]))
    for (offset, id) in Self.logs.enumerated() {
      let log = try store.log(id)
      let indexes = Array(byteCounts.indices.filter { $0 % 2 == offset })
      #expect(log.length == UInt64(indexes.count * count))
      var chain = Chain.empty
      for (position, entry) in try log.entries(0..<log.length).enumerated() {
        let bytes = object(indexes[position % indexes.count], of: position / indexes.count)
        #expect(entry.object.id == ObjectID(Hash.plain(bytes)))
        chain = chain.extended(by: entry.object.id)
        #expect(entry.chain == chain)
        #expect(try store.read(entry.object, isVerified: false) == bytes)
      }
    }
    return count
  }
}
