package import MartletSeal

/// The plaintext of a segment, its 16-byte head included.
package struct PlainSegment: Equatable, Sendable {
  package let index: UInt64
  package let isFinal: Bool
  package let bytes: [UInt8]

  package init(index: UInt64, isFinal: Bool, bytes: [UInt8]) {
    self.index = index
    self.isFinal = isFinal
    self.bytes = bytes
  }
}

/// Seals segments; many threads may use one at the same time.
package struct SegmentSealer: Sendable {
  private let cipher: SegmentCipher

  package init(header: BundleHeader, bundleKey: SecretKey) {
    cipher = SegmentCipher(header: header, bundleKey: bundleKey)
  }

  /// The bytes that stand in the file, 16 more than the plaintext.
  ///
  /// - Precondition: No other bytes were sealed with this index and final flag.
  package func seal(_ segment: PlainSegment) -> [UInt8] {
    precondition(cipher.holds(segment.bytes.count, segment.isFinal), "a segment of wrong length")
    return AuthenticatedCipher.seal(
      segment.bytes.span.bytes, associated: SegmentCipher.nothing.span.bytes,
      nonce: cipher.nonce(segment.index, segment.isFinal), key: cipher.key)
  }
}

/// Opens segments; many threads may use one at the same time.
package struct SegmentOpener: Sendable {
  private let cipher: SegmentCipher

  package init(header: BundleHeader, bundleKey: SecretKey) {
    cipher = SegmentCipher(header: header, bundleKey: bundleKey)
  }

  /// The plaintext of a segment; made where the sealed bytes stand, if nobody else holds them.
  ///
  /// - Throws: ``BundleError/notAuthentic(segment:)`` if it was altered, moved, is of wrong length,
  ///   or is final and said not to be, or the other way round.
  package func open(
    index: UInt64, isFinal: Bool, _ sealed: consuming [UInt8]
  ) throws(BundleError) -> PlainSegment {
    guard cipher.holds(sealed.count - AuthenticatedCipher.overhead, isFinal) else {
      throw .notAuthentic(segment: index)
    }
    var bytes = sealed
    guard
      AuthenticatedCipher.open(
        inPlace: &bytes, associated: SegmentCipher.nothing.span.bytes,
        nonce: cipher.nonce(index, isFinal), key: cipher.key)
    else { throw .notAuthentic(segment: index) }
    return PlainSegment(index: index, isFinal: isFinal, bytes: bytes)
  }
}

private struct SegmentCipher: Sendable {
  static let nothing: [UInt8] = []
  let key: SecretKey
  let prefix: [UInt8]
  let byteCount: Int

  init(header: BundleHeader, bundleKey: SecretKey) {
    key = bundleKey.derived(.bundleStream, over: header.hash.bytes)
    prefix = header.prefix
    byteCount = 1 << Int(header.segmentByteCountLog2)
  }

  func holds(_ count: Int, _ isFinal: Bool) -> Bool {
    isFinal ? (16...byteCount).contains(count) : count == byteCount
  }

  func nonce(_ index: UInt64, _ isFinal: Bool) -> [UInt8] {
    prefix + (0..<8).map { UInt8(truncatingIfNeeded: index >> (56 - 8 * UInt64($0))) }
      + [isFinal ? 1 : 0]
  }
}
