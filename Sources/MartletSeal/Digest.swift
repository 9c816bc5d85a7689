internal import CSodium

/// Thirty-two bytes that name something: the result of BLAKE2b-256.
public struct Digest: Hashable, Comparable, Sendable {
  /// The length of every digest, in bytes.
  public static let byteCount = 32

  // Four words in big-endian reading, so that comparing words compares bytes.
  @usableFromInline let words: (UInt64, UInt64, UInt64, UInt64)

  /// Thirty-two zero bytes.
  public static let zero = Digest(words: (0, 0, 0, 0))

  init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

  /// Takes exactly 32 bytes; anything else is nil.
  public init?(_ bytes: some Collection<UInt8>) {
    // Arrays, slices and the like have their bytes side by side: most names come in that way.
    let direct = bytes.withContiguousStorageIfAvailable { buffer in
      Digest(UnsafeRawBufferPointer(buffer).bytes, exactly: true)
    }
    if let direct {
      guard let direct else { return nil }
      self = direct
      return
    }
    guard let digest = Digest(Array(bytes).span.bytes, exactly: true) else { return nil }
    self = digest
  }

  private init?(_ span: RawSpan, exactly: Bool) {
    guard span.byteCount == Digest.byteCount else { return nil }
    self.init(span)
  }

  /// Reads 32 bytes at `offset` of a span; nil if it is shorter.
  package init?(_ span: RawSpan, at offset: Int = 0) {
    guard offset >= 0, span.byteCount - offset >= Digest.byteCount else { return nil }
    words = (
      span.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self).bigEndian,
      span.unsafeLoadUnaligned(fromByteOffset: offset + 8, as: UInt64.self).bigEndian,
      span.unsafeLoadUnaligned(fromByteOffset: offset + 16, as: UInt64.self).bigEndian,
      span.unsafeLoadUnaligned(fromByteOffset: offset + 24, as: UInt64.self).bigEndian
    )
  }

  /// Makes a digest by filling its 32 bytes.
  init(filling fill: (UnsafeMutablePointer<UInt8>) -> Void) {
    var raw = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
    withUnsafeMutableBytes(of: &raw) { buffer in
      if let base = buffer.baseAddress { fill(base.assumingMemoryBound(to: UInt8.self)) }
    }
    words = (raw.0.bigEndian, raw.1.bigEndian, raw.2.bigEndian, raw.3.bigEndian)
  }

  /// The 32 bytes.
  public var bytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: Digest.byteCount) { buffer, count in
      withRawBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
      count = Digest.byteCount
    }
  }

  func withRawBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    let raw = (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
    return withUnsafeBytes(of: raw, body)
  }

  /// Sixty-four lower-case hexadecimal digits.
  public var hex: String { Hex.encode(bytes) }

  /// Reads 64 hexadecimal digits; nil for anything else.
  public init?(hex: String) {
    guard let bytes = Hex.decode(hex) else { return nil }
    self.init(bytes)
  }

  public static func == (left: Digest, right: Digest) -> Bool {
    left.words.0 == right.words.0 && left.words.1 == right.words.1
      && left.words.2 == right.words.2 && left.words.3 == right.words.3
  }

  public static func < (left: Digest, right: Digest) -> Bool { left.words < right.words }

  // Digests are uniformly distributed already (or chosen by a peer, whence the seeded hasher).
  public func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
  }
}

extension Digest: CustomStringConvertible {
  public var description: String { hex }
}

/// Hexadecimal digits and the bytes they stand for.
package enum Hex {
  package static func encode(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Lower- or upper-case digits, an even number of them; nil for anything else.
  package static func decode(_ text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    var high: UInt8?
    for digit in digits {
      let value: UInt8
      switch digit {
      case 0x30...0x39: value = digit - 0x30
      case 0x61...0x66: value = digit - 0x61 + 10
      case 0x41...0x46: value = digit - 0x41 + 10
      default: return nil
      }
      if let upper = high {
        bytes.append(upper << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    return bytes
  }
}
