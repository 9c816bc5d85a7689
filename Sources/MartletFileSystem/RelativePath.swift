/// A path below a directory: names with `/` between them, as bytes.
///
/// Ordered as a walk comes by that takes each directory's names in the order of their bytes: what
/// stands below a path follows it directly.
package struct RelativePath: Hashable, Sendable {
  package let bytes: [UInt8]

  /// Takes the bytes as they are; ``flaw`` says whether they name anything.
  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package init(_ text: String) { self.init(Array(text.utf8)) }

  /// The directory itself.
  package static let root = RelativePath([])

  package var isRoot: Bool { bytes.isEmpty }

  /// All before the last name; the root has none.
  package var parent: RelativePath? {
    guard !bytes.isEmpty else { return nil }
    guard let slash = bytes.lastIndex(of: 0x2F) else { return .root }
    return RelativePath(Array(bytes[..<slash]))
  }

  /// The last name; empty for the root.
  package var name: [UInt8] {
    guard let slash = bytes.lastIndex(of: 0x2F) else { return bytes }
    return Array(bytes[(slash + 1)...])
  }

  /// The names, outermost first.
  package var names: [ArraySlice<UInt8>] {
    bytes.split(separator: 0x2F, omittingEmptySubsequences: false)
  }

  package func appending(_ name: some Collection<UInt8>) -> RelativePath {
    var joined: [UInt8] = []
    joined.reserveCapacity(bytes.count + 1 + name.count)
    joined += bytes
    if !bytes.isEmpty { joined.append(0x2F) }
    joined += name
    return RelativePath(joined)
  }

  /// Whether this stands below another path, at any depth.
  package func isBelow(_ other: RelativePath) -> Bool {
    if other.isRoot { return !isRoot }
    return bytes.count > other.bytes.count && bytes[other.bytes.count] == 0x2F
      && bytes.starts(with: other.bytes)
  }

  /// A hash of the path's first bytes.
  package func hash(of count: Int) -> Int {
    var hasher = Hasher()
    bytes.withUnsafeBytes {
      hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0.prefix(max(0, count))))
    }
    return hasher.finalize()
  }

  package func hash(into hasher: inout Hasher) {
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
  }
}

extension RelativePath: Comparable {
  // By words of eight bytes: tens of thousands of paths that begin alike are sorted and looked up.

  package static func == (left: RelativePath, right: RelativePath) -> Bool {
    left.bytes.count == right.bytes.count && left.sharedCount(with: right) == left.bytes.count
  }

  package static func < (left: RelativePath, right: RelativePath) -> Bool {
    let index = left.sharedCount(with: right)
    guard index < left.bytes.count, index < right.bytes.count else {
      return left.bytes.count < right.bytes.count
    }
    // The end of a name comes before any byte in it.
    let one = left.bytes[index]
    let other = right.bytes[index]
    if one == 0x2F { return true }
    return other != 0x2F && one < other
  }

  /// How many bytes both begin with.
  private func sharedCount(with other: RelativePath) -> Int {
    bytes.withUnsafeBytes { left in
      other.bytes.withUnsafeBytes { right in
        let count = min(left.count, right.count)
        var index = 0
        while count - index >= 8 {
          let difference =
            left.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
            ^ right.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
          if difference != 0 { return index + difference.trailingZeroBitCount / 8 }
          index += 8
        }
        while index < count, left[index] == right[index] { index += 1 }
        return index
      }
    }
  }
}

extension RelativePath {
  /// The longest path, in bytes; what Linux takes in one call.
  package static let byteLimit = 4095
  /// The longest name in it, in bytes.
  package static let nameByteLimit = 255

  /// Why no file may have this path; nil if one may.
  package var flaw: Flaw? {
    if bytes.isEmpty { return .empty }
    if bytes.count > Self.byteLimit { return .tooLong }
    if bytes[0] == 0x2F { return .absolute }
    var length = 0
    var dots = 0
    for index in 0...bytes.count {
      guard index < bytes.count, bytes[index] != 0x2F else {
        if length == 0 { return .emptyName }
        if dots == length, dots <= 2 { return .leaves }
        if length > Self.nameByteLimit { return .tooLong }
        (length, dots) = (0, 0)
        continue
      }
      if bytes[index] == 0 { return .zeroByte }
      if bytes[index] == 0x2E { dots += 1 }
      length += 1
    }
    return nil
  }

  package enum Flaw: String, Hashable, Sendable {
    case empty = "the path is empty"
    case tooLong = "the path or a name in it is too long"
    case absolute = "the path is absolute"
    case emptyName = "a name in the path is empty"
    case leaves = "the path leaves the folder"
    case zeroByte = "the path holds a zero byte"
  }
}
