import MartletSeal
import MartletSync
import MartletTestSupport
import MartletWire
import Testing

@Suite("A section's bytes")
struct SectionSizeTests {
  let random = SeededRandom(seed: 31)

  /// How much longer a section is for its receipts.
  func receiptByteCount(_ section: Section) -> Int {
    var bare = section
    for index in bare.logs.indices {
      bare.logs[index].receipt?.held = Intervals()
      bare.logs[index].receipt?.chainTails = [:]
    }
    return section.encoded.count - bare.encoded.count
  }

  @Test("acknowledge 10,000 messages in order by at most 16 more")
  func inOrder() throws {
    let exchange = Exchange(2)
    for _ in 0..<10_000 { exchange.write(0, exchange.messages) }
    try exchange.carry(0, to: 1)
    let answer = try #require(try exchange.carry(1, to: 0))
    #expect(exchange.journal(0, of: 1).logs[exchange.messages]?.applied == Intervals(0..<10_000))
    let count = receiptByteCount(answer.section)
    #expect(count <= 16)
  }

  @Test("acknowledge 10,000 messages that two devices write by turns by at most 16 more")
  func alternating() throws {
    let exchange = Exchange(2)
    for _ in 0..<5000 {
      for device in 0...1 {
        exchange.write(device, exchange.messages)
        try exchange.carry(device, to: 1 - device)
      }
    }
    try exchange.settle(0, 1)
    for device in 0...1 {
      let plan = try #require(try exchange.plan(device, to: 1 - device) { $0.force = true })
      let said = try #require(plan.section.logs.first { $0.log == exchange.messages })
      #expect(said.receipt?.held == Intervals(0..<10_000))
      #expect(said.have.count <= 1)
      let count = receiptByteCount(plan.section)
      #expect(count <= 16)
    }
  }

  @Test("tell of 100 holes in 100,000 about what they hold of information")
  func holes() throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      let random = SeededRandom(seed: seed)
      var held = Intervals(0..<100_000)
      var holes = 0
      while holes < 100 {
        let position = UInt64(random.below(100_000))
        guard held.contains(position) else { continue }
        held.remove(position..<position + 1)
        holes += 1
      }
      var tails: [UInt64: UInt32] = [:]
      for range in held.ranges { tails[range.upperBound] = UInt32(random.below(1 << 30)) }
      let log = LogID(group: GroupID(random.digest()), objectClass: .messages)
      let lineage = Lineage(epoch: EpochID(random: random))
      let said = SectionLog(
        log: log, length: 0, lineage: lineage, have: [], void: [],
        receipt: Receipt(lineage: lineage, held: held, chainTails: tails), lost: [], requests: [])
      let section = Section(number: 1, echo: nil, logs: [said], answeredAbsent: [])
      // log2 of 100,000 over 100 is 1,135 bits; the two fields have heads of 3 bytes.
      let bound = 11 * 142 / 10 + 4 * held.ranges.count + 2 * 3
      let count = receiptByteCount(section)
      #expect(count <= bound, "seed \(seed)")
    }
  }
}
