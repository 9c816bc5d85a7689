internal import MartletSeal

extension [UInt8] {
  /// Appends a number, least byte first.
  mutating func appendNumber(_ number: some FixedWidthInteger) {
    var rest = UInt64(truncatingIfNeeded: number)
    for _ in 0..<(number.bitWidth / 8) {
      append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }

  /// Reads `byteCount` bytes as a number, least byte first; the caller has checked the bounds.
  func number(at offset: Int, byteCount: Int) -> UInt64 {
    var number: UInt64 = 0
    for index in (offset..<offset + byteCount).reversed() {
      number = number << 8 | UInt64(self[index])
    }
    return number
  }
}

/// A checksum against accidents: the labelled hash of a number and bytes, cut to `byteCount`.
func entryChecksum(
  _ number: UInt64, _ bytes: [UInt8], _ range: Range<Int>, byteCount: Int
) -> [UInt8] {
  var hasher = LabelledHasher(.entry)
  hasher.update(number)
  hasher.update(UInt64(range.count))
  hasher.update(bytes.span.bytes.extracting(range))
  return Array(hasher.finish().bytes.prefix(byteCount))
}
