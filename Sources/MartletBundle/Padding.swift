/// To which lengths files are padded.
package enum Padding {
  /// No two lengths that a file may have are further apart, so that the padding stays below
  /// 1 MiB even where a length cannot be reached and the next but one is taken.
  static let stepLimitLog2 = 18

  /// The least length not below `byteCount` that a bundle's file may have: Padmé's (its size is
  /// rounded up so that only log2(log2 n) bits of it differ), with steps of at most 256 KiB.
  package static func padded(_ byteCount: UInt64) -> UInt64 {
    guard byteCount > 2 else { return byteCount }
    let exponent = UInt64.bitWidth - 1 - byteCount.leadingZeroBitCount
    let kept = Int.bitWidth - exponent.leadingZeroBitCount
    let mask = (UInt64(1) << UInt64(min(max(exponent - kept, 0), stepLimitLog2))) - 1
    let (sum, overflow) = byteCount.addingReportingOverflow(mask)
    return overflow ? byteCount : sum & ~mask
  }
}
