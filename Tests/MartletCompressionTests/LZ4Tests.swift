import MartletCompression
import MartletSeal
import MartletTestSupport
import Testing

@Suite("An LZ4 block")
struct LZ4Tests {
  let text = Array(String(repeating: "the bird drawn without feet. ", count: 20).utf8)

  @Test("decodes to what it was made of, at every length that shrinks")
  func roundTrip() throws {
    for length in text.indices {
      let plain = Array(text.prefix(length))
      guard let block = LZ4.compress(plain) else { continue }
      #expect(block.count < length)
      #expect(try LZ4.decompress(block.span.bytes, decodedByteCount: length) == plain)
    }
  }

  @Test("is not made of bytes that do not shrink", arguments: [0, 1, 2, 16, 1000, 70_000])
  func incompressible(length: Int) {
    #expect(LZ4.compress(SeededRandom(seed: 7).bytes(length)) == nil)
  }

  @Test("is refused at every shorter length")
  func truncation() throws {
    let block = try #require(LZ4.compress(text))
    for length in block.indices {
      let cut = Array(block.prefix(length))
      #expect(throws: CompressionError.malformed) {
        try LZ4.decompress(cut.span.bytes, decodedByteCount: text.count)
      }
    }
  }

  @Test("is refused for every other decoded length")
  func otherLength() throws {
    let block = try #require(LZ4.compress(text))
    for length in 0..<text.count * 2 where length != text.count {
      #expect(throws: CompressionError.malformed) {
        try LZ4.decompress(block.span.bytes, decodedByteCount: length)
      }
    }
  }

  @Test("with any bit changed gives the declared length or an error, nothing else")
  func bitFlips() throws {
    let block = try #require(LZ4.compress(text))
    for bit in 0..<block.count * 8 {
      var altered = block
      altered[bit / 8] ^= 1 << UInt8(bit % 8)
      let result = try? LZ4.decompress(altered.span.bytes, decodedByteCount: text.count)
      #expect(result == nil || result?.count == text.count)
    }
  }

  @Test("made of random bytes gives the declared length or an error", arguments: 1...200)
  func noise(seed: UInt64) {
    let random = SeededRandom(seed: seed)
    let block = random.bytes(random.below(200))
    let length = random.below(4000)
    let result = try? LZ4.decompress(block.span.bytes, decodedByteCount: length)
    #expect(result == nil || result?.count == length, "seed \(seed)")
  }

  @Test(
    "claiming more than the limit is refused, however small", arguments: [16 << 20, Int.max - 1])
  func limit(length: Int) {
    let block: [UInt8] = [0]
    #expect(throws: CompressionError.tooLarge(limit: LZ4.byteLimit)) {
      try LZ4.decompress(block.span.bytes, decodedByteCount: length + 1)
    }
  }
}
