import MartletSeal
import MartletTestSupport
import Testing

@testable import MartletWire

@Suite("Intervals on the wire")
struct IntervalCodeTests {
  @Test("read back as they were written, and no other bytes say the same", arguments: 1...100)
  func roundTrip(seed: UInt64) throws {
    let random = SeededRandom(seed: seed)
    var set = Intervals()
    var end: UInt64 = 0
    for _ in 0..<random.below(40) {
      let start = end + (random.chance(0.6) ? 1 : UInt64(random.below(1 << random.below(30))))
      end = start + 1 + UInt64(random.below(1 << random.below(30)))
      set.insert(start..<end)
    }
    let bytes = IntervalCode.encode(set)
    #expect(try IntervalCode.decode(bytes, limit: 64, "set") == set, "seed \(seed)")
    for length in bytes.indices where length > 0 {
      #expect(throws: WireError.self, "seed \(seed), \(length) bytes") {
        try IntervalCode.decode(Array(bytes.prefix(length)), limit: 64, "set")
      }
    }
    #expect(throws: WireError.self) { try IntervalCode.decode(bytes + [0], limit: 64, "set") }
    for bit in 0..<bytes.count * 8 {
      var altered = bytes
      altered[bit / 8] ^= 1 << UInt8(bit % 8)
      guard let read = try? IntervalCode.decode(altered, limit: 64, "set") else { continue }
      #expect(read != set, "seed \(seed), bit \(bit)")
    }
  }

  @Test("end below 2^63, and are no more than the limit")
  func limits() throws {
    let last = Intervals(UInt64(Int64.max) - 1..<UInt64(Int64.max))
    #expect(try IntervalCode.decode(IntervalCode.encode(last), limit: 1, "set") == last)
    let beyond = Intervals(UInt64(Int64.max)..<UInt64(Int64.max) + 1)
    #expect(throws: WireError.self) {
      try IntervalCode.decode(IntervalCode.encode(beyond), limit: 1, "set")
    }
    let two = IntervalCode.encode(Intervals([0..<1, 2..<3]))
    #expect(throws: WireError.tooLarge(limit: 1)) {
      try IntervalCode.decode(two, limit: 1, "set")
    }
  }

  @Test("take a few bytes where nothing is lacking")
  func whole() {
    #expect(IntervalCode.encode(Intervals(0..<10_000)).count <= 6)
    #expect(IntervalCode.encode(Intervals(0..<1 << 40)).count <= 12)
  }

  /// The bound is the logarithm of how many ways there are to choose 100 of 100,000: 142.4 bytes.
  @Test("take little more than their information where single positions are lacking")
  func holes() {
    var sum = 0
    for seed in 1...200 as ClosedRange<UInt64> {
      let random = SeededRandom(seed: seed)
      var set = Intervals(0..<100_000)
      while set.count > 99_900 {
        let hole = UInt64(random.below(100_000))
        set.remove(hole..<hole + 1)
      }
      let count = IntervalCode.encode(set).count
      sum += count
      #expect(count <= 156 + 4, "seed \(seed)")
    }
    #expect(Double(sum) / 200 <= 1.1 * 142.4)
  }

  @Test("take two bits where every other position is lacking")
  func alternating() {
    let set = Intervals((0..<5000 as Range<UInt64>).map { 2 * $0..<2 * $0 + 1 })
    #expect(IntervalCode.encode(set).count <= 5000 / 8 + 8)
  }

  @Test("of one section are no more than a limit together, whatever they take on the wire")
  func together() throws {
    let random = SeededRandom(seed: 3)
    let many = Intervals(
      (0..<UInt64(Limits.runCount)).map { 2 * $0..<2 * $0 + 1 })
    var logs: [SectionLog] = []
    for count in 1...3 {
      var log = SectionLog(
        log: LogID(group: GroupID(random.digest()), objectClass: .messages), length: 9,
        lineage: Lineage(epoch: EpochID(random: random)), have: [], void: [],
        receipt: Receipt(
          lineage: Lineage(epoch: EpochID(random: random)), held: Intervals(), chainTails: [:]),
        lost: [], requests: [])
      log.declined = many
      logs.append(log)
      let bytes = Section(number: 1, echo: nil, logs: logs, answeredAbsent: []).encoded
      if count < 3 {
        #expect(try Section(decoding: bytes).logs.count == count)
      } else {
        #expect(throws: WireError.self) { try Section(decoding: bytes) }
      }
    }
  }
}
