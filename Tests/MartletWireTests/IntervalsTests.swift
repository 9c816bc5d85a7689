import MartletTestSupport
import MartletWire
import Testing

@Suite("Intervals")
struct IntervalsTests {
  @Test("agree with a plain set of numbers", arguments: 1...200)
  func againstSet(seed: UInt64) {
    let random = SeededRandom(seed: seed)
    var plain: [Set<UInt64>] = [[], []]
    var sets = [Intervals(), Intervals()]
    for _ in 0..<40 {
      let which = random.below(2)
      let start = UInt64(random.below(60))
      let range = start..<start + UInt64(random.below(12))
      if random.chance(0.6) {
        plain[which].formUnion(range)
        sets[which].insert(range)
      } else {
        plain[which].subtract(range)
        sets[which].remove(range)
      }
      for position in 0..<80 as Range<UInt64> {
        #expect(sets[which].contains(position) == plain[which].contains(position), "seed \(seed)")
      }
      for (left, right) in zip(sets[which].ranges, sets[which].ranges.dropFirst()) {
        #expect(left.upperBound < right.lowerBound, "seed \(seed)")
      }
    }
    #expect(numbers(sets[0].union(sets[1])) == plain[0].union(plain[1]), "seed \(seed)")
    #expect(numbers(sets[0].subtracting(sets[1])) == plain[0].subtracting(plain[1]), "seed \(seed)")
    #expect(
      numbers(sets[0].intersection(sets[1])) == plain[0].intersection(plain[1]), "seed \(seed)")
    #expect(sets[0].count == UInt64(plain[0].count), "seed \(seed)")
  }

  private func numbers(_ set: Intervals) -> Set<UInt64> { Set(set.ranges.flatMap { Array($0) }) }
}
