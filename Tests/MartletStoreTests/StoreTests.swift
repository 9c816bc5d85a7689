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

  func create(_ disk: any FileSystem) throws(StoreError) {
    try Store.create(at: "/s", on: disk, identity: [1, 2], random: SeededRandom(seed: 1))
  }

  func object(_ number: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(number), count: number == 3 ? 300 << 10 : 100 + number)
  }

  func add(_ numbers: Range<Int>, _ disk: any FileSystem) throws(StoreError) {
    let store = try Store(at: "/s", on: disk, for: .writing(wait: false))
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
    let store = try Store(at: "/s", on: disk, for: access)
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

  @Test("is that of before or after, whichever call fails", arguments: [false, true])
  func failures(isCut: Bool) throws {
    var failing = 0
    while true {
      let disk = MemoryDisk()
      try create(disk)
      try add(0..<2, disk)
      disk.arm(failing, isCut: isCut)
      var isDone = false
      do throws(StoreError) {
        try add(2..<5, disk)
        isDone = true
      } catch { #expect(!error.description.isEmpty) }
      let calls = disk.calls
      disk.arm(nil, isCut: false)
      let held = try count(disk)
      #expect(held == 5 || !isDone && held == 2, "call \(failing)")
      if held == 2 { try add(2..<5, disk) }
      #expect(try count(disk) == 5, "call \(failing)")
      if calls <= failing { break }
      failing += 1
    }
  }

  @Test("can be created again, wherever its creation was cut")
  func creation() throws {
    var failing = 0
    while true {
      let disk = MemoryDisk()
      disk.arm(failing, isCut: true)
      do throws(StoreError) { try create(disk) } catch { #expect(!error.description.isEmpty) }
      let calls = disk.calls
      disk.arm(nil, isCut: false)
      do throws(StoreError) { try create(disk) } catch {
        #expect(error == .alreadyAStore("/s"), "call \(failing)")
      }
      #expect(try count(disk) == 0)
      if calls <= failing { break }
      failing += 1
    }
  }

  @Test("is locked by one writer and open to readers")
  func lock() throws {
    let disk = MemoryDisk()
    try create(disk)
    let store = try Store(at: "/s", on: disk, for: .writing(wait: false))
    #expect(throws: StoreError.busy("/s/lock")) {
      try Store(at: "/s", on: disk, for: .writing(wait: false))
    }
    let reader = try Store(at: "/s", on: disk, for: .reading)
    #expect(throws: StoreError.readOnly("/s")) { try reader.transaction() }
    #expect(reader.instance == store.instance)
  }

  @Test("loses nothing with its indexes")
  func indexes() throws {
    let disk = MemoryDisk()
    try create(disk)
    try add(0..<5, disk)
    let names = disk.names.filter { $0.extension == "idx" }
    #expect(!names.isEmpty)
    for name in names { disk[name] = [1, 2, 3] }
    #expect(try count(disk) == 5)
    for name in names { disk[name] = nil }
    #expect(try count(disk, .reading) == 5)
  }

  @Test("never takes a damaged commit file for another truth")
  func damage() throws {
    let disk = MemoryDisk()
    try create(disk)
    try add(0..<2, disk)
    try add(2..<3, disk)
    let whole = try #require(disk["/s/commit"])
    for byte in whole.indices {
      disk["/s/commit"] = whole
      disk["/s/commit"]?[byte] ^= 1
      // Damage in the last entry reads as a torn write; anything before it is reported.
      let reader = try Store(at: "/s", on: disk, for: .reading)
      if reader.damage.isEmpty { #expect(try reader.log(log).length == 2, "byte \(byte)") }
    }
  }
}
