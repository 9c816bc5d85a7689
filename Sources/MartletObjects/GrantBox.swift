internal import FoundationEssentials
package import MartletSeal
package import MartletWire

/// What a member needs to read a group: the contents of each box of a grant.
package struct GrantBox: Sendable {
  package let group: GroupID
  package let key: SecretKey
  /// Fixed at founding: it keys chunking, so that a new key re-cuts nothing.
  package let groupSecret: SecretKey

  package init(group: GroupID, key: SecretKey, groupSecret: SecretKey) {
    self.group = group
    self.key = key
    self.groupSecret = groupSecret
  }

  static let byteCount = 3 * (2 + 32)
  /// The length of every box.
  package static let sealedByteCount = byteCount + SealedBox.overhead

  /// A box that only the holder of the secret half opens.
  ///
  /// - Throws: ``ObjectError/unusableKey``.
  package func seal(to recipient: SealingPublicKey) throws(ObjectError) -> [UInt8] {
    var wire = Martlet_GrantBox()
    wire.key = Data(of: key.exposedBytes())
    wire.group = Data(of: group.bytes)
    wire.groupSecret = Data(of: groupSecret.exposedBytes())
    guard let box = recipient.seal(CanonicalCodec.encode(wire)) else { throw .unusableKey }
    return box
  }

  /// Opens the box of a grant that is for this device.
  ///
  /// - Returns: nil if none is.
  /// - Throws: ``ObjectError/wrongKeyInBox`` if its key or group is not the header's; the box
  ///   must not be used then. ``ObjectError/notCanonical`` or ``ObjectError/badField(_:)`` for
  ///   contents that are none.
  /// - Complexity: One key agreement (about 50 microseconds) a box.
  package static func open(
    boxesOf grant: SealedObject, with sealing: SealingKeyPair
  ) throws(ObjectError) -> GrantBox? {
    for box in grant.boxes {
      guard let contents = sealing.open(box) else { continue }
      let opened = try GrantBox(decoding: contents)
      guard GroupKeys.id(of: opened.key) == grant.header.keyID,
        opened.group == grant.header.group
      else { throw .wrongKeyInBox }
      return opened
    }
    return nil
  }

  private init(decoding bytes: [UInt8]) throws(ObjectError) {
    let wire = try CanonicalCodec.decode(bytes, as: Martlet_GrantBox.self, fieldLimit: 3)
    guard let key = SecretKey(wire.key) else { throw .badField("key") }
    guard let group = GroupID(wire.group) else { throw .badField("group") }
    guard let secret = SecretKey(wire.groupSecret) else { throw .badField("group_secret") }
    self.init(group: group, key: key, groupSecret: secret)
  }
}

extension GrantBox {
  /// The direct group of two devices: both compute it alone, nobody else can.
  ///
  /// - Throws: ``ObjectError/unusableKey``.
  package static func direct(
    _ own: SealingKeyPair, _ other: SealingPublicKey
  ) throws(ObjectError) -> GrantBox {
    guard let id = own.sharedSecret(with: other, label: .directGroupID),
      let group = GroupID(id.exposedBytes()),
      let key = own.sharedSecret(with: other, label: .directGroupKey),
      let secret = own.sharedSecret(with: other, label: .directGroupSecret)
    else { throw .unusableKey }
    return GrantBox(group: group, key: key, groupSecret: secret)
  }

  /// The id of a created group, which names its founder.
  ///
  /// - Precondition: `nonce` has 32 bytes.
  package static func createdGroupID(founder: DeviceID, nonce: [UInt8]) -> GroupID {
    precondition(nonce.count == 32, "a founder's nonce has 32 bytes")
    return GroupID(Hash.labelled(.groupID, founder.bytes, nonce))
  }
}
