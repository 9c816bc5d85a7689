package import MartletSeal

/// Cuts a stream into chunks where its contents say so (FastCDC), under a group's secret.
///
/// Feed it spans of any size: where it cuts depends on the bytes alone, so an insertion moves
/// only the boundaries near it.
package struct Chunker: Sendable {
  /// No chunk but the last is shorter.
  package static let minimum = 256 << 10
  /// Below it a boundary is four times rarer, above it four times more frequent.
  package static let target = 1 << 20
  /// No chunk is longer.
  package static let maximum = 4 << 20

  // A boundary follows a byte after which these bits of the hash are zero.
  static let rareMask: UInt64 = ~0 << 42
  static let frequentMask: UInt64 = ~0 << 46

  // An array: reading an InlineArray in the loop copies all of it, and costs a factor of thirty.
  private let gear: [UInt64]
  private var hash: UInt64 = 0
  private var length = 0

  /// - Parameter groupSecret: Who does not know it cannot tell contents by the lengths of chunks.
  package init(groupSecret: SecretKey) {
    var gear = [UInt64](repeating: 0, count: 256)
    for block in 0..<64 {
      var hasher = LabelledHasher(.gearTable, key: groupSecret)
      hasher.update(UInt64(block))
      let bytes = hasher.finish().bytes
      for word in 0..<4 {
        gear[4 * block + word] = bytes[8 * word..<8 * word + 8].reversed()
          .reduce(0) { $0 << 8 | UInt64($1) }
      }
    }
    self.gear = gear
  }

  /// How many bytes the chunk being read has so far. At the end of the stream, the last chunk.
  package var pendingByteCount: Int { length }

  /// Reads on until a chunk ends.
  ///
  /// - Returns: How many bytes of `bytes` belong to the chunk that ends there; give the rest to
  ///   the next call. Nil if all were read and the chunk goes on.
  /// - Complexity: O(*n*); more than a gigabyte a second on one core.
  package mutating func nextBoundary(in bytes: Span<UInt8>) -> Int? {
    var index = min(bytes.count, max(0, Chunker.minimum - length))
    var rolling = hash
    for (end, mask) in [
      (Chunker.target, Chunker.rareMask), (Chunker.maximum, Chunker.frequentMask),
    ] {
      let stop = min(bytes.count, end - length)
      guard index < stop else { continue }
      if let boundary = boundary(in: bytes, index..<stop, mask, &rolling) {
        reset()
        return boundary
      }
      index = stop
    }
    if length + index == Chunker.maximum {
      reset()
      return index
    }
    hash = rolling
    length += index
    return nil
  }

  /// Where the first byte of a range ends after which the hash has none of the mask's bits.
  private func boundary(
    in bytes: Span<UInt8>, _ range: Range<Int>, _ mask: UInt64, _ hash: inout UInt64
  ) -> Int? {
    // Without checks of bounds, which cost more than everything else: a byte is always an index
    // of the table, and the range lies within the bytes.
    precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count && gear.count == 256)
    return bytes.withUnsafeBufferPointer { bytes in
      gear.withUnsafeBufferPointer { table in
        var index = range.lowerBound
        // Four at a time: each step waits for the one before, and so there are fewer of them.
        while range.upperBound &- index >= 4 {
          let word0 = table[Int(bytes[index])]
          let word1 = table[Int(bytes[index &+ 1])]
          let word2 = table[Int(bytes[index &+ 2])]
          let word3 = table[Int(bytes[index &+ 3])]
          let pair = word0 &<< 1 &+ word1
          let hash1 = hash &<< 1 &+ word0
          let hash2 = hash &<< 2 &+ pair
          let hash3 = hash &<< 3 &+ (pair &<< 1 &+ word2)
          hash = hash &<< 4 &+ (pair &<< 2 &+ (word2 &<< 1 &+ word3))
          if hash1 & mask == 0 { return index &+ 1 }
          if hash2 & mask == 0 { return index &+ 2 }
          if hash3 & mask == 0 { return index &+ 3 }
          if hash & mask == 0 { return index &+ 4 }
          index &+= 4
        }
        while index < range.upperBound {
          hash = hash &<< 1 &+ table[Int(bytes[index])]
          index &+= 1
          if hash & mask == 0 { return index }
        }
        return nil
      }
    }
  }

  /// Starts a new stream.
  package mutating func reset() {
    hash = 0
    length = 0
  }
}
