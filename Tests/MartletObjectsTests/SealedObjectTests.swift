import MartletObjects
import MartletSeal
import MartletTestSupport
import MartletWire
import Testing

@Suite("A sealed object")
struct SealedObjectTests {
  let random = SeededRandom(seed: 4)
  let identity = Identity(random: SeededRandom(seed: 1))
  let group = GroupID(SeededRandom(seed: 2).digest())
  let key = SecretKey.random(from: SeededRandom(seed: 3))

  func message(
    body: [UInt8] = [1, 2, 3], parents: [ObjectID] = [], boxes: [[UInt8]] = []
  ) throws -> SealedObject {
    try SealedObject.seal(
      GroupMessage(
        author: identity.deviceID, created: 1_800_000_000_123, client: "chat", body: body),
      header: ObjectHeader(
        group: group, objectClass: .messages, keyID: KeyID(.zero), parents: parents,
        priority: .urgent, expires: 9),
      boxes: boxes, key: key, signing: identity.signing, random: random)
  }

  @Test("opens to the message it was made of, and proves its author", arguments: 0..<200)
  func messageRoundTrip(length: Int) throws {
    let body = length.isMultiple(of: 2) ? random.bytes(length) : Array(repeating: 7, count: length)
    let parents = (0..<length % 65).map { _ in ObjectID(random.digest()) }
    let object = try message(body: body, parents: parents)
    let parsed = try SealedObject(parsing: object.encoded)
    #expect(parsed == object)
    #expect(parsed.header.parents == parents)
    #expect((parsed.sealed.count - AuthenticatedCipher.overhead).isMultiple(of: 64))
    let opened = try parsed.openMessage(with: GroupKeys([key]))
    #expect(opened.message.body == body)
    #expect(opened.message.author == identity.deviceID)
    #expect(parsed.isSigned(opened, by: try Card(identity: identity, name: "a", created: 1)))
    let other = Identity(random: random)
    #expect(!parsed.isSigned(opened, by: other.signing.publicKey))
  }

  @Test("opens to the chunk it was made of, and is the same wherever it is made")
  func blobRoundTrip() throws {
    for length in [1, 9, 64, 1000, 100_000] {
      for content in [random.bytes(length), Array(repeating: 5, count: length)] {
        let object = try SealedObject.sealBlob(content, group: group, key: key)
        #expect(try SealedObject.sealBlob(content, group: group, key: key) == object)
        let parsed = try SealedObject(parsing: object.encoded)
        #expect(try parsed.openBlob(with: GroupKeys([key])) == content)
      }
    }
    #expect(throws: ObjectError.badField("sealed")) {
      try SealedObject.sealBlob([], group: group, key: key)
    }
  }

  @Test("with any bit changed has another name, and is refused or opens for nobody")
  func bitFlips() throws {
    let keys = GroupKeys([key])
    for (bytes, isBlob) in [
      (try message().encoded, false),
      (try SealedObject.sealBlob([1, 2, 3], group: group, key: key).encoded, true),
    ] {
      let id = SealedObject.id(of: bytes)
      for bit in 0..<bytes.count * 8 {
        var altered = bytes
        altered[bit / 8] ^= 1 << UInt8(bit % 8)
        #expect(SealedObject.id(of: altered) != id)
        #expect(throws: ObjectError.self) {
          let parsed = try SealedObject(parsing: altered)
          if isBlob {
            _ = try parsed.openBlob(with: keys)
          } else {
            _ = try parsed.openMessage(with: keys)
          }
        }
      }
    }
  }

  @Test("is refused at every shorter length and with a byte more")
  func lengths() throws {
    let bytes = try message(parents: [ObjectID(.zero)]).encoded
    for length in bytes.indices {
      #expect(throws: ObjectError.self) { try SealedObject(parsing: Array(bytes.prefix(length))) }
    }
    for byte in 0...255 as ClosedRange<UInt8> {
      #expect(throws: ObjectError.self) { try SealedObject(parsing: bytes + [byte]) }
    }
  }

  @Test("without its key says which is missing")
  func keyMissing() throws {
    #expect(throws: ObjectError.keyMissing(GroupKeys.id(of: key))) {
      try message().openMessage(with: GroupKeys())
    }
  }

  @Test("binds its boxes to the signature")
  func boxes() throws {
    let box = try GrantBox(group: group, key: key, groupSecret: key)
      .seal(to: identity.sealing.publicKey)
    let object = try message(boxes: [box, SealedBox.decoy(byteCount: 102)])
    let opened = try object.openMessage(with: GroupKeys([key]))
    #expect(object.isSigned(opened, by: identity.signing.publicKey))
    // The second box taken away: its field is tag, two bytes of length and 150 bytes.
    let fewer = try SealedObject(parsing: Array(object.encoded.dropLast(153)))
    #expect(fewer.boxes == [box])
    #expect(!fewer.isSigned(opened, by: identity.signing.publicKey))
    let found = try #require(try GrantBox.open(boxesOf: object, with: identity.sealing))
    #expect(found.group == group)
    #expect(GroupKeys.id(of: found.key) == object.header.keyID)
  }
}
