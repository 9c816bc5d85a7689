package import MartletSeal
package import MartletWire

/// What stands before the records: the manifest that the sender signed, and the section that is
/// for us.
///
/// Stream: manifest length u32 · manifest · signature 64 · and for each recipient, in the order of
/// the manifest: length u32 · nonce 24 · sealed section.
package struct BundlePrelude: Equatable, Sendable {
  package let manifest: Manifest
  /// The one for this device.
  package let section: Section
  /// Bytes before the first record in the stream.
  package let byteCount: Int

  static let lengthByteCount = 4
  /// Nonce and authentication tag.
  static let sectionOverhead = AuthenticatedCipher.nonceByteCount + AuthenticatedCipher.overhead

  /// What the sender signs.
  static func signedDigest(of manifest: [UInt8]) -> Digest { Hash.labelled(.manifest, manifest) }

  /// The name by which a manifest binds a section: of its nonce and its sealed bytes.
  static func hash(ofSection bytes: [UInt8]) -> Digest { Hash.labelled(.section, bytes) }
}

extension BundlePrelude {
  /// Seals the sections, binds them in the manifest and signs it.
  ///
  /// - Parameters:
  ///   - manifest: Its section hashes are filled in here.
  ///   - sections: For each recipient of the manifest, in that order, with the section key that
  ///     its slot in the header gives.
  /// - Throws: ``BundleError/badSlotCount`` unless there is a section for each recipient,
  ///   ``BundleError/manifestNotAuthentic`` unless the key is that of the manifest's card,
  ///   ``BundleError/preludeTooLarge(limit:)``, or ``BundleError/badManifest(_:)`` for a manifest
  ///   that nobody would accept.
  package static func encode(
    _ manifest: Manifest, sections: [(Section, SecretKey)], signing: SigningKeyPair,
    random: any RandomSource
  ) throws(BundleError) -> [UInt8] {
    guard sections.count == manifest.recipients.count else { throw .badSlotCount }
    guard manifest.card.signingKey == signing.publicKey else { throw .manifestNotAuthentic }
    let associated = manifest.headerHash.bytes
    var manifest = manifest
    manifest.sectionHashes = []
    var tail: [UInt8] = []
    for (section, key) in sections {
      let nonce = random.bytes(AuthenticatedCipher.nonceByteCount)
      let sealed = AuthenticatedCipher.seal(
        section.encoded.span.bytes, associated: associated.span.bytes, nonce: nonce, key: key)
      let bytes = nonce + sealed
      manifest.sectionHashes.append(hash(ofSection: bytes))
      LittleEndian.append(UInt32(clamping: bytes.count), to: &tail)
      tail += bytes
      guard tail.count <= Limits.manifestByteCount else {
        throw .preludeTooLarge(limit: Limits.manifestByteCount)
      }
    }
    let encoded = manifest.encoded
    let total = lengthByteCount + encoded.count + Signature.byteCount + tail.count
    guard total <= Limits.manifestByteCount else {
      throw .preludeTooLarge(limit: Limits.manifestByteCount)
    }
    // A bundle that no reader takes would be noticed only after it had travelled.
    do throws(WireError) {
      _ = try Manifest(decoding: encoded)
    } catch { throw .badManifest(error) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(total)
    LittleEndian.append(UInt32(clamping: encoded.count), to: &bytes)
    bytes += encoded
    bytes += signing.sign(signedDigest(of: encoded))
    bytes += tail
    return bytes
  }
}
