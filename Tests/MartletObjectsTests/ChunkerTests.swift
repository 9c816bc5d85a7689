import MartletObjects
import MartletSeal
import MartletTestSupport
import Testing

@Suite("Cutting into chunks")
struct ChunkerTests {
  let secret = SecretKey.random(from: SeededRandom(seed: 5))
  let content = SeededRandom(seed: 6).bytes(6 << 20)

  func lengths(_ bytes: [UInt8], spans: (Int) -> Int = { $0 }) -> [Int] {
    var chunker = Chunker(groupSecret: secret)
    var lengths: [Int] = []
    var current = 0
    var index = 0
    while index < bytes.count {
      let size = min(max(1, spans(bytes.count - index)), bytes.count - index)
      let span = bytes.span.extracting(index..<index + size)
      if let end = chunker.nextBoundary(in: span) {
        lengths.append(current + end)
        current = 0
        index += end
      } else {
        current += size
        index += size
      }
    }
    #expect(chunker.pendingByteCount == current)
    return current > 0 ? lengths + [current] : lengths
  }

  @Test("keeps between the least and the greatest length")
  func bounds() {
    let all = lengths(content)
    #expect(all.reduce(0, +) == content.count)
    #expect(all.dropLast().allSatisfy { (Chunker.minimum...Chunker.maximum).contains($0) })
    #expect((3...12).contains(all.count))
    #expect(lengths([]) == [])
    #expect(lengths([1]) == [1])
    let zeros = lengths([UInt8](repeating: 0, count: 5 << 20))
    #expect(zeros.reduce(0, +) == 5 << 20)
  }

  @Test("does not depend on how the stream comes in", arguments: 1...2)
  func spans(seed: UInt64) {
    let random = SeededRandom(seed: seed)
    let whole = lengths(content)
    #expect(lengths(content) { _ in random.below(300_000) } == whole, "seed \(seed)")
  }

  @Test("is moved by an insertion only near it", arguments: 1...2)
  func insertion(seed: UInt64) {
    let random = SeededRandom(seed: seed)
    var changed = content
    changed.insert(
      contentsOf: random.bytes(1 + random.below(100)), at: random.below(content.count / 2))
    let before = chunks(content)
    let after = chunks(changed)
    #expect(after.subtracting(before).count <= 5, "seed \(seed)")
  }

  @Test("differs under another secret")
  func secrets() {
    var other = Chunker(groupSecret: .random(from: SeededRandom(seed: 77)))
    var one = Chunker(groupSecret: secret)
    #expect(one.nextBoundary(in: content.span) != other.nextBoundary(in: content.span))
  }

  private func chunks(_ bytes: [UInt8]) -> Set<Digest> {
    var start = 0
    var names: Set<Digest> = []
    for length in lengths(bytes) {
      names.insert(Hash.plain(Array(bytes[start..<start + length])))
      start += length
    }
    return names
  }
}
