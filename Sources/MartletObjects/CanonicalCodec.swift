internal import FoundationEssentials
package import SwiftProtobuf

/// The one encoding of a protobuf message.
package enum CanonicalCodec {
  /// Fields in ascending order, defaults left out, no unknown fields.
  package static func encode(_ message: some Message) -> [UInt8] {
    // Nothing here has required fields, so this fails only past 2 GiB, which limits forbid.
    (try? message.serializedBytes()) ?? []
  }

  /// Reads a message whose encoding is `bytes` and nothing else.
  ///
  /// - Parameter fieldLimit: The most fields at the top level, counted before anything is decoded.
  /// - Throws: ``ObjectError/tooLarge(limit:)`` or ``ObjectError/notCanonical``.
  package static func decode<Content: Message>(
    _ bytes: [UInt8], as type: Content.Type = Content.self, fieldLimit: Int
  ) throws(ObjectError) -> Content {
    guard bytes.count <= Limit.byteCount else { throw .tooLarge(limit: Limit.byteCount) }
    try count(fieldsOf: bytes[...], limit: fieldLimit)
    var options = BinaryDecodingOptions()
    options.discardUnknownFields = true
    guard
      let message = try? Content(serializedBytes: bytes, extensions: nil, options: options),
      encode(message) == bytes
    else { throw .notCanonical }
    return message
  }

  /// Counts fields without allocating, and stops at the limit.
  static func count(fieldsOf bytes: ArraySlice<UInt8>, limit: Int) throws(ObjectError) {
    var reader = FieldReader(bytes)
    var fields = 0
    while !reader.isAtEnd {
      fields += 1
      guard fields <= limit else { throw .tooLarge(limit: limit) }
      guard reader.skip() else { throw .notCanonical }
    }
  }
}

/// The greatest length of anything that is encoded.
enum Limit {
  static let byteCount = 8 << 20
}

extension Data {
  init(of bytes: [UInt8]) { self.init(bytes) }
  var array: [UInt8] { [UInt8](self) }
}

/// Walks the fields of an encoded message without allocating.
struct FieldReader {
  private let bytes: ArraySlice<UInt8>
  private var index: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    index = bytes.startIndex
  }

  var isAtEnd: Bool { index == bytes.endIndex }

  /// The contents of the length-delimited field that starts here, if it has this number.
  mutating func bytes(field: UInt64) -> ArraySlice<UInt8>? {
    let start = index
    guard varint() == field << 3 | 2, let length = varint(),
      length <= UInt64(bytes.endIndex - index)
    else {
      index = start
      return nil
    }
    let end = index + Int(length)
    defer { index = end }
    return bytes[index..<end]
  }

  /// The contents of that field; none where it is left out, nil where it is there and empty, which
  /// nobody writes.
  mutating func contents(field: UInt64) -> ArraySlice<UInt8>? {
    guard let contents = bytes(field: field) else { return [] }
    return contents.isEmpty ? nil : contents
  }

  /// The number of that field; 0 where it is left out, nil where it is there and 0 or not in its
  /// shortest form.
  mutating func number(field: UInt64) -> UInt64? {
    let start = index
    guard varint() == field << 3 else {
      index = start
      return 0
    }
    guard let number = varint(), number != 0 else { return nil }
    return number
  }

  /// Passes one field of wire type varint or length-delimited; the formats have no others.
  mutating func skip() -> Bool {
    guard let tag = varint() else { return false }
    switch tag & 7 {
    case 0: return varint() != nil
    case 2:
      guard let length = varint(), length <= UInt64(bytes.endIndex - index) else { return false }
      index += Int(length)
      return true
    default: return false
    }
  }

  /// A number in its shortest form; nil for any other.
  private mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while index < bytes.endIndex, shift < 64 {
      let byte = bytes[index]
      index += 1
      if shift == 63, byte > 1 { return nil }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return byte == 0 && shift > 0 ? nil : value }
      shift += 7
    }
    return nil
  }

  static func append(field: UInt8, _ contents: [UInt8], to bytes: inout [UInt8]) {
    append(field: field, byteCount: contents.count, to: &bytes)
    bytes.append(contentsOf: contents)
  }

  /// Appends what stands before contents of that length.
  static func append(field: UInt8, byteCount: Int, to bytes: inout [UInt8]) {
    bytes.append(field << 3 | 2)
    append(UInt64(byteCount), to: &bytes)
  }

  /// Appends a field unless it is empty, as the one encoding has it.
  static func append(nonEmpty contents: [UInt8], field: UInt8, to bytes: inout [UInt8]) {
    if !contents.isEmpty { append(field: field, contents, to: &bytes) }
  }

  /// Appends a number unless it is 0, as the one encoding has it.
  static func append(field: UInt8, number: UInt64, to bytes: inout [UInt8]) {
    guard number != 0 else { return }
    bytes.append(field << 3)
    append(number, to: &bytes)
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
