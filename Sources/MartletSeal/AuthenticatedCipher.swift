internal import CSodium

/// XChaCha20-Poly1305: secrecy and authenticity under one key, with 24-byte nonces.
package enum AuthenticatedCipher {
  package static let nonceByteCount = 24
  /// By how much the sealed form is longer than the plaintext.
  package static let overhead = 16

  /// Seals `plaintext`, binding `associated`, which is not part of the result.
  ///
  /// - Parameters:
  ///   - prefix: What the result begins with, as it is.
  ///   - capacity: How much room the result has at least: more may be appended to it.
  /// - Precondition: `nonce` has 24 bytes and was never used with `key` for other bytes.
  package static func seal(
    _ plaintext: RawSpan, associated: RawSpan, nonce: [UInt8], key: SecretKey,
    behind prefix: [UInt8] = [], capacity: Int = 0
  ) -> [UInt8] {
    precondition(nonce.count == nonceByteCount, "a nonce has 24 bytes")
    Sodium.start()
    return plaintext.withUnsafeBytes { input in
      associated.withUnsafeBytes { data in
        let length = prefix.count + input.count + overhead
        return [UInt8](unsafeUninitializedCapacity: max(length, capacity)) { buffer, count in
          guard let output = buffer.baseAddress else { return }
          prefix.withUnsafeBufferPointer { start in
            if let source = start.baseAddress {
              output.initialize(from: source, count: start.count)
            }
          }
          key.withBytes { keyBytes in
            _ = crypto_aead_xchacha20poly1305_ietf_encrypt(
              output + prefix.count, nil,
              input.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(input.count),
              data.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(data.count),
              nil, nonce, keyBytes)
          }
          count = length
        }
      }
    }
  }

  /// Opens what `seal` made; nil if key, nonce, associated or sealed bytes differ by any bit.
  package static func open(
    _ sealed: RawSpan, associated: RawSpan, nonce: [UInt8], key: SecretKey
  ) -> [UInt8]? {
    guard nonce.count == nonceByteCount, sealed.byteCount >= overhead else { return nil }
    Sodium.start()
    let length = sealed.byteCount - overhead
    var authentic = false
    let plaintext = sealed.withUnsafeBytes { input in
      associated.withUnsafeBytes { data in
        [UInt8](unsafeUninitializedCapacity: max(length, 1)) { buffer, count in
          guard let source = input.baseAddress, let output = buffer.baseAddress else { return }
          let result = key.withBytes { keyBytes in
            crypto_aead_xchacha20poly1305_ietf_decrypt(
              output, nil, nil, source.assumingMemoryBound(to: UInt8.self), UInt64(input.count),
              data.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(data.count),
              nonce, keyBytes)
          }
          authentic = result == 0
          count = authentic ? length : 0
        }
      }
    }
    return authentic ? plaintext : nil
  }

  /// Opens what `seal` made where it stands: `bytes` become the plaintext, and are of no use where
  /// this returns false.
  package static func open(
    inPlace bytes: inout [UInt8], associated: RawSpan, nonce: [UInt8], key: SecretKey
  ) -> Bool {
    guard nonce.count == nonceByteCount, bytes.count >= overhead else { return false }
    Sodium.start()
    let result = bytes.withUnsafeMutableBufferPointer { buffer -> Int32 in
      guard let start = buffer.baseAddress else { return -1 }
      return associated.withUnsafeBytes { data in
        key.withBytes { keyBytes in
          crypto_aead_xchacha20poly1305_ietf_decrypt(
            start, nil, nil, start, UInt64(buffer.count),
            data.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(data.count), nonce,
            keyBytes)
        }
      }
    }
    guard result == 0 else { return false }
    bytes.removeLast(overhead)
    return true
  }
}
