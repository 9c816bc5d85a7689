import MartletFileSystem
import MartletSeal
import MartletStore
import MartletTestSupport
import MartletWire
import SystemPackage
import Testing

@Suite("The store")
struct StoreTests {
  let log = LogID(group: GroupID(.zero), objectClass: .messages)

  /// Low, so that little data takes every way.
  static let limits: StoreLimits = {
    var limits = StoreLimits()
    limits.commitHalfByteCount = 1024
    // All calls in one order, lest the k-th is another in the next run.
    limits.threadCount = 0
    limits.looseByteCount = 200
    limits.packByteCount = 256
    return limits
  }()

  func create(_ disk: any FileSystem) throws(StoreError) {
    try Store.create(at: "/s", on: disk, identity: [1, 2], limits: Self.limits)
  }

  func object(_ number: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(number), count: number == 3 ? 300 : 100 + number)
  }

  func add(_ numbers: Range<Int>, _ disk: any FileSystem) throws(StoreError) {
    let store = try Store(at: "/s", on: disk, for: .writing(wait: false), limits: Self.limits)
    let transaction = try store.transaction()
    var objects: [StoredObject] = []
    for number in numbers {
      let bytes = object(number)
      objects.append(try transaction.addObject(ObjectID(Hash.plain(bytes)), bytes))
    }
    try transaction.append(objects, to: log)
    try transaction.setState(.group(log.group), [UInt8(numbers.upperBound)])
    try transaction.commit()
  }

  /// How many objects the store holds, each of them read and every word of the log agreeing.
  func count(_ disk: any FileSystem, _ access: Store.Access = .writing(wait: false)) throws -> Int {
    let store = try Store(at: "/s", on: disk, for: access, limits: Self.limits)
    #expect(store.damage.isEmpty)
    let log = try store.log(log)
    var chain = Chain.empty
    for position in 0..<log.length {
      let entry = try #require(try log.entry(at: position))
      #expect(try store.read(entry.object) == object(Int(position)))
      #expect(try store.read(entry.object.id) == object(Int(position)))
      chain = chain.extended(by: entry.object.id)
      #expect(entry.chain == chain)
      #expect(try log.position(of: entry.object.id) == position)
    }
    let state = try store.state(.group(self.log.group))
    #expect(state == (log.length == 0 ? nil : [UInt8(log.length)]))
    return Int(log.length)
  }

  @Test(
    "can be created again, wherever its creation was cut", arguments: 1...3 as ClosedRange<UInt64>)
  func creation(seed: UInt64) throws {
    var call = 1
    while true {
      let disk = SimulatedFileSystem(seed: seed)
      disk.cutPower(atCall: call)
      do throws(StoreError) { try create(disk) } catch { #expect(!error.description.isEmpty) }
      let isOver = !disk.isOff
      disk.restart(seed: seed &+ UInt64(call))
      do throws(StoreError) { try create(disk) } catch {
        #expect(error == .alreadyAStore("/s"), "seed \(seed), call \(call)")
      }
      #expect(try count(disk) == 0)
      if isOver { break }
      call += 1
    }
  }

  @Test("can be created again, whichever call failed", arguments: [Errno.ioError, .noSpace])
  func failedCreation(errno: Errno) throws {
    var call = 1
    while true {
      let disk = SimulatedFileSystem(seed: UInt64(call))
      disk.fail(nil, number: call, with: errno)
      var failure: StoreError?
      do throws(StoreError) { try create(disk) } catch { failure = error }
      let isOver = disk.callCount < call
      disk.clearFaults()
      if let failure {
        #expect(failure.failure?.errno == errno, "call \(call)")
        try create(disk)
      }
      for seed in 1...3 as ClosedRange<UInt64> {
        let after = disk.powerCut(seed: seed)
        #expect(try count(after) == 0, "seed \(seed), call \(call)")
        try add(0..<5, after)
        #expect(try count(after.powerCut(seed: seed)) == 5, "seed \(seed), call \(call)")
      }
      if isOver { break }
      call += 1
    }
    #expect(call > 20)
  }

  @Test("is locked by one writer and open to readers")
  func lock() throws {
    let disk = SimulatedFileSystem()
    try create(disk)
    let writer = try Store(at: "/s", on: disk, for: .writing(wait: false), limits: Self.limits)
    defer { withExtendedLifetime(writer) {} }
    #expect(throws: StoreError.busy("/s/lock")) {
      try Store(at: "/s", on: disk, for: .writing(wait: false), limits: Self.limits)
    }
    let reader = try Store(at: "/s", on: disk, for: .reading, limits: Self.limits)
    #expect(throws: StoreError.readOnly("/s")) { try reader.transaction() }
  }

  @Test("loses nothing with its indexes")
  func indexes() throws {
    let disk = SimulatedFileSystem()
    try create(disk)
    try add(0..<5, disk)
    let names = try disk.list("/s/packs").filter { $0.extension == "idx" }
      .map { FilePath("/s/packs").appending($0) }
    #expect(names.count > 1)
    for name in names { try disk.replace(name, with: [1, 2, 3], permissions: 0o600) }
    #expect(try count(disk) == 5)
    for name in names { try disk.remove(name) }
    #expect(try count(disk, .reading) == 5)
  }
}
