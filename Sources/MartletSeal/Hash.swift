internal import CSodium

/// BLAKE2b-256, plain, labelled and keyed.
package enum Hash {
  /// Plain BLAKE2b-256, as `b2sum -l 256` prints it.
  package static func plain(_ bytes: RawSpan) -> Digest {
    Sodium.start()
    return bytes.withUnsafeBytes { input in
      Digest { out in
        _ = crypto_generichash(
          out, Digest.byteCount, input.baseAddress?.assumingMemoryBound(to: UInt8.self),
          UInt64(input.count), nil, 0)
      }
    }
  }

  /// Plain BLAKE2b-256, as `b2sum -l 256` prints it.
  package static func plain(_ bytes: [UInt8]) -> Digest { plain(bytes.span.bytes) }

  /// Labelled BLAKE2b-256, optionally keyed, over the concatenation of parts.
  ///
  /// Parts are not separated: a caller whose parts vary in length writes their lengths too.
  package static func labelled(
    _ label: Label, key: SecretKey? = nil, _ parts: [UInt8]...
  ) -> Digest {
    var hasher = LabelledHasher(label, key: key)
    for part in parts { hasher.update(part.span.bytes) }
    return hasher.finish()
  }

  /// Labelled BLAKE2b-256 of two digests, one behind the other: the same as by a
  /// ``LabelledHasher``, for what is hashed by the million.
  package static func labelled(_ label: Label, _ first: Digest, _ second: Digest) -> Digest {
    Sodium.start()
    let input = (
      first.words.0.bigEndian, first.words.1.bigEndian, first.words.2.bigEndian,
      first.words.3.bigEndian, second.words.0.bigEndian, second.words.1.bigEndian,
      second.words.2.bigEndian, second.words.3.bigEndian
    )
    return withUnsafeBytes(of: input) { input in
      label.withPersonalisation { personal in
        Digest { out in
          _ = crypto_generichash_blake2b_salt_personal(
            out, Digest.byteCount, input.baseAddress?.assumingMemoryBound(to: UInt8.self),
            UInt64(input.count), nil, 0, nil, personal)
        }
      }
    }
  }
}

/// A labelled BLAKE2b-256 that takes its input in pieces.
package struct LabelledHasher: ~Copyable {
  // The library keeps its state's layout to itself, and wants it aligned to 64 bytes.
  private let state: UnsafeMutableRawPointer

  package init(_ label: Label, key: SecretKey? = nil) {
    Sodium.start()
    state = .allocate(byteCount: crypto_generichash_blake2b_statebytes(), alignment: 64)
    label.withPersonalisation { personal in
      if let key {
        key.withBytes { bytes in
          _ = crypto_generichash_blake2b_init_salt_personal(
            OpaquePointer(state), bytes, SecretKey.byteCount, Digest.byteCount, nil, personal)
        }
      } else {
        _ = crypto_generichash_blake2b_init_salt_personal(
          OpaquePointer(state), nil, 0, Digest.byteCount, nil, personal)
      }
    }
  }

  deinit {
    sodium_memzero(state, crypto_generichash_blake2b_statebytes())
    state.deallocate()
  }

  package mutating func update(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { update($0) }
  }

  package mutating func update(_ bytes: [UInt8]) { update(bytes.span.bytes) }

  package mutating func update(_ digest: Digest) {
    digest.withRawBytes { update($0) }
  }

  /// Adds a length or number as eight little-endian bytes.
  package mutating func update(_ number: UInt64) {
    withUnsafeBytes(of: number.littleEndian) { update($0) }
  }

  private mutating func update(_ input: UnsafeRawBufferPointer) {
    _ = crypto_generichash_blake2b_update(
      OpaquePointer(state), input.baseAddress?.assumingMemoryBound(to: UInt8.self),
      UInt64(input.count))
  }

  package consuming func finish() -> Digest {
    Digest { out in
      _ = crypto_generichash_blake2b_final(OpaquePointer(state), out, Digest.byteCount)
    }
  }

  /// Writes the 32 bytes where they are wanted, so that a secret result has no second copy.
  consuming func finish(into output: UnsafeMutablePointer<UInt8>) {
    _ = crypto_generichash_blake2b_final(OpaquePointer(state), output, Digest.byteCount)
  }
}
