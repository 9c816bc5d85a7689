import FoundationEssentials
import MartletObjects
import MartletSeal
import MartletTestSupport
import MartletWire
import SwiftProtobuf
import Testing

@Suite("Encodings written by hand")
struct EncodingTests {
  @Test("are those of the .proto file", arguments: 0..<200)
  func headers(seed: UInt64) throws {
    let random = SeededRandom(seed: seed)
    let isBlob = random.chance(0.3)
    let header = ObjectHeader(
      group: GroupID(random.digest()), objectClass: isBlob ? .blobs : .messages,
      keyID: KeyID(random.digest()), nonce: random.bytes(24),
      parents: isBlob ? [] : (0..<random.below(65)).map { _ in ObjectID(random.digest()) },
      priority: isBlob ? .normal : Priority.allCases[random.below(3)],
      expires: isBlob || random.chance(0.5) ? 0 : UInt64(random.below(1 << 40)))
    var wire = Martlet_Header()
    wire.group = .init(header.group.bytes)
    wire.kind = UInt32(header.objectClass.rawValue)
    wire.keyID = .init(header.keyID.bytes)
    wire.nonce = .init(header.nonce)
    wire.parents = header.parents.map { .init($0.bytes) }
    wire.priority = header.priority.rawValue
    wire.expires = header.expires
    let bytes: [UInt8] = try wire.serializedBytes()
    #expect(header.encoded == bytes)
    #expect(try ObjectHeader(decoding: bytes) == header)
  }

  @Test("of a message's content are those of the .proto file", arguments: 0..<50)
  func contents(seed: UInt64) throws {
    let random = SeededRandom(seed: seed)
    let key = SecretKey.random(from: random)
    let identity = Identity(random: random)
    let message = GroupMessage(
      author: identity.deviceID, created: random.chance(0.1) ? 0 : UInt64(random.below(1 << 45)),
      client: "data", body: random.bytes(random.below(300)))
    let object = try SealedObject.seal(
      message,
      header: ObjectHeader(
        group: GroupID(random.digest()), objectClass: .messages, keyID: GroupKeys.id(of: key)),
      key: key, signing: identity.signing, random: random)
    let opened = try object.openMessage(with: GroupKeys([key]))
    #expect(opened.message == message)
    var wire = Martlet_MessageContent()
    wire.author = .init(message.author.bytes)
    wire.created = message.created
    wire.client = message.client
    wire.body = .init(message.body)
    wire.signature = .init(opened.signature)
    let bytes: [UInt8] = try wire.serializedBytes()
    #expect(message.encoded(signature: opened.signature) == bytes)
  }
}
