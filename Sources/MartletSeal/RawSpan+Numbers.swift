extension RawSpan {
  /// Eight bytes as a number, least byte first.
  /// - Precondition: They are there.
  @inlinable package func number64(at offset: Int) -> UInt64 {
    UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// Four bytes as a number, least byte first.
  /// - Precondition: They are there.
  @inlinable package func number32(at offset: Int) -> UInt32 {
    UInt32(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// One byte.
  /// - Precondition: It is there.
  @inlinable package func byte(at offset: Int) -> UInt8 {
    unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }
}

extension MutableRawSpan {
  /// Writes a number, least byte first.
  /// - Precondition: There is room.
  @inlinable package mutating func store(_ number: UInt64, at offset: Int) {
    storeBytes(of: number.littleEndian, toByteOffset: offset, as: UInt64.self)
  }

  /// Writes a number, least byte first.
  /// - Precondition: There is room.
  @inlinable package mutating func store(_ number: UInt32, at offset: Int) {
    storeBytes(of: number.littleEndian, toByteOffset: offset, as: UInt32.self)
  }

  /// Writes the 32 bytes of a digest.
  /// - Precondition: There is room.
  package mutating func store(_ digest: Digest, at offset: Int) {
    storeBytes(of: digest.words.0.bigEndian, toByteOffset: offset, as: UInt64.self)
    storeBytes(of: digest.words.1.bigEndian, toByteOffset: offset + 8, as: UInt64.self)
    storeBytes(of: digest.words.2.bigEndian, toByteOffset: offset + 16, as: UInt64.self)
    storeBytes(of: digest.words.3.bigEndian, toByteOffset: offset + 24, as: UInt64.self)
  }
}
