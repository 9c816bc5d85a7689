/// How many of which submessages an encoding may hold, and how short they can be: looked at before
/// anything is decoded, because two bytes on the wire make a hundred in memory.
struct Shape: Sendable {
  /// A repeated field: the least bytes that one of them has, the most of them, what is in them.
  struct Field: Sendable {
    var least: Int
    var most: Int
    var inner: [UInt64: Field] = [:]
  }

  var fields: [UInt64: Field]

  static let manifest = Shape(fields: [
    2: Field(least: 32, most: Limits.recipientCount),
    3: Field(least: 32, most: Limits.recipientCount),
    6: Field(least: 32, most: 1 << 16),
    8: Field(
      least: 36, most: 2 * Limits.groupCount,
      inner: [
        4: Field(least: 32, most: 1 << 16),
        5: Field(
          least: 36, most: Limits.runCount,
          inner: [4: Field(least: 34, most: 1 << 22)]),
        6: Field(least: 32, most: 1 << 18),
      ]),
  ])

  static let section = Shape(fields: [
    4: Field(
      least: 36, most: 2 * Limits.groupCount,
      inner: [
        4: Field(least: 18, most: Lineage.limit),
        5: Field(least: 80, most: Limits.runCount),
        6: Field(least: 66, most: Limits.runCount),
        7: Field(least: 18, most: Lineage.limit),
        9: Field(least: 32, most: 1 << 18),
        10: Field(least: 32, most: 1 << 18),
        11: Field(least: 55, most: Limits.runCount),
        15: Field(least: 132, most: Limits.memberCount),
      ]),
    5: Field(least: 32, most: 1 << 18),
  ])

  /// - Throws: ``WireError/tooLarge(limit:)`` for too many of a field, ``WireError/malformed`` for one
  ///   that is shorter than any can be, or bytes that are no fields.
  func check(_ bytes: [UInt8]) throws(WireError) {
    try Self.check(bytes.span, fields)
  }

  private static func check(_ bytes: Span<UInt8>, _ fields: [UInt64: Field]) throws(WireError) {
    var counts: [UInt64: Int] = [:]
    var index = 0
    while index < bytes.count {
      let tag = try varint(bytes, &index)
      switch tag & 7 {
      case 0: _ = try varint(bytes, &index)
      case 2:
        let length = try varint(bytes, &index)
        guard length <= UInt64(bytes.count - index) else { throw .malformed }
        let end = index + Int(length)
        if let field = fields[tag >> 3] {
          let count = (counts[tag >> 3] ?? 0) + 1
          guard count <= field.most else { throw .tooLarge(limit: field.most) }
          guard Int(length) >= field.least else { throw .malformed }
          counts[tag >> 3] = count
          if !field.inner.isEmpty { try check(bytes.extracting(index..<end), field.inner) }
        }
        index = end
      default: throw .malformed
      }
    }
  }

  private static func varint(_ bytes: Span<UInt8>, _ index: inout Int) throws(WireError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while index < bytes.count, shift < 64 {
      let byte = bytes[index]
      index += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw .malformed
  }
}
