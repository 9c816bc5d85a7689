import MartletSeal
import Testing

@Suite("The registry of labels")
struct LabelTests {
  @Test("tells every use from every other within 16 bytes")
  func distinct() {
    for label in Label.allCases { #expect((1...16).contains(label.rawValue.utf8.count)) }
    // A zero byte at the end would be taken for padding.
    for label in Label.allCases { #expect(!label.rawValue.utf8.contains(0)) }
    #expect(Set(Label.allCases.map(\.rawValue)).count == Label.allCases.count)
  }

  @Test("gives every label a hash of its own, keyed or not")
  func separate() throws {
    let key = try #require(SecretKey(0..<32))
    let plain = Label.allCases.map { Hash.labelled($0, [1, 2, 3]) }
    let keyed = Label.allCases.map { Hash.labelled($0, key: key, [1, 2, 3]) }
    #expect(Set(plain + keyed + [Hash.plain([1, 2, 3])]).count == 2 * Label.allCases.count + 1)
  }

  @Test("still holds every label of the format, letter for letter")
  func snapshot() {
    let released: Set<String> = [
      "mrt device id",
      "mrt card",
      "mrt card check",
      "mrt safety",
      "mrt sign seed",
      "mrt seal seed",
      "mrt id file",
      "mrt group id",
      "mrt direct id",
      "mrt direct key",
      "mrt direct sec",
      "mrt key id",
      "mrt message",
      "mrt blob nkey",
      "mrt blob nonce",
      "mrt gear",
      "mrt chain",
      "mrt stream key",
      "mrt commitment",
      "mrt header",
      "mrt manifest",
      "mrt section",
      "mrt stored key",
      "mrt members",
      "mrt pack",
      "mrt entry",
      "mrt file",
      "mrt file chunk",
      "mrt file chunks",
      "mrt summary",
      "mrt heads",
    ]
    #expect(Set(Label.allCases.map(\.rawValue)) == released)
  }
}
