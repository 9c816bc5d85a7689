import MartletFileSystem
import MartletSeal
import MartletStore
import MartletTestSupport
import MartletWire
import SystemPackage
import Testing

@Suite("A damaged commit file")
struct CommitDamageTests {
  static let limits: StoreLimits = {
    var limits = StoreLimits()
    limits.commitHalfByteCount = 1024
    return limits
  }()
  /// Bytes of the entries in each half, and where the last starts.
  static let usedByteCount = 840
  static let lastOffset = 569
  let log = LogID(group: GroupID(.zero), objectClass: .messages)
  let disk = SimulatedFileSystem()
  let whole: [UInt8]

  /// A store with three commits of one object each.
  init() throws {
    try Store.create(at: "/s", on: disk, identity: [1], limits: Self.limits)
    for number in 0..<3 as Range<UInt8> { try Self.add(number, to: log, on: disk) }
    try disk.syncFileSystem(at: "/")
    whole = try disk.readAll("/s/commit", limit: 1 << 20)
  }

  static func add(_ number: UInt8, to log: LogID, on disk: SimulatedFileSystem) throws {
    let store = try Store(at: "/s", on: disk, for: .writing(wait: false), limits: limits)
    let transaction = try store.transaction()
    let bytes = [UInt8](repeating: number, count: 10)
    let object = try transaction.addObject(ObjectID(Hash.plain(bytes)), bytes)
    try transaction.append([object], to: log)
    try transaction.setState(.node, [number])
    try transaction.commit()
  }

  func disk(with commit: [UInt8]) throws -> SimulatedFileSystem {
    let disk = disk.powerCut(seed: 0)
    let file = try disk.openFile("/s/commit", .readWrite)
    try file.write(at: 0, commit)
    try file.truncate(to: UInt64(commit.count))
    try file.sync()
    return disk
  }

  func store(_ disk: SimulatedFileSystem, _ access: Store.Access) throws(StoreError) -> Store {
    try Store(at: "/s", on: disk, for: access, limits: Self.limits)
  }

  func isWhole(_ store: Store, _ count: UInt64 = 3) throws -> Bool {
    try store.log(log).length == count && store.state(.node) == [UInt8(count - 1)]
  }

  @Test("has its entries where these tests look for them, twice")
  func layout() {
    #expect(whole.count == 2 * 1024)
    #expect(whole[..<1024] == whole[1024...].dropLast(0))
    let used = whole[..<1024].lastIndex { $0 != 0 }
    #expect((Self.usedByteCount - 40..<Self.usedByteCount).contains(used ?? 0), "\(used ?? 0)")
    #expect(Array(whole[Self.lastOffset..<Self.lastOffset + 4]) == Array("MRTC".utf8))
  }

  @Test("loses nothing to any one bit, as read", arguments: 0..<8)
  func everyBit(bit: Int) throws {
    let disk = try disk(with: whole)
    let file = try disk.openFile("/s/commit", .readWrite)
    for start in [0, 1024] {
      for byte in start..<start + Self.usedByteCount {
        try file.write(at: UInt64(byte), [whole[byte] ^ 1 << UInt8(bit)])
        let isWhole = try store(disk, .reading).log(log).length == 3
        #expect(isWhole, "byte \(byte)")
        try file.write(at: UInt64(byte), [whole[byte]])
        try file.sync()
      }
    }
  }

  @Test("loses nothing to any one bit, and is whole again once opened for writing")
  func everyBitWritten() throws {
    // Of the second half fewer: what stands there is the same.
    let second = stride(from: 1024, to: whole.count, by: 7)
    for byte in Array(0..<Self.usedByteCount) + [1023] + Array(second) {
      var commit = whole
      commit[byte] ^= 1 << UInt8(byte % 8)
      let disk = try disk(with: commit)
      let isWhole = try isWhole(store(disk, .writing(wait: false)))
      #expect(isWhole, "byte \(byte)")
      let after = try disk.readAll("/s/commit", limit: 1 << 20)
      #expect(after[..<1024] == after[1024...].dropLast(0), "byte \(byte)")
      #expect(try store(disk, .reading).damage.isEmpty, "byte \(byte)")
    }
  }

  @Test("says so wherever it is cut short, or loses nothing")
  func everyLength() throws {
    for length in 0..<whole.count {
      let disk = try disk(with: Array(whole[..<length]))
      let reader = try store(disk, .reading)
      #expect(!reader.damage.isEmpty, "\(length) bytes")
      if length < 1024 {
        #expect(throws: StoreError.self, "\(length) bytes") {
          try store(disk, .writing(wait: false))
        }
        #expect(try disk.readAll("/s/commit", limit: 1 << 20).count == length)
      } else {
        #expect(try isWhole(store(disk, .writing(wait: false))), "\(length) bytes")
        #expect(try store(disk, .reading).damage.isEmpty, "\(length) bytes")
      }
    }
  }

  @Test("loses nothing with all of one half", arguments: [0, 1024], [0, 255] as [UInt8])
  func half(start: Int, byte: UInt8) throws {
    var commit = whole
    for index in start..<start + 1024 { commit[index] = byte }
    #expect(try isWhole(store(try disk(with: commit), .writing(wait: false))))
  }

  @Test("is refused for writing, and never cut, if an entry before the last is gone in both")
  func gap() throws {
    for byte in stride(from: 0, to: Self.lastOffset, by: 3) {
      var commit = whole
      commit[byte] ^= 1
      commit[1024 + byte] ^= 1
      let disk = try disk(with: commit)
      #expect(throws: StoreError.self, "byte \(byte)") { try store(disk, .writing(wait: false)) }
      #expect(!(try store(disk, .reading).damage.isEmpty), "byte \(byte)")
      #expect(try disk.readAll("/s/commit", limit: 1 << 20) == commit)
    }
  }

  @Test("with an entry torn in both halves holds what was true before it")
  func torn() throws {
    for kept in stride(from: 0, to: 300, by: 7) {
      for bothKept in [0, kept] {
        var commit = whole
        for half in [0, 1024] {
          let last = half + Self.lastOffset
          let end = half + 1024
          let part = half == 0 ? kept : bothKept
          for index in last + part..<end { commit[index] = 0 }
        }
        let disk = try disk(with: commit)
        let reader = try store(disk, .reading)
        let count = try reader.log(log).length
        #expect(reader.damage.isEmpty && (2...3).contains(count), "\(kept), \(bothKept)")
        let before = try store(disk, .writing(wait: false)).log(log).length
        #expect(before == count)
      }
    }
  }
}
