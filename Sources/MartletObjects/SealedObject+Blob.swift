package import MartletSeal
package import MartletWire

extension SealedObject {
  /// Seals a chunk of content; the same chunk under the same key is the same object everywhere,
  /// as long as LZ4 compresses it the same way.
  ///
  /// - Throws: ``ObjectError/badField(_:)`` for an empty chunk, or
  ///   ``ObjectError/tooLarge(limit:)``.
  package static func sealBlob(
    _ content: [UInt8], group: GroupID, key: SecretKey
  ) throws(ObjectError) -> SealedObject {
    guard !content.isEmpty else { throw .badField("sealed") }
    var header = ObjectHeader(
      group: group, objectClass: .blobs, keyID: GroupKeys.id(of: key))
    let payload = try Payload.encode(content, padded: false)
    // The nonce depends on every byte it is used for, so no two payloads can share one.
    let unfinished = header.encoded
    var hasher = LabelledHasher(.blobNonce, key: key.derived(.blobNonceKey))
    hasher.update(UInt64(unfinished.count))
    hasher.update(unfinished)
    hasher.update(payload)
    header.nonce = Array(hasher.finish().bytes.prefix(AuthenticatedCipher.nonceByteCount))
    return try SealedObject(header: header, sealing: payload, boxes: [], key: key)
  }

  /// The chunk of content that is sealed in a blob.
  ///
  /// - Throws: ``ObjectError``; ``ObjectError/keyMissing(_:)`` may change when a grant arrives.
  package func openBlob(with keys: GroupKeys) throws(ObjectError) -> [UInt8] {
    guard header.objectClass == .blobs else { throw .badField("kind") }
    let content = try openPayload(with: keys)
    guard !content.isEmpty else { throw .badPayload }
    return content
  }
}
