package import MartletSeal
internal import MartletWire

/// Collects the prelude from the first segments of a bundle and checks it.
///
/// It sets aside no more than the prelude's limit and a segment.
package struct PreludeReader: Sendable {
  private let header: BundleHeader
  private let opened: BundleHeader.Opened
  private let own: DeviceID
  private var nextSegment: UInt64 = 0
  private var stream: [UInt8] = []
  private var manifest: Manifest?
  /// Where the next section starts in the stream, and which it is.
  private var sectionStart = 0
  private var sectionIndex = 0
  private var ownSection: [UInt8] = []

  /// - Parameters:
  ///   - opened: What our slot of that header gave.
  ///   - own: The device whose slot it is.
  package init(header: BundleHeader, opened: BundleHeader.Opened, own: DeviceID) {
    self.header = header
    self.opened = opened
    self.own = own
  }

  /// Takes the segments in order, from the first on.
  ///
  /// - Returns: nil as long as the next segment is needed. The prelude may end within this one.
  /// - Throws: ``BundleError/notAuthentic(segment:)`` naming the segment that was to come if
  ///   another did; ``BundleError/preludeTooLarge(limit:)``, ``BundleError/badManifest(_:)``,
  ///   ``BundleError/manifestNotAuthentic``, ``BundleError/manifestOfAnotherBundle`` or
  ///   ``BundleError/badSection``. The reader is of no more use then.
  package mutating func feed(_ segment: PlainSegment) throws(BundleError) -> BundlePrelude? {
    guard segment.index == nextSegment, segment.bytes.count >= SegmentHead.byteCount else {
      throw .notAuthentic(segment: nextSegment)
    }
    nextSegment += 1
    stream += segment.bytes[SegmentHead.byteCount...]
    if let prelude = try read() { return prelude }
    guard !segment.isFinal else { throw .badManifest(.malformed) }
    return nil
  }

  private mutating func read() throws(BundleError) -> BundlePrelude? {
    if manifest == nil {
      guard let bytes = try prefixed(at: 0, followedBy: Signature.byteCount) else { return nil }
      let end = bytes.upperBound + Signature.byteCount
      manifest = try check(Array(stream[bytes]), signature: Array(stream[bytes.upperBound..<end]))
      sectionStart = end
    }
    guard let manifest else { return nil }
    while sectionIndex < manifest.recipients.count {
      guard let range = try prefixed(at: sectionStart, followedBy: 0) else { return nil }
      let bytes = Array(stream[range])
      // Anybody's section that was altered tells of a sender who did not sign what stands here.
      guard BundlePrelude.hash(ofSection: bytes) == manifest.sectionHashes[sectionIndex] else {
        throw .badSection
      }
      if sectionIndex == opened.sectionIndex { ownSection = bytes }
      sectionStart = range.upperBound
      sectionIndex += 1
    }
    return BundlePrelude(manifest: manifest, section: try openSection(), byteCount: sectionStart)
  }

  /// Where the bytes are that a length at `start` announces; nil while there are too few.
  private func prefixed(at start: Int, followedBy tail: Int) throws(BundleError) -> Range<Int>? {
    let width = BundlePrelude.lengthByteCount
    guard let length = LittleEndian.read(stream, at: start, byteCount: width) else { return nil }
    let first = start + width
    guard length <= UInt64(Limits.manifestByteCount),
      first + Int(length) + tail <= Limits.manifestByteCount
    else { throw .preludeTooLarge(limit: Limits.manifestByteCount) }
    let end = first + Int(length)
    return stream.count >= end + tail ? first..<end : nil
  }

  private func check(_ bytes: [UInt8], signature: [UInt8]) throws(BundleError) -> Manifest {
    let manifest: Manifest
    do throws(WireError) {
      manifest = try Manifest(decoding: bytes)
    } catch { throw .badManifest(error) }
    let digest = BundlePrelude.signedDigest(of: bytes)
    guard manifest.card.signingKey.verifies(signature, over: digest) else {
      throw .manifestNotAuthentic
    }
    guard manifest.headerHash == header.hash,
      manifest.recipients.indices.contains(opened.sectionIndex),
      manifest.recipients[opened.sectionIndex] == own
    else { throw .manifestOfAnotherBundle }
    return manifest
  }

  private func openSection() throws(BundleError) -> Section {
    let nonceByteCount = AuthenticatedCipher.nonceByteCount
    guard ownSection.count >= BundlePrelude.sectionOverhead else { throw .badSection }
    let sealed = ownSection.span.bytes.extracting(nonceByteCount..<ownSection.count)
    guard
      let bytes = AuthenticatedCipher.open(
        sealed, associated: header.hash.bytes.span.bytes,
        nonce: Array(ownSection[..<nonceByteCount]), key: opened.sectionKey)
    else { throw .badSection }
    do throws(WireError) { return try Section(decoding: bytes) } catch { throw .badSection }
  }
}
