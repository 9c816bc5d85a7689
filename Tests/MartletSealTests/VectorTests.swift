import Foundation
import MartletSeal
import Testing

/// A file of Tests/Vectors: header lines, a blank line, the bytes.
struct Vector: CustomTestStringConvertible, Sendable {
  let name: String
  let header: [String: String]
  let bytes: [UInt8]

  var testDescription: String { name }

  init(name: String, file: String) throws {
    self.name = name
    var lines = file.split(separator: "\n", omittingEmptySubsequences: false)[...]
    var header: [String: String] = [:]
    while let line = lines.popFirst(), !line.isEmpty {
      let parts = line.split(separator: ":", maxSplits: 1)
      try #require(parts.count == 2, "\(name): \(line)")
      header[String(parts[0])] = parts[1].trimmingCharacters(in: .whitespaces)
    }
    self.header = header
    let body = lines.joined(separator: "\n")
    switch header["encoding"] {
    case "hex": bytes = try #require(Hex.decode(body.filter { !$0.isWhitespace }))
    case "text": bytes = Array((body.hasSuffix("\n") ? String(body.dropLast()) : body).utf8)
    default: throw VectorError.unknownEncoding(name)
    }
  }

  /// All vectors of a kind, by name.
  static func all(of kind: String) throws -> [Vector] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Vectors/\(kind)")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
      let file = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
      return try Vector(name: "\(kind)/\(name)", file: file)
    }
  }

  enum VectorError: Error { case unknownEncoding(String) }
}

@Suite("The vectors of the card format")
struct VectorTests {
  @Test("are read as each of them says", arguments: try Vector.all(of: "card"))
  func card(vector: Vector) throws {
    #expect(vector.header["kind"] == "card")
    let expect = try #require(vector.header["expect"])
    do throws(CardError) {
      let card =
        vector.header["form"] == "text"
        ? try Card(text: String(decoding: vector.bytes, as: UTF8.self))
        : try Card(decoding: vector.bytes)
      #expect(expect == "success")
      #expect(vector.header["device"] == card.deviceID.hex)
      #expect(vector.header["name_hex"] == Hex.encode(Array(card.name.utf8)))
      #expect(vector.header["created"] == String(card.created))
      if vector.header["form"] == "binary" { #expect(card.encoded == vector.bytes) }
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
