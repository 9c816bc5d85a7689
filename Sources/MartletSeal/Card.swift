/// A device's public keys and name, signed by itself: what people exchange to become peers.
///
/// Binary form: `"MCD1"` · signing key 32 · sealing key 32 · created 8 (unix seconds, little-endian)
/// · name length 1 · name · signature 64.
public struct Card: Hashable, Sendable {
  /// The longest name, in bytes of UTF-8.
  public static let nameLimit = 64
  static let magic = Array("MCD1".utf8)
  static let fixedByteCount = 4 + 32 + 32 + 8 + 1 + Signature.byteCount
  /// The longest binary form.
  package static let byteLimit = fixedByteCount + nameLimit

  public let deviceID: DeviceID
  package let signingKey: SigningPublicKey
  package let sealingKey: SealingPublicKey
  /// When the card was made, in seconds since 1970, by its device's clock.
  public let created: UInt64
  /// The name its owner gave the device. Foreign text: escape it before a terminal sees it.
  public let name: String
  private let signature: [UInt8]

  /// Makes and signs the card of an identity.
  ///
  /// - Throws: ``CardError/badName`` unless the name has 1 to 64 bytes and no control or
  ///   format characters.
  package init(identity: Identity, name: String, created: UInt64) throws(CardError) {
    guard Card.isGood(name: Array(name.utf8)) else { throw .badName }
    deviceID = identity.deviceID
    signingKey = identity.signing.publicKey
    sealingKey = identity.sealing.publicKey
    self.created = created
    self.name = name
    let signed = Card.signedBytes(signingKey, sealingKey, created, Array(name.utf8))
    signature = identity.signing.sign(Hash.labelled(.card, signed))
  }

  /// Reads the binary form and checks its signature.
  package init(decoding bytes: [UInt8]) throws(CardError) {
    guard bytes.count >= Card.fixedByteCount else { throw .truncated(offset: bytes.count) }
    guard Array(bytes[0..<4]) == Card.magic else { throw .notACard }
    guard bytes.count <= Card.byteLimit else { throw .tooLong }
    let nameLength = Int(bytes[76])
    guard nameLength <= Card.nameLimit else { throw .tooLong }
    let total = Card.fixedByteCount + nameLength
    guard bytes.count >= total else { throw .truncated(offset: bytes.count) }
    guard bytes.count == total else { throw .trailingBytes }
    let nameBytes = Array(bytes[77..<77 + nameLength])
    guard let signing = Digest(bytes[4..<36]), let sealing = Digest(bytes[36..<68]) else {
      throw .notACard
    }
    var created: UInt64 = 0
    for byte in bytes[68..<76].reversed() { created = created << 8 | UInt64(byte) }
    signingKey = SigningPublicKey(signing)
    sealingKey = SealingPublicKey(sealing)
    self.created = created
    signature = Array(bytes[(77 + nameLength)...])
    let signed = Card.signedBytes(signingKey, sealingKey, created, nameBytes)
    guard signingKey.verifies(signature, over: Hash.labelled(.card, signed)) else {
      throw .notAuthentic
    }
    guard sealingKey.isUsable else { throw .weakKey }
    guard let name = String(validating: nameBytes, as: UTF8.self), Card.isGood(name: nameBytes)
    else { throw .badName }
    self.name = name
    deviceID = Identity.deviceID(signing: signingKey, sealing: sealingKey)
  }

  /// The binary form.
  package var encoded: [UInt8] {
    Card.signedBytes(signingKey, sealingKey, created, Array(name.utf8)) + signature
  }

  private static func signedBytes(
    _ signing: SigningPublicKey, _ sealing: SealingPublicKey, _ created: UInt64, _ name: [UInt8]
  ) -> [UInt8] {
    var bytes = magic + signing.bytes + sealing.bytes
    for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: created >> (8 * UInt64(shift)))) }
    bytes.append(UInt8(truncatingIfNeeded: name.count))
    return bytes + name
  }

  /// 1 to 64 bytes of valid UTF-8 without control or format characters (which could turn
  /// the words around it).
  package static func isGood(name: [UInt8]) -> Bool {
    guard (1...nameLimit).contains(name.count), let text = String(validating: name, as: UTF8.self)
    else { return false }
    return text.unicodeScalars.allSatisfy { scalar in
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator, .format, .surrogate: false
      default: true
      }
    }
  }
}
