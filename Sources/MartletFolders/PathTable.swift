package import MartletFileSystem

/// Paths one behind the other, each by what it does not share with the one before: for each how
/// many bytes it shares, how many follow, and these, the numbers as varints in their shortest form.
package enum PathTable {
  package static func encode(_ paths: some Sequence<RelativePath>) -> [UInt8] {
    var bytes: [UInt8] = []
    var before: [UInt8] = []
    for path in paths {
      let path = path.bytes
      var shared = 0
      while shared < min(before.count, path.count), before[shared] == path[shared] { shared += 1 }
      append(shared, to: &bytes)
      append(path.count - shared, to: &bytes)
      bytes += path[shared...]
      before = path
    }
    return bytes
  }

  /// - Parameters:
  ///   - countLimit: The most paths.
  ///   - byteLimit: The most bytes of all paths together: a few bytes can stand for long ones.
  /// - Returns: Nil for what ``encode(_:)`` does not write, and beyond the limits.
  package static func decode(
    _ bytes: [UInt8], countLimit: Int, byteLimit: Int
  ) -> [RelativePath]? {
    var paths: [RelativePath] = []
    var before: [UInt8] = []
    var sum = 0
    var at = 0
    while at < bytes.count {
      guard let shared = number(bytes, &at), let rest = number(bytes, &at),
        shared <= before.count, rest <= bytes.count - at, paths.count < countLimit
      else { return nil }
      // As much is shared as can be.
      if rest > 0, shared < before.count, before[shared] == bytes[at] { return nil }
      sum += shared + rest
      guard sum <= byteLimit else { return nil }
      var path: [UInt8] = []
      path.reserveCapacity(shared + rest)
      path += before[..<shared]
      path += bytes[at..<at + rest]
      at += rest
      paths.append(RelativePath(path))
      before = path
    }
    return paths
  }

  private static func append(_ number: Int, to bytes: inout [UInt8]) {
    var rest = UInt(bitPattern: number)
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// A number of at most 28 bits.
  private static func number(_ bytes: [UInt8], _ at: inout Int) -> Int? {
    var value = 0
    var shift = 0
    while at < bytes.count, shift < 28 {
      let byte = bytes[at]
      at += 1
      value |= Int(byte & 0x7F) << shift
      if byte < 0x80 { return byte == 0 && shift > 0 ? nil : value }
      shift += 7
    }
    return nil
  }
}
