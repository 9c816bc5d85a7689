internal import FoundationEssentials
package import MartletSeal
internal import MartletWire

/// What a message says, and who says it.
package struct GroupMessage: Hashable, Sendable {
  package var author: DeviceID
  /// Unix milliseconds by the author's clock. Decides nothing.
  package var created: UInt64
  /// Which client gives the body its meaning: 1 to 32 of `a-z`, `0-9` and `-`.
  package var client: String
  package var body: [UInt8]

  package init(author: DeviceID, created: UInt64, client: String, body: [UInt8]) {
    self.author = author
    self.created = created
    self.client = client
    self.body = body
  }

  /// The longest name of a client, in bytes.
  package static let clientLimit = 32

  var hasGoodClient: Bool {
    (1...GroupMessage.clientLimit).contains(client.utf8.count)
      && client.utf8.allSatisfy { (0x61...0x7A ~= $0) || (0x30...0x39 ~= $0) || $0 == 0x2D }
  }

  func encoded(signature: [UInt8]) -> [UInt8] {
    var wire = Martlet_MessageContent()
    wire.author = Data(of: author.bytes)
    wire.created = created
    wire.client = client
    wire.body = Data(of: body)
    wire.signature = Data(of: signature)
    return CanonicalCodec.encode(wire)
  }
}

/// A message that was opened. Who wrote it is proven by its signature or by a chain, not by this.
package struct OpenedMessage: Hashable, Sendable {
  package let message: GroupMessage
  /// 64 bytes, not verified yet.
  package let signature: [UInt8]
}

extension SealedObject {
  /// Signs and seals a message.
  ///
  /// - Parameters:
  ///   - header: Its class must be messages; nonce and key id are replaced.
  ///   - boxes: For grants: what ``GrantBox/seal(to:)`` made, in the order they are to stand.
  /// - Throws: ``ObjectError/badField(_:)`` or ``ObjectError/tooLarge(limit:)``.
  package static func seal(
    _ message: GroupMessage, header: ObjectHeader, boxes: [[UInt8]] = [], key: SecretKey,
    signing: SigningKeyPair, random: any RandomSource
  ) throws(ObjectError) -> SealedObject {
    guard header.objectClass == .messages else { throw .badField("kind") }
    guard message.hasGoodClient else { throw .badField("client") }
    var header = header
    header.keyID = GroupKeys.id(of: key)
    header.nonce = random.bytes(AuthenticatedCipher.nonceByteCount)
    let headerBytes = header.encoded
    let digest = signedDigest(of: message, headerBytes: headerBytes, boxes: boxes)
    let payload = try Payload.encode(
      message.encoded(signature: signing.sign(digest)), padded: true)
    let sealed = AuthenticatedCipher.seal(
      payload.span.bytes, associated: headerBytes.span.bytes, nonce: header.nonce, key: key)
    return try SealedObject(header: header, sealed: sealed, boxes: boxes)
  }

  /// Opens a message. Its signature is not verified: see ``isSigned(_:by:)``.
  ///
  /// - Throws: ``ObjectError``; ``ObjectError/keyMissing(_:)`` may change when a grant arrives.
  package func openMessage(with keys: GroupKeys) throws(ObjectError) -> OpenedMessage {
    guard header.objectClass == .messages else { throw .badField("kind") }
    let content = try openPayload(with: keys)
    let wire = try CanonicalCodec.decode(content, as: Martlet_MessageContent.self, fieldLimit: 5)
    guard let author = DeviceID(wire.author) else { throw .badField("author") }
    guard wire.signature.count == Signature.byteCount else { throw .badField("signature") }
    let message = GroupMessage(
      author: author, created: wire.created, client: wire.client, body: wire.body.array)
    guard message.hasGoodClient else { throw .badField("client") }
    return OpenedMessage(message: message, signature: wire.signature.array)
  }

  /// Whether what this object was opened to is signed by the device of that card, its author.
  package func isSigned(_ opened: OpenedMessage, by card: Card) -> Bool {
    card.deviceID == opened.message.author && isSigned(opened, by: card.signingKey)
  }

  /// Whether what this object was opened to is signed by `key`. About 40 microseconds.
  package func isSigned(_ opened: OpenedMessage, by key: SigningPublicKey) -> Bool {
    let digest = SealedObject.signedDigest(
      of: opened.message, headerBytes: headerBytes, boxes: boxes)
    return key.verifies(opened.signature, over: digest)
  }

  func openPayload(with keys: GroupKeys) throws(ObjectError) -> [UInt8] {
    let key = try keys.key(header.keyID)
    guard
      let payload = AuthenticatedCipher.open(
        sealed.span.bytes, associated: headerBytes.span.bytes, nonce: header.nonce, key: key)
    else { throw .notAuthentic }
    return try Payload.decode(payload, padded: header.objectClass == .messages)
  }

  private static func signedDigest(
    of message: GroupMessage, headerBytes: [UInt8], boxes: [[UInt8]]
  ) -> Digest {
    var hasher = LabelledHasher(.message)
    hasher.update(UInt64(headerBytes.count))
    hasher.update(headerBytes)
    hasher.update(UInt64(boxes.count))
    for box in boxes {
      hasher.update(UInt64(box.count))
      hasher.update(box)
    }
    let content = message.encoded(signature: [])
    hasher.update(UInt64(content.count))
    hasher.update(content)
    return hasher.finish()
  }
}
