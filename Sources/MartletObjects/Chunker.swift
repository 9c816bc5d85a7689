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
    let gear = gear
    let table = gear.span
    var rolling = hash
    for (end, mask) in [
      (Chunker.target, Chunker.rareMask), (Chunker.maximum, Chunker.frequentMask),
    ] {
      let stop = min(bytes.count, end - length)
      while index < stop {
        rolling = (rolling &<< 1) &+ table[Int(bytes[index])]
        index += 1
        if rolling & mask == 0 {
          reset()
          return index
        }
      }
    }
    if length + index == Chunker.maximum {
      reset()
      return index
    }
    hash = rolling
    length += index
    return nil
  }

  /// Starts a new stream.
  package mutating func reset() {
    hash = 0
    length = 0
  }
}
