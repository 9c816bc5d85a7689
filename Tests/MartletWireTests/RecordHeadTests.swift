import MartletSeal
import MartletTestSupport
import MartletWire
import Testing

@Suite("A record's head")
struct RecordHeadTests {
  func head(_ random: SeededRandom) -> RecordHead {
    RecordHead(
      sealedByteCount: random.below(1 << random.below(23)),
      key: random.below(2) == 0
        ? .listed(UInt32(random.below(1 << random.below(32)))) : .whole(KeyID(random.digest())),
      nonce: random.bytes(24),
      parents: (0..<random.below(4)).map { _ in
        random.below(2) == 0
          ? .back(UInt32(1 + random.below(300))) : .whole(ObjectID(random.digest()))
      },
      priority: UInt8(random.below(3)),
      expires: random.below(2) == 0 ? 0 : random.next() >> UInt64(random.below(64)),
      boxes: (0..<random.below(2)).map { _ in random.bytes(150) })
  }

  @Test("is read back as it was written, from the middle of other bytes")
  func roundTrip() throws {
    for seed in 0..<2000 as Range<UInt64> {
      let random = SeededRandom(seed: seed)
      let head = head(random)
      let bytes = head.encoded
      let padded = random.bytes(3) + bytes + random.bytes(5)
      #expect(try RecordHead(decoding: padded, in: 3..<3 + bytes.count) == head, "seed \(seed)")
      #expect(bytes.count <= RecordHead.byteLimit)
    }
  }

  @Test("has one encoding: what else is read is written the same again")
  func canonical() throws {
    for seed in 0..<40 as Range<UInt64> {
      let bytes = head(SeededRandom(seed: seed)).encoded
      for bit in 0..<bytes.count * 8 {
        var altered = bytes
        altered[bit / 8] ^= 1 << UInt8(bit % 8)
        if let read = try? RecordHead(decoding: altered, in: 0..<altered.count) {
          #expect(read.encoded == altered, "seed \(seed), bit \(bit)")
        }
      }
      for length in bytes.indices {
        #expect(throws: WireError.malformed, "seed \(seed), length \(length)") {
          try RecordHead(decoding: bytes, in: 0..<length)
        }
      }
      #expect(throws: WireError.malformed) {
        try RecordHead(decoding: bytes + [0], in: 0..<bytes.count + 1)
      }
    }
  }

  @Test("refuses numbers in a longer form or beyond their limits")
  func numbers() {
    let nonce = [UInt8](repeating: 1, count: 24)
    let rest: [UInt8] = [0, 0, 0, 0]
    func read(_ sealed: [UInt8], _ key: [UInt8], _ rest: [UInt8]) throws -> RecordHead {
      let bytes = sealed + key + nonce + rest
      return try RecordHead(decoding: bytes, in: 0..<bytes.count)
    }
    #expect(throws: Never.self) { try read([25], [1], rest) }
    #expect(throws: WireError.notCanonical) { try read([0x80, 0], [1], rest) }
    #expect(throws: WireError.notCanonical) { try read([25], [0x81, 0], rest) }
    #expect(throws: WireError.badField("sealed_byte_count")) {
      try read([0x81, 0x80, 0x80, 4], [1], rest)
    }
    #expect(throws: WireError.badField("key")) {
      try read([25], [0x80, 0x80, 0x80, 0x80, 0x10], rest)
    }
    #expect(throws: WireError.badField("parents")) { try read([25], [1], [65, 0, 0, 0]) }
    #expect(throws: WireError.badField("expires")) {
      try read([25], [1], [0, 0] + [UInt8](repeating: 0xFF, count: 9) + [2, 0])
    }
    #expect(throws: Never.self) {
      try read([25], [1], [0, 0] + [UInt8](repeating: 0xFF, count: 9) + [1, 0])
    }
    #expect(throws: WireError.badField("boxes")) { try read([25], [1], [0, 0, 0, 0x81, 0x20]) }
  }

  @Test("tells the record's length in its first eight bytes")
  func extent() {
    for seed in 0..<500 as Range<UInt64> {
      let head = head(SeededRandom(seed: seed))
      let encoded = head.encoded
      let length = UInt32(encoded.count)
      let bytes = (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + encoded
      let total = RecordHead.Extent.bytes(bytes.count + head.sealedByteCount)
      #expect(RecordHead.extent(of: bytes, from: 0, to: bytes.count) == total)
      for end in 0...8 {
        let extent = RecordHead.extent(of: bytes, from: 0, to: end)
        #expect(extent == total || (end < 8 && extent == .unknown), "seed \(seed)")
      }
    }
    let zeros = [UInt8](repeating: 0, count: 8)
    #expect(RecordHead.extent(of: zeros, from: 0, to: 8) == .impossible)
    #expect(RecordHead.extent(of: [255, 255, 255, 255, 1], from: 0, to: 5) == .impossible)
    #expect(
      RecordHead.extent(of: [40, 0, 0, 0, 255, 255, 255, 255], from: 0, to: 8) == .impossible)
  }
}
