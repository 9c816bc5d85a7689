import MartletCommands
import MartletFileSystem
import MartletSeal
import MartletTestSupport
import SystemPackage
import Testing

@Suite("Escaping for a terminal")
struct EscapeTests {
  /// C0, DEL and C1; every mark that changes the direction of writing or breaks a line.
  static let dangerousScalars: [UInt32] =
    Array(0..<0x20) + Array(0x7F..<0xA0) + [0x061C, 0x200E, 0x200F]
    + Array(0x202A...0x202E) + Array(0x2066...0x2069) + [0x2028, 0x2029, 0xFEFF]

  @Test("leaves no code point that a terminal acts on", arguments: dangerousScalars)
  func dangerous(value: UInt32) throws {
    let scalar = try #require(Unicode.Scalar(value))
    let shown = Escape.text("a\(String(scalar))b")
    let expected =
      switch scalar {
      case "\n": "\\n"
      case "\r": "\\r"
      case "\t": "\\t"
      default:
        String(scalar).utf8.map { byte in
          "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
      }
    #expect(shown == "a\(expected)b")
  }

  @Test("leaves every other code point as it is")
  func harmless() {
    let dangerous = Set(Self.dangerousScalars + [0xFFF9, 0xFFFA, 0xFFFB])
    for value in UInt32(0)...0x10FFFF where !dangerous.contains(value) {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let text = String(scalar)
      if Escape.text(text) != text { Issue.record("changes U+\(String(value, radix: 16))") }
    }
  }

  @Test("shows a byte that is not UTF-8 by its number", arguments: UInt8(0x80)...0xFF)
  func invalid(byte: UInt8) {
    #expect(Escape.text([0x61, byte, 0x62]) == "a\\x\(String(byte, radix: 16))b")
  }

  @Test("takes no overlong spelling, surrogate or number past the last for a character")
  func malformed() {
    #expect(Escape.text([0xC0, 0x9B]) == "\\xc0\\x9b")
    #expect(Escape.text([0xE0, 0x80, 0x9B]) == "\\xe0\\x80\\x9b")
    #expect(Escape.text([0xF0, 0x80, 0x80, 0x9B]) == "\\xf0\\x80\\x80\\x9b")
    #expect(Escape.text([0xED, 0xA0, 0x80]) == "\\xed\\xa0\\x80")
    #expect(Escape.text([0xF4, 0x90, 0x80, 0x80]) == "\\xf4\\x90\\x80\\x80")
    #expect(Escape.text([0xE2, 0x80]) == "\\xe2\\x80")
  }

  @Test("shows a path as bytes")
  func path() {
    let path = FilePath(bytes: [0x2F, 0x61, 0xFF, 0x1B])
    #expect(Escape.text(path) == "/a\\xff\\x1b")
    #expect(path.bytes == [0x2F, 0x61, 0xFF, 0x1B])
  }

  @Test("of 1,000 random byte strings leaves one printable line each")
  func random() {
    let random = SeededRandom(seed: 20)
    for _ in 0..<1000 {
      let shown = Escape.text(random.bytes(Int(random.next() % 40)))
      #expect(!shown.unicodeScalars.contains { Escape.isDangerous($0) })
    }
  }
}
