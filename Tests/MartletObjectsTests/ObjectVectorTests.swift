import MartletObjects
import MartletSeal
import MartletTestSupport
import MartletWire
import Testing

@Suite("The vectors of the object format")
struct ObjectVectorTests {
  @Test("are read as each of them says", arguments: try Vector.all(of: "object").map(\.name))
  func read(name: String) throws {
    let vector = try #require(try Vector.all(of: "object").first { $0.name == name })
    let key = try #require(SecretKey(Hex.decode(vector["key"] ?? "") ?? []))
    let signer = SigningPublicKey(try #require(Digest(hex: vector["signing_key"] ?? "")))
    var stage = "parse"
    do {
      let object = try SealedObject(parsing: vector.bytes)
      #expect(object.encoded == vector.bytes)
      stage = "open"
      let content: [UInt8]
      if object.header.objectClass == .blobs {
        content = try object.openBlob(with: GroupKeys([key]))
        #expect(vector["class"] == "blob")
      } else {
        let opened = try object.openMessage(with: GroupKeys([key]))
        content = opened.message.body
        stage = "verify"
        guard object.isSigned(opened, by: signer) else { throw ObjectVectorError.notSigned }
        #expect(vector["class"] == "message")
      }
      #expect(vector["expect"] == "success")
      #expect(vector["id"] == SealedObject.id(of: vector.bytes).hex)
      #expect(vector["content_hex"] == Hex.encode(content))
    } catch {
      #expect(vector["expect"] == word(for: error))
      #expect(vector["stage"] == stage)
    }
  }

  @Test("are those that the generator makes, and no others")
  func generated() throws {
    let made = ObjectVectors.all().sorted { $0.name < $1.name }
    if Vector.isToBeWritten("object") { try Vector.rewrite(made, of: "object") }
    let there = try Vector.all(of: "object")
    #expect(there.map(\.name) == made.map(\.name))
    #expect(there.map(\.file) == made.map(\.file))
    #expect(there.count >= 12)
  }

  private enum ObjectVectorError: Error { case notSigned }

  private func word(for error: any Error) -> String {
    switch error {
    case ObjectError.notAnObject: "not an object"
    case ObjectError.tooLarge: "too large"
    case ObjectError.notCanonical: "not canonical"
    case ObjectError.badField(let name): "bad field \(name)"
    case ObjectError.notAuthentic: "not authentic"
    case ObjectError.badPayload: "bad payload"
    case ObjectVectorError.notSigned: "not signed"
    default: "\(error)"
    }
  }
}
