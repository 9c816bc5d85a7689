import MartletSeal
import MartletTestSupport
import Testing

@Suite("A card")
struct CardTests {
  let identity = Identity(random: SeededRandom(seed: 1))

  @Test("reads back as it was made")
  func roundTrip() throws {
    let card = try Card(identity: identity, name: "laptop", created: 1_800_000_000)
    #expect(try Card(decoding: card.encoded) == card)
    #expect(card.deviceID == identity.deviceID)
  }

  @Test("is refused at every shorter length")
  func truncation() throws {
    let bytes = try Card(identity: identity, name: "laptop", created: 1).encoded
    for length in bytes.indices {
      #expect(throws: CardError.truncated(offset: length)) {
        try Card(decoding: Array(bytes.prefix(length)))
      }
    }
  }

  @Test("is refused with any bit changed")
  func bitFlips() throws {
    let bytes = try Card(identity: identity, name: "laptop", created: 1).encoded
    for bit in 0..<bytes.count * 8 {
      var altered = bytes
      altered[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: CardError.self) { try Card(decoding: altered) }
    }
  }

  @Test("takes no empty, long or unprintable name", arguments: ["", "a\u{7}b", "x\u{202E}y"])
  func names(name: String) {
    #expect(throws: CardError.badName) {
      try Card(identity: identity, name: name, created: 1)
    }
  }
}
