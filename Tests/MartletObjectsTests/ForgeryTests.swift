import Foundation
import MartletObjects
import MartletSeal
import MartletTestSupport
import MartletWire
import SwiftProtobuf
import Testing

/// What only a holder of the key could make, and must not be accepted all the same.
@Suite("An object forged by a member")
struct ForgeryTests {
  let random = SeededRandom(seed: 21)
  let identity = Identity(random: SeededRandom(seed: 22))
  let key = SecretKey.random(from: SeededRandom(seed: 23))

  var header: ObjectHeader {
    ObjectHeader(
      group: GroupID(Digest.zero), objectClass: .messages, keyID: GroupKeys.id(of: key),
      nonce: [UInt8](repeating: 3, count: 24), parents: [ObjectID(Digest.zero)])
  }

  func message(body: [UInt8]) throws -> SealedObject {
    try SealedObject.seal(
      GroupMessage(author: identity.deviceID, created: 1, client: "chat", body: body),
      header: header, key: key, signing: identity.signing, random: random)
  }

  func object(header: [UInt8], sealed: [UInt8], boxes: [[UInt8]] = []) throws -> [UInt8] {
    var wire = Martlet_Object()
    wire.header = Data(header)
    wire.sealed = Data(sealed)
    wire.boxes = boxes.map { Data($0) }
    return Array("MOB1".utf8) + (try wire.serializedBytes() as [UInt8])
  }

  func resealed(_ object: SealedObject, payload: [UInt8]) throws -> [UInt8] {
    let sealed = AuthenticatedCipher.seal(
      payload.span.bytes, associated: object.headerBytes.span.bytes, nonce: object.header.nonce,
      key: key)
    return try self.object(header: Array(object.headerBytes), sealed: sealed)
  }

  func open(_ bytes: [UInt8]) throws(ObjectError) -> OpenedMessage {
    try SealedObject(parsing: bytes).openMessage(with: GroupKeys([key]))
  }

  @Test("with any payload byte of prefix or padding changed is refused")
  func payload() throws {
    for body in [random.bytes(50), Array(repeating: 1, count: 500)] {
      let original = try message(body: body)
      let plaintext = AuthenticatedCipher.open(
        original.sealed.span.bytes, associated: original.headerBytes.span.bytes,
        nonce: original.header.nonce, key: key)
      let payload = try #require(plaintext)
      #expect(try resealed(original, payload: payload) == original.encoded)
      let stored = payload[5..<9].reversed().reduce(0) { $0 << 8 | Int($1) }
      for index in Array(0..<9) + Array(9 + stored..<payload.count) {
        for bit in 0..<8 as Range<UInt8> {
          var altered = payload
          altered[index] ^= 1 << bit
          let bytes = try resealed(original, payload: altered)
          #expect(throws: ObjectError.self) { try open(bytes) }
        }
      }
      let longer = try resealed(original, payload: payload + [UInt8](repeating: 0, count: 64))
      #expect(throws: ObjectError.badPayload) { try open(longer) }
      for length in 0..<payload.count {
        let bytes = try resealed(original, payload: Array(payload.prefix(length)))
        #expect(throws: ObjectError.self) { try open(bytes) }
      }
    }
  }

  @Test("in another encoding of the same thing is refused")
  func encodings() throws {
    let sealed = Array(try message(body: [1]).sealed)
    let good = header.encoded
    #expect(try SealedObject(parsing: object(header: good, sealed: sealed)).header == header)
    let defaults: [UInt8] = [0x30, 0]
    let unknown: [UInt8] = [0x78, 1]
    let longNumber: [UInt8] = [0x30, 0x81, 0]
    let again = Array(good.prefix(34))
    for extra in [defaults, unknown, longNumber, again, [0x7D, 0, 0, 0, 0], [0x0B, 0x0C]] {
      let bytes = try object(header: good + extra, sealed: sealed)
      #expect(throws: ObjectError.notCanonical) { try SealedObject(parsing: bytes) }
    }
    // Group and kind the other way round.
    let swapped = Array(good[34..<36]) + Array(good[..<34]) + Array(good[36...])
    let bytes = try object(header: swapped, sealed: sealed)
    #expect(throws: ObjectError.notCanonical) { try SealedObject(parsing: bytes) }
  }

  @Test("with a header that breaks a rule is refused by that field's name")
  func rules() throws {
    let id = ObjectID(random.digest())
    var changes: [(String, (inout ObjectHeader) -> Void)] = [
      ("nonce", { $0.nonce.removeLast() }), ("nonce", { $0.nonce = [] }),
      ("parents", { $0.parents = [id, id] }),
    ]
    changes += [
      ("parents", { $0.objectClass = .blobs }),
      (
        "priority",
        {
          $0.objectClass = .blobs
          $0.parents = []
          $0.priority = .bulk
        }
      ),
      (
        "expires",
        {
          $0.objectClass = .blobs
          $0.parents = []
          $0.expires = 1
        }
      ),
    ]
    for (field, change) in changes {
      var bad = header
      change(&bad)
      #expect(throws: ObjectError.badField(field)) { try ObjectHeader(decoding: bad.encoded) }
    }
    var many = header
    many.parents = (0..<65).map { _ in ObjectID(random.digest()) }
    #expect(throws: ObjectError.tooLarge(limit: ObjectHeader.byteLimit)) {
      try ObjectHeader(decoding: many.encoded)
    }
  }

  @Test("over a limit is refused")
  func limits() throws {
    let sealed = Array(try message(body: [1]).sealed)
    let box = [UInt8](repeating: 0, count: GrantBox.sealedByteCount)
    let most = Array(repeating: box, count: Limits.boxCount)
    let good = try object(header: header.encoded, sealed: sealed, boxes: most)
    #expect(try SealedObject(parsing: good).boxes.count == Limits.boxCount)
    let bad = try object(header: header.encoded, sealed: sealed, boxes: most + [box])
    #expect(throws: ObjectError.tooLarge(limit: Limits.boxCount)) {
      try SealedObject(parsing: bad)
    }
    let large = Array("MOB1".utf8) + [UInt8](repeating: 0, count: Limits.objectByteCount - 3)
    #expect(throws: ObjectError.tooLarge(limit: Limits.objectByteCount)) {
      try SealedObject(parsing: large)
    }
    #expect(throws: ObjectError.tooLarge(limit: Limits.objectByteCount)) {
      try message(body: random.bytes(Limits.objectByteCount - 10))
    }
  }

  @Test("whose box holds another key is refused")
  func wrongKey() throws {
    let group = header.group
    let box = try GrantBox(group: group, key: .random(from: random), groupSecret: key)
      .seal(to: identity.sealing.publicKey)
    let sealed = Array(try message(body: [1]).sealed)
    let grant = try SealedObject(
      parsing: object(header: header.encoded, sealed: sealed, boxes: [box]))
    #expect(throws: ObjectError.wrongKeyInBox) {
      try GrantBox.open(boxesOf: grant, with: identity.sealing)
    }
    #expect(try GrantBox.open(boxesOf: grant, with: Identity(random: random).sealing) == nil)
  }

  @Test("cannot be of a direct group: both ends compute the same one, a third does not")
  func direct() throws {
    let other = Identity(random: random)
    let third = Identity(random: random)
    let here = try GrantBox.direct(identity.sealing, other.sealing.publicKey)
    let there = try GrantBox.direct(other.sealing, identity.sealing.publicKey)
    #expect(here.group == there.group)
    #expect(GroupKeys.id(of: here.key) == GroupKeys.id(of: there.key))
    #expect(GroupKeys.id(of: here.groupSecret) == GroupKeys.id(of: there.groupSecret))
    #expect(GroupKeys.id(of: here.key) != GroupKeys.id(of: here.groupSecret))
    #expect(try GrantBox.direct(third.sealing, other.sealing.publicKey).group != here.group)
    #expect(throws: ObjectError.unusableKey) {
      try GrantBox.direct(identity.sealing, SealingPublicKey(Digest.zero))
    }
  }
}
