/// A device's two key pairs, made from one seed.
package final class Identity: Sendable {
  package let signing: SigningKeyPair
  package let sealing: SealingKeyPair
  package let deviceID: DeviceID
  let seed: SecretKey

  /// The identity that belongs to a 32-byte seed.
  package init(seed: SecretKey) {
    self.seed = seed
    signing = SigningKeyPair(seed: seed.derived(.signingSeed))
    sealing = SealingKeyPair(seed: seed.derived(.sealingSeed))
    deviceID = Identity.deviceID(signing: signing.publicKey, sealing: sealing.publicKey)
  }

  /// A new identity.
  package convenience init(random: any RandomSource) {
    self.init(seed: SecretKey.random(from: random))
  }

  static func deviceID(signing: SigningPublicKey, sealing: SealingPublicKey) -> DeviceID {
    DeviceID(Hash.labelled(.deviceID, signing.bytes, sealing.bytes))
  }
}
