import MartletSeal
import MartletTestSupport
import Testing

@Suite("The text form of a card")
struct CardTextTests {
  let card: Card
  let text: String

  init() throws {
    card = try Card(
      identity: Identity(random: SeededRandom(seed: 2)), name: "laptop", created: 1_800_000_000)
    text = card.text
  }

  @Test("reads back, with white space around it or not")
  func roundTrip() throws {
    #expect(try Card(text: text) == card)
    #expect(try Card(text: " \t\r\n\(text)\r\n") == card)
  }

  @Test("reads back for every length of name")
  func names() throws {
    let identity = Identity(random: SeededRandom(seed: 3))
    for length in 1...Card.nameLimit {
      let card = try Card(
        identity: identity, name: String(repeating: "n", count: length), created: 1)
      #expect(try Card(text: card.text) == card)
    }
  }

  @Test("is refused at every shorter length")
  func truncation() {
    for length in 0..<text.utf8.count {
      let expected: CardError = length < Card.textPrefix.utf8.count ? .notACard : .misspelt
      #expect(throws: expected) { try Card(text: String(text.prefix(length))) }
    }
  }

  @Test("is refused with any bit of it changed")
  func bitFlips() {
    let bytes = Array(text.utf8)
    for bit in 0..<bytes.count * 8 {
      var altered = bytes
      altered[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: CardError.self, "bit \(bit)") {
        try Card(text: String(decoding: altered, as: UTF8.self))
      }
    }
  }

  @Test("is looked at only up to 1024 bytes")
  func limit() throws {
    let room = Card.textByteLimit - text.utf8.count
    #expect(try Card(text: text + String(repeating: " ", count: room)) == card)
    #expect(throws: CardError.tooLong) {
      try Card(text: text + String(repeating: " ", count: room + 1))
    }
  }
}

@Suite("Base64 for URLs")
struct Base64URLTests {
  @Test("reads back every length, and one spelling only")
  func roundTrip() throws {
    let random = SeededRandom(seed: 4)
    for length in 0...100 {
      let bytes = random.bytes(length)
      let text = Array(Base64URL.encode(bytes).utf8)
      #expect(text.count == (length * 4 + 2) / 3)
      #expect(Base64URL.decode(text) == bytes)
      var spellings = 0
      if let last = text.indices.last {
        for other in UInt8.min...UInt8.max {
          var altered = text
          altered[last] = other
          if Base64URL.decode(altered) == bytes { spellings += 1 }
        }
        #expect(spellings == 1)
      }
    }
  }

  @Test(
    "writes what RFC 4648 says",
    arguments: [
      ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"),
      ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
    ])
  func known(bytes: String, text: String) {
    #expect(Base64URL.encode(Array(bytes.utf8)) == text)
  }

  @Test(
    "takes no padding, white space or other alphabet", arguments: ["Zg==", "Z", "Zm9\n", "++//"])
  func foreign(text: String) {
    #expect(Base64URL.decode(text.utf8) == nil)
  }
}

@Suite("A safety number")
struct SafetyNumberTests {
  let one = Identity(seed: Self.seed(Array(0..<32)))
  let other = Identity(seed: Self.seed([UInt8](repeating: 7, count: 32)))

  static func seed(_ bytes: [UInt8]) -> SecretKey {
    SecretKey(bytes) ?? SecretKey.random(from: SystemRandom())
  }

  @Test("is the same from both sides and under any name, and what it was in the first version")
  func pair() throws {
    let card = try Card(identity: one, name: "a", created: 1)
    let renamed = try Card(identity: one, name: "b", created: 2)
    let peer = try Card(identity: other, name: "c", created: 3)
    let number = SafetyNumber(card, peer)
    #expect(number == SafetyNumber(peer, renamed))
    #expect(
      number.description
        == "64757 60419 49907 37476 64484 65708 07073 24170 04975 09364 00148 88356")
  }

  @Test("is another for another device")
  func different() throws {
    let card = try Card(identity: one, name: "a", created: 1)
    let peer = try Card(identity: other, name: "c", created: 3)
    let random = SeededRandom(seed: 5)
    let forged = try Card(identity: Identity(random: random), name: "c", created: 3)
    #expect(SafetyNumber(card, forged) != SafetyNumber(card, peer))
    #expect(SafetyNumber(card, forged).groups.allSatisfy { $0.utf8.count == 5 })
  }
}
