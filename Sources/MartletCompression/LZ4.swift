internal import CLZ4

/// LZ4 blocks, without a frame: the lengths travel beside them.
package enum LZ4 {
  /// The longest input of either direction, in bytes.
  package static let byteLimit = 16 << 20

  /// A block that decodes to `bytes`, shorter than they are by at least one byte.
  ///
  /// - Returns: nil when LZ4 does not shrink them, or when they are empty or longer than
  ///   ``byteLimit``.
  package static func compress(_ bytes: RawSpan) -> [UInt8]? {
    let length = bytes.byteCount
    guard length > 1, length <= byteLimit, let size = Int32(exactly: length) else { return nil }
    let block = bytes.withUnsafeBytes { input in
      [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
        guard let source = input.baseAddress, let output = buffer.baseAddress else { return }
        let written = LZ4_compress_default(
          source.assumingMemoryBound(to: CChar.self),
          UnsafeMutableRawPointer(output).assumingMemoryBound(to: CChar.self), size, size - 1)
        count = Int(max(written, 0))
      }
    }
    return block.isEmpty ? nil : block
  }

  /// A block that decodes to `bytes`, shorter than they are; nil when LZ4 does not shrink them.
  package static func compress(_ bytes: [UInt8]) -> [UInt8]? { compress(bytes.span.bytes) }

  /// The `decodedByteCount` bytes that a block decodes to, never more and never fewer.
  ///
  /// A changed block may decode to other bytes of that length: LZ4 has no checksum.
  ///
  /// - Throws: ``CompressionError/tooLarge(limit:)`` before anything is allocated, or
  ///   ``CompressionError/malformed`` for bytes that are no block of that decoded length.
  package static func decompress(
    _ block: RawSpan, decodedByteCount: Int
  ) throws(CompressionError) -> [UInt8] {
    guard decodedByteCount <= byteLimit, block.byteCount <= byteLimit else {
      throw .tooLarge(limit: byteLimit)
    }
    // No byte of a block stands for more than 255 bytes, so a small block cannot ask for much.
    guard decodedByteCount > 0, block.byteCount > 0, decodedByteCount <= block.byteCount * 255,
      let blockSize = Int32(exactly: block.byteCount), let size = Int32(exactly: decodedByteCount)
    else { throw .malformed }
    let decoded = block.withUnsafeBytes { input in
      [UInt8](unsafeUninitializedCapacity: decodedByteCount) { buffer, count in
        guard let source = input.baseAddress, let output = buffer.baseAddress else { return }
        let written = LZ4_decompress_safe(
          source.assumingMemoryBound(to: CChar.self),
          UnsafeMutableRawPointer(output).assumingMemoryBound(to: CChar.self), blockSize, size)
        count = Int(max(written, 0))
      }
    }
    guard decoded.count == decodedByteCount else { throw .malformed }
    return decoded
  }
}
