/// Intervals in about as few bits as their information takes: counts in Golomb codes of a power of
/// two (R. Rice, "Some practical universal noiseless coding techniques", 1979), gaps, most of which
/// are 1 where single positions are lacking, as lengths of runs of ones in Elias' gamma code.
///
/// One set has one encoding.
enum IntervalCode {
  /// The empty set has no bytes.
  static func encode(_ set: Intervals) -> [UInt8] {
    guard !set.isEmpty else { return [] }
    var bits = BitWriter()
    bits.gamma(UInt64(set.ranges.count))
    let shift = shift(set.count, set.ranges.count)
    bits.gamma(UInt64(shift) + 1)
    for range in set.ranges {
      let value = range.upperBound - range.lowerBound - 1
      bits.unary(value >> UInt64(shift))
      bits.write(value, count: shift)
    }
    let spare = spareGaps(set)
    var index = 0
    while index < spare.count {
      let run = spare[index...].prefix { $0 == 0 }.count
      bits.gamma(UInt64(run) + 1)
      index += run
      guard index < spare.count else { break }
      bits.gamma(spare[index])
      index += 1
    }
    return bits.bytes
  }

  /// - Parameter limit: The most intervals.
  /// - Throws: ``WireError`` for anything but what ``encode(_:)`` writes.
  static func decode(
    _ bytes: [UInt8], limit: Int, _ field: String
  ) throws(WireError) -> Intervals {
    guard !bytes.isEmpty else { return Intervals() }
    var bits = BitReader(bytes)
    guard let count = bits.gamma(), let shiftAndOne = bits.gamma(), shiftAndOne <= 63 else {
      throw .badField(field)
    }
    guard count <= UInt64(limit) else { throw .tooLarge(limit: limit) }
    // Each interval takes a bit at least.
    guard count <= UInt64(bytes.count) * 8 else { throw .badField(field) }
    let shift = Int(shiftAndOne - 1)
    var lengths: [UInt64] = []
    lengths.reserveCapacity(Int(count))
    for _ in 0..<count {
      guard let high = bits.unary(), let low = bits.read(shift), high < 1 << UInt64(63 - shift)
      else { throw .badField(field) }
      lengths.append((high << UInt64(shift) | low) + 1)
    }
    var ranges: [Range<UInt64>] = []
    ranges.reserveCapacity(lengths.count)
    var end: UInt64 = 0
    var zeros: UInt64?
    for length in lengths {
      var spare: UInt64 = 0
      if zeros == nil {
        guard let run = bits.gamma() else { throw .badField(field) }
        zeros = run - 1
      }
      if let left = zeros, left > 0 {
        zeros = left - 1
      } else {
        guard let next = bits.gamma() else { throw .badField(field) }
        spare = next
        zeros = nil
      }
      let (start, overflow) = end.addingReportingOverflow(spare + (ranges.isEmpty ? 0 : 1))
      guard !overflow else { throw .badField(field) }
      let range = try Canonical.range(start, length, field)
      ranges.append(range)
      end = range.upperBound
    }
    let result = Intervals(ascending: ranges)
    guard encode(result) == bytes else { throw .notCanonical }
    return result
  }

  /// The power of two by which lengths are divided: near their mean times ln 2.
  private static func shift(_ total: UInt64, _ count: Int) -> Int {
    let mean = total / UInt64(max(1, count))
    let scaled = mean / 3 * 2 + mean % 3 * 2 / 3
    return scaled < 2 ? 0 : 63 - scaled.leadingZeroBitCount
  }

  /// What gaps have more than they must: the first may be none, the others are 1 at least.
  private static func spareGaps(_ set: Intervals) -> [UInt64] {
    var end: UInt64 = 0
    return set.ranges.enumerated().map { index, range in
      defer { end = range.upperBound }
      return range.lowerBound - end - (index == 0 ? 0 : 1)
    }
  }
}

/// Writes bits, the first into the highest of each byte; the last byte is filled with zeros.
private struct BitWriter {
  private(set) var bytes: [UInt8] = []
  private var used = 8

  private mutating func write(_ bit: Bool) {
    if used == 8 {
      bytes.append(0)
      used = 0
    }
    if bit { bytes[bytes.count - 1] |= 0x80 >> UInt8(used) }
    used += 1
  }

  /// The lowest `count` bits of a number, highest first.
  mutating func write(_ value: UInt64, count: Int) {
    for shift in (0..<max(0, count)).reversed() { write(value >> UInt64(shift) & 1 == 1) }
  }

  mutating func unary(_ value: UInt64) {
    for _ in 0..<value { write(true) }
    write(false)
  }

  /// A number of at least 1.
  mutating func gamma(_ value: UInt64) {
    let count = 64 - max(1, value).leadingZeroBitCount
    write(0, count: count - 1)
    write(value, count: count)
  }
}

private struct BitReader {
  private let bytes: [UInt8]
  private var index = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private mutating func bit() -> Bool? {
    guard index < bytes.count * 8 else { return nil }
    defer { index += 1 }
    return bytes[index >> 3] & 0x80 >> UInt8(index & 7) != 0
  }

  mutating func read(_ count: Int) -> UInt64? {
    var value: UInt64 = 0
    for _ in 0..<max(0, count) {
      guard let bit = bit() else { return nil }
      value = value << 1 | (bit ? 1 : 0)
    }
    return value
  }

  mutating func unary() -> UInt64? {
    var value: UInt64 = 0
    while let bit = bit() {
      guard bit else { return value }
      value += 1
    }
    return nil
  }

  mutating func gamma() -> UInt64? {
    var count = 0
    while let bit = bit() {
      if bit {
        guard count < 63, let rest = read(count) else { return nil }
        return 1 << UInt64(count) | rest
      }
      count += 1
    }
    return nil
  }
}
