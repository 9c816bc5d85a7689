internal import MartletSeal

/// How long a bundle can become, before any of it is written.
package enum BundleLength {
  /// A length that the file of a bundle does not exceed, padding included.
  ///
  /// - Parameter recordByteCount: Of all objects as they are stored: their records are shorter.
  package static func bound(
    recipients: Int, preludeByteCount: Int, recordByteCount: UInt64, segmentByteCountLog2: UInt8
  ) -> UInt64 {
    let header = BundleHeader.byteCount(slots: BundleHeader.slotCount(recipients: recipients) ?? 1)
    let room = BundleHeader.segmentByteCount(log2: segmentByteCountLog2) - SegmentHead.byteCount
    let (stream, isTooLarge) = recordByteCount.addingReportingOverflow(
      UInt64(max(0, preludeByteCount)))
    guard !isTooLarge, stream < 1 << 62 else { return .max }
    let segments = stream / UInt64(max(1, room)) + 1
    let length =
      UInt64(header) + stream
      + segments * UInt64(SegmentHead.byteCount + AuthenticatedCipher.overhead)
    // Where a length cannot be reached, the next is taken.
    return Padding.padded(Padding.padded(length) + 1)
  }
}
