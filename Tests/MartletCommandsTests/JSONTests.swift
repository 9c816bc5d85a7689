import Foundation
import MartletCommands
import MartletSeal
import MartletTestSupport
import Testing

@Suite("Writing JSON")
struct JSONTests {
  @Test("gives back 1,000 random byte strings through another reader")
  func random() throws {
    let seed: UInt64 = 7
    let random = SeededRandom(seed: seed)
    for round in 0..<1000 {
      // Half of them are UTF-8 by making, with all kinds of characters.
      var bytes = random.bytes(Int(random.next() % 50))
      if round.isMultiple(of: 2) {
        let scalars = bytes.map { byte in
          Unicode.Scalar(UInt32(random.next() % 0x11_0000)) ?? Unicode.Scalar(byte)
        }
        bytes = Array(String(String.UnicodeScalarView(scalars)).utf8)
      }
      let text = JSON.object([JSON.member("body", bytes, otherwise: "base64")]).text
      #expect(!text.contains("\n"), "seed \(seed)")
      #expect(!text.unicodeScalars.contains { Escape.isDangerous($0) }, "seed \(seed)")
      let read = try #require(
        try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String])
      let back =
        try read["body"].map { Array($0.utf8) }
        ?? #require(read["base64"].flatMap { Data(base64Encoded: $0) }.map { Array($0) })
      #expect(back == bytes, "seed \(seed), round \(round)")
    }
  }

  @Test("keeps members in order, and writes every kind of value")
  func values() {
    let json = JSON.object([
      ("b", .number(.max)), ("a", .thousandths(1_020)),
      ("c", .array([.null, .bool(true), "x\"\\"])),
      ("d", .object([])), ("e", .count(-1)), ("f", .time(seconds: 0)), ("g", .time(seconds: nil)),
    ])
    #expect(
      json.text
        == #"{"b":18446744073709551615,"a":1.020,"c":[null,true,"x\"\\"],"d":{},"e":0,"#
        + #""f":"1970-01-01T00:00:00Z","g":null}"#)
  }

  @Test("writes base64 as others do", arguments: 0...64)
  func base64(length: Int) {
    let random = SeededRandom(seed: UInt64(length))
    let bytes = random.bytes(length)
    #expect(JSON.base64(bytes) == Data(bytes).base64EncodedString())
  }
}

@Suite("Writing times")
struct TimestampTests {
  @Test(
    "agrees with another calendar",
    arguments: [
      0, 59, 86_399, 951_782_400, 951_868_800, 1_795_524_358, 4_102_444_800, 253_402_300_799,
    ])
  func known(seconds: UInt64) {
    let formatter = ISO8601DateFormatter()
    #expect(
      Timestamp(seconds: seconds).description
        == formatter.string(from: Date(timeIntervalSince1970: Double(seconds))))
  }

  @Test("agrees with another calendar at 1,000 random times")
  func random() {
    let random = SeededRandom(seed: 3)
    let formatter = ISO8601DateFormatter()
    for _ in 0..<1000 {
      let seconds = random.next() % 253_402_300_799
      #expect(
        Timestamp(seconds: seconds).description
          == formatter.string(from: Date(timeIntervalSince1970: Double(seconds))))
    }
  }

  @Test("takes any number from outside")
  func extreme() {
    #expect(Timestamp(seconds: .max).description.hasSuffix("Z"))
    #expect(Timestamp(milliseconds: .max).description.hasSuffix("Z"))
  }
}
