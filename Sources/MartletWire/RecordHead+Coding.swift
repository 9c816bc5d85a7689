internal import MartletSeal

extension RecordHead {
  /// How many bytes a record takes, as far as its first bytes tell.
  package enum Extent: Equatable, Sendable {
    /// So many, length and sealed bytes included; at most ``RecordHead/recordByteLimit``.
    case bytes(Int)
    /// These bytes are too few to tell; eight are always enough.
    case unknown
    /// No record begins like this.
    case impossible
  }

  /// Reads how long the record is that begins at `start`, looking at no byte from `end` on.
  package static func extent(of bytes: [UInt8], from start: Int, to end: Int) -> Extent {
    guard start >= 0, end <= bytes.count, end - start >= 4 else { return .unknown }
    var headByteCount = 0
    for index in (start..<start + 4).reversed() {
      headByteCount = headByteCount << 8 | Int(bytes[index])
    }
    guard headByteCount > nonceByteCount, headByteCount <= byteLimit else { return .impossible }
    var cursor = Cursor(bytes, start + 4..<min(end, start + 8))
    guard let sealed = cursor.number(limit: UInt64(Limits.objectByteCount)) else {
      return cursor.isCutShort && end - start < 8 ? .unknown : .impossible
    }
    return .bytes(4 + headByteCount + Int(sealed))
  }

  /// Appends the one encoding, without its length.
  ///
  /// - Precondition: The nonce has 24 bytes and every box 150.
  package func append(to bytes: inout [UInt8]) {
    precondition(nonce.count == Self.nonceByteCount, "a nonce has 24 bytes")
    Self.append(UInt64(clamping: sealedByteCount), to: &bytes)
    switch key {
    case .listed(let index): Self.append(UInt64(index) + 1, to: &bytes)
    case .whole(let id):
      bytes.append(0)
      bytes.append(contentsOf: id.bytes)
    }
    bytes.append(contentsOf: nonce)
    Self.append(UInt64(parents.count), to: &bytes)
    for parent in parents {
      switch parent {
      case .back(let distance): Self.append(UInt64(distance), to: &bytes)
      case .whole(let id):
        bytes.append(0)
        bytes.append(contentsOf: id.bytes)
      }
    }
    bytes.append(priority)
    Self.append(expires, to: &bytes)
    Self.append(UInt64(boxes.count), to: &bytes)
    for box in boxes {
      precondition(box.count == Self.boxByteCount, "a box has 150 bytes")
      bytes.append(contentsOf: box)
    }
  }

  /// The one encoding, without its length.
  package var encoded: [UInt8] {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return bytes
  }

  /// Reads the one encoding from exactly these bytes.
  ///
  /// - Throws: ``WireError/malformed`` for bytes that end too early or too late,
  ///   ``WireError/notCanonical`` for a number that is not in its shortest form, and
  ///   ``WireError/badField(_:)`` for one beyond its limit.
  package init(decoding bytes: [UInt8], in range: Range<Int>) throws(WireError) {
    var cursor = Cursor(bytes, range)
    sealedByteCount = Int(
      try cursor.number("sealed_byte_count", limit: UInt64(Limits.objectByteCount)))
    let key = try cursor.number("key", limit: UInt64(UInt32.max))
    if key == 0 {
      self.key = .whole(KeyID(try cursor.digest()))
    } else {
      self.key = .listed(UInt32(truncatingIfNeeded: key - 1))
    }
    nonce = try cursor.bytes(Self.nonceByteCount)
    let parentCount = Int(try cursor.number("parents", limit: UInt64(Limits.parentCount)))
    var parents: [Parent] = []
    parents.reserveCapacity(parentCount)
    for _ in 0..<parentCount {
      let distance = try cursor.number("parents", limit: UInt64(UInt32.max))
      if distance == 0 {
        parents.append(.whole(ObjectID(try cursor.digest())))
      } else {
        parents.append(.back(UInt32(truncatingIfNeeded: distance)))
      }
    }
    self.parents = parents
    priority = try cursor.byte()
    expires = try cursor.number("expires", limit: .max)
    let boxCount = Int(try cursor.number("boxes", limit: UInt64(Limits.boxCount)))
    var boxes: [[UInt8]] = []
    for _ in 0..<boxCount { boxes.append(try cursor.bytes(Self.boxByteCount)) }
    self.boxes = boxes
    guard cursor.isAtEnd else { throw .malformed }
  }

  private static func append(_ number: UInt64, to bytes: inout [UInt8]) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }
}

/// Reads forward through part of an array.
private struct Cursor {
  private let bytes: [UInt8]
  private let end: Int
  private var index: Int
  /// Whether a number ended with the bytes before it ended by itself.
  private(set) var isCutShort = false
  private var isLong = false

  /// - Parameter range: Cut to the array's bounds.
  init(_ bytes: [UInt8], _ range: Range<Int>) {
    self.bytes = bytes
    let range = range.clamped(to: 0..<bytes.count)
    index = range.lowerBound
    end = range.upperBound
  }

  var isAtEnd: Bool { index == end }

  mutating func byte() throws(WireError) -> UInt8 {
    guard index < end else { throw .malformed }
    defer { index += 1 }
    return bytes[index]
  }

  mutating func bytes(_ count: Int) throws(WireError) -> [UInt8] {
    guard end - index >= count else { throw .malformed }
    defer { index += count }
    return Array(bytes[index..<index + count])
  }

  mutating func digest() throws(WireError) -> Digest {
    guard end - index >= Digest.byteCount, let digest = Digest(bytes.span.bytes, at: index) else {
      throw .malformed
    }
    index += Digest.byteCount
    return digest
  }

  mutating func number(_ field: String, limit: UInt64) throws(WireError) -> UInt64 {
    guard let number = number(limit: limit) else {
      if isCutShort { throw .malformed }
      if isLong { throw .notCanonical }
      throw .badField(field)
    }
    return number
  }

  /// Seven bits a byte, the lowest first, in as few bytes as hold it; nil for anything else.
  mutating func number(limit: UInt64) -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while index < end {
      let byte = bytes[index]
      index += 1
      // The tenth byte has one bit left.
      if shift == 63, byte > 1 { return nil }
      value |= UInt64(byte & 0x7F) << shift
      if value > limit { return nil }
      if byte < 0x80 {
        isLong = byte == 0 && shift > 0
        return isLong ? nil : value
      }
      shift += 7
    }
    isCutShort = true
    return nil
  }
}
