import MartletSeal
import MartletTestSupport
import Testing

@Suite("The vectors of the card format")
struct VectorTests {
  @Test("are read as each of them says", arguments: try Vector.all(of: "card"))
  func card(vector: Vector) throws {
    #expect(vector["kind"] == "card")
    let expect = try #require(vector["expect"])
    do throws(CardError) {
      let card =
        vector["form"] == "text"
        ? try Card(text: String(decoding: vector.bytes, as: UTF8.self))
        : try Card(decoding: vector.bytes)
      #expect(expect == "success")
      #expect(vector["device"] == card.deviceID.hex)
      #expect(vector["name_hex"] == Hex.encode(Array(card.name.utf8)))
      #expect(vector["created"] == String(card.created))
      if vector["form"] == "binary" { #expect(card.encoded == vector.bytes) }
    } catch {
      #expect(expect == word(for: error))
    }
  }

  @Test("are there")
  func count() throws {
    #expect(try Vector.all(of: "card").count >= 12)
  }

  func word(for error: CardError) -> String {
    switch error {
    case .notACard: "not a card"
    case .truncated: "truncated"
    case .trailingBytes: "trailing bytes"
    case .tooLong: "too long"
    case .misspelt: "misspelt"
    case .notAuthentic: "not authentic"
    case .weakKey: "weak key"
    case .badName: "bad name"
    @unknown default: "\(error)"
    }
  }
}
