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

  /// The one encoding: that of `MessageContent` in objects.proto, written by hand because every
  /// message passes here twice.
  package func encoded(signature: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(body.count + client.utf8.count + 128)
    FieldReader.append(field: 1, author.bytes, to: &bytes)
    FieldReader.append(field: 2, number: created, to: &bytes)
    FieldReader.append(nonEmpty: Array(client.utf8), field: 3, to: &bytes)
    FieldReader.append(nonEmpty: body, field: 4, to: &bytes)
    FieldReader.append(nonEmpty: signature, field: 5, to: &bytes)
    return bytes
  }

  /// Reads what ``encoded(signature:)`` wrote, and nothing else.
  static func decode(
    _ bytes: [UInt8]
  ) throws(ObjectError) -> (message: GroupMessage, signature: [UInt8]) {
    guard bytes.count <= Limit.byteCount else { throw .tooLarge(limit: Limit.byteCount) }
    var reader = FieldReader(bytes[...])
    guard let authorBytes = reader.contents(field: 1), let created = reader.number(field: 2),
      let client = reader.contents(field: 3), let body = reader.contents(field: 4),
      let signature = reader.contents(field: 5), reader.isAtEnd
    else { throw .notCanonical }
    guard let author = DeviceID(authorBytes) else { throw .badField("author") }
    guard signature.count == Signature.byteCount else { throw .badField("signature") }
    let message = GroupMessage(
      author: author, created: created, client: String(decoding: client, as: UTF8.self),
      body: Array(body))
    // Only ASCII passes, so no two encodings give the same name.
    guard message.hasGoodClient else { throw .badField("client") }
    return (message, Array(signature))
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
    let digest = signedDigest(of: message, headerBytes: header.encoded, boxes: boxes)
    let payload = try Payload.encode(
      message.encoded(signature: signing.sign(digest)), padded: true)
    return try SealedObject(header: header, sealing: payload, boxes: boxes, key: key)
  }

  /// Opens a message. Its signature is not verified: see ``isSigned(_:by:)``.
  ///
  /// - Throws: ``ObjectError``; ``ObjectError/keyMissing(_:)`` may change when a grant arrives.
  package func openMessage(with keys: GroupKeys) throws(ObjectError) -> OpenedMessage {
    guard header.objectClass == .messages else { throw .badField("kind") }
    let content = try openPayload(with: keys)
    let (message, signature) = try GroupMessage.decode(content)
    return OpenedMessage(message: message, signature: signature)
  }

  /// Whether what this object was opened to is signed by the device of that card, its author.
  package func isSigned(_ opened: OpenedMessage, by card: Card) -> Bool {
    card.deviceID == opened.message.author && isSigned(opened, by: card.signingKey)
  }

  /// Whether what this object was opened to is signed by `key`. About 40 microseconds.
  package func isSigned(_ opened: OpenedMessage, by key: SigningPublicKey) -> Bool {
    let digest = SealedObject.signedDigest(
      of: opened.message, headerBytes: Array(headerBytes), boxes: boxes)
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
