internal import CSodium

/// An Ed25519 public key: checks what its device signed.
public struct SigningPublicKey: Hashable, Sendable {
  package let digest: Digest
  package init(_ digest: Digest) { self.digest = digest }
  package var bytes: [UInt8] { digest.bytes }

  /// Whether `signature` is this key's over `message`.
  package func verifies(_ signature: [UInt8], over message: Digest) -> Bool {
    guard signature.count == Signature.byteCount else { return false }
    Sodium.start()
    return crypto_sign_verify_detached(
      signature, message.bytes, UInt64(Digest.byteCount), bytes) == 0
  }
}

package enum Signature {
  package static let byteCount = 64
}

/// An X25519 public key: sealed boxes to its device are made with it.
public struct SealingPublicKey: Hashable, Sendable {
  package let digest: Digest
  package init(_ digest: Digest) { self.digest = digest }
  package var bytes: [UInt8] { digest.bytes }

  /// Whether a secret shared with this key is one: not so for a point of low order.
  package var isUsable: Bool {
    Sodium.start()
    return Secrets.withScratch(byteCount: 32) { point in
      // Any scalar will do: multiples of eight take all points of low order to zero.
      let scalar = [UInt8](repeating: 1, count: 32)
      return crypto_scalarmult(point, scalar, bytes) == 0
    }
  }

  /// An anonymous sealed box that only the holder of the secret half opens.
  ///
  /// The result is 48 bytes longer than the plaintext; nil for a key that is no point of use.
  package func seal(_ plaintext: [UInt8]) -> [UInt8]? {
    Sodium.start()
    var sealed = [UInt8](repeating: 0, count: plaintext.count + SealedBox.overhead)
    guard crypto_box_seal(&sealed, plaintext, UInt64(plaintext.count), bytes) == 0 else {
      return nil
    }
    return sealed
  }

  /// A sealed box with a key in it, of which no copy is left behind.
  package func seal(_ key: SecretKey) -> [UInt8]? {
    var bytes = key.exposedBytes()
    defer { Secrets.wipe(&bytes) }
    return seal(bytes)
  }
}

package enum SealedBox {
  /// By how much a sealed box is longer than what is in it.
  package static let overhead = 48

  /// A box of the right size to a key that is thrown away: padding that looks like a slot.
  package static func decoy(byteCount: Int) -> [UInt8] {
    Sodium.start()
    var publicKey = [UInt8](repeating: 0, count: 32)
    Secrets.withScratch(byteCount: 32) { _ = crypto_box_keypair(&publicKey, $0) }
    var sealed = [UInt8](repeating: 0, count: byteCount + overhead)
    let content = [UInt8](repeating: 0, count: byteCount)
    _ = crypto_box_seal(&sealed, content, UInt64(byteCount), publicKey)
    return sealed
  }
}

/// The secret half of a device's signing key.
package final class SigningKeyPair: Sendable {
  package let publicKey: SigningPublicKey
  // The expanded secret key is the seed and the public key; only the seed is secret.
  private let seed: SecretKey

  package init(seed: SecretKey) {
    Sodium.start()
    self.seed = seed
    let publicDigest = Digest { out in
      Secrets.withScratch(byteCount: 64) { secret in
        seed.withBytes { _ = crypto_sign_seed_keypair(out, secret, $0) }
      }
    }
    publicKey = SigningPublicKey(publicDigest)
  }

  /// Sixty-four bytes that only this key can make over `message`. About 12 microseconds.
  package func sign(_ message: Digest) -> [UInt8] {
    var signature = [UInt8](repeating: 0, count: Signature.byteCount)
    Secrets.withScratch(byteCount: 64) { secret in
      seed.withBytes { secret.update(from: $0, count: 32) }
      publicKey.digest.withRawBytes { bytes in
        if let base = bytes.baseAddress {
          UnsafeMutableRawPointer(secret + 32).copyMemory(from: base, byteCount: 32)
        }
      }
      _ = crypto_sign_detached(
        &signature, nil, message.bytes, UInt64(Digest.byteCount), secret)
    }
    return signature
  }
}

/// The secret half of a device's sealing key.
package final class SealingKeyPair: Sendable {
  package let publicKey: SealingPublicKey
  private let secret: SecretKey

  package init(seed: SecretKey) {
    Sodium.start()
    var publicBytes = [UInt8](repeating: 0, count: 32)
    secret = SecretKey { storage in
      seed.withBytes { seedBytes in
        _ = crypto_box_seed_keypair(&publicBytes, storage, seedBytes)
      }
    }
    publicKey = SealingPublicKey(Digest(publicBytes) ?? .zero)
  }

  /// What is in a sealed box; nil if it is not for this key, or altered.
  package func open(_ sealed: [UInt8]) -> [UInt8]? {
    guard sealed.count >= SealedBox.overhead else { return nil }
    var plaintext = [UInt8](repeating: 0, count: max(1, sealed.count - SealedBox.overhead))
    let result = secret.withBytes {
      crypto_box_seal_open(&plaintext, sealed, UInt64(sealed.count), publicKey.bytes, $0)
    }
    guard result == 0 else { return nil }
    plaintext.removeLast(plaintext.count - (sealed.count - SealedBox.overhead))
    return plaintext
  }

  /// The key in a sealed box, of which no copy is left behind; nil if it is not for this key,
  /// altered, or holds anything but 32 bytes.
  package func openKey(_ sealed: [UInt8]) -> SecretKey? {
    guard sealed.count == SealedBox.overhead + SecretKey.byteCount else { return nil }
    Sodium.start()
    var authentic = false
    let key = SecretKey { output in
      let result = secret.withBytes {
        crypto_box_seal_open(output, sealed, UInt64(sealed.count), publicKey.bytes, $0)
      }
      authentic = result == 0
    }
    return authentic ? key : nil
  }

  /// A secret that only the two ends of this pair of keys can compute, the same at both.
  ///
  /// - Returns: nil for a public key of low order, which would make the secret known to all.
  package func sharedSecret(with other: SealingPublicKey, label: Label) -> SecretKey? {
    Sodium.start()
    var agreed = false
    let point = SecretKey { point in
      agreed = secret.withBytes { crypto_scalarmult(point, $0, other.bytes) } == 0
    }
    guard agreed else { return nil }
    let both = [publicKey.digest, other.digest].sorted()
    return point.derived(label, over: both[0].bytes + both[1].bytes)
  }
}
