/// Numbers of fixed size, the lowest byte first.
enum LittleEndian {
  static func append(_ number: UInt32, to bytes: inout [UInt8]) {
    for shift in 0..<4 as Range<UInt32> {
      bytes.append(UInt8(truncatingIfNeeded: number >> (8 * shift)))
    }
  }

  static func write(_ number: UInt64, byteCount: Int, to bytes: inout [UInt8], at offset: Int) {
    for index in 0..<byteCount {
      bytes[offset + index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))
    }
  }

  /// Reads up to eight bytes; nil beyond the end.
  static func read(_ bytes: [UInt8], at offset: Int, byteCount: Int) -> UInt64? {
    guard offset >= 0, byteCount <= 8, bytes.count - offset >= byteCount else { return nil }
    var number: UInt64 = 0
    for index in (offset..<offset + byteCount).reversed() {
      number = number << 8 | UInt64(bytes[index])
    }
    return number
  }
}
