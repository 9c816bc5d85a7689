internal import MartletCompression
internal import MartletWire

/// The bytes that are sealed: tag, decoded length, stored length, stored bytes, zero padding.
enum Payload {
  static let prefixByteCount = 9
  /// Messages are padded to a multiple of this, so that their length says little.
  static let messageMultiple = 64

  /// The payload of `content`, compressed if that shrinks it.
  static func encode(_ content: [UInt8], padded: Bool) throws(ObjectError) -> [UInt8] {
    guard content.count <= Limits.objectByteCount, let decoded = UInt32(exactly: content.count)
    else { throw .tooLarge(limit: Limits.objectByteCount) }
    let block = LZ4.compress(content)
    let stored = block ?? content
    var bytes: [UInt8] = []
    bytes.reserveCapacity(prefixByteCount + stored.count + messageMultiple)
    bytes.append(block == nil ? 0 : 1)
    append(decoded, to: &bytes)
    append(UInt32(truncatingIfNeeded: stored.count), to: &bytes)
    bytes.append(contentsOf: stored)
    if padded {
      bytes.append(contentsOf: repeatElement(0, count: padding(after: bytes.count)))
    }
    return bytes
  }

  /// What a payload holds.
  ///
  /// - Throws: ``ObjectError/badPayload`` for anything `encode` does not make, up to the choice
  ///   of LZ4's matches; ``ObjectError/tooLarge(limit:)`` before allocating.
  static func decode(_ payload: [UInt8], padded: Bool) throws(ObjectError) -> [UInt8] {
    guard payload.count >= prefixByteCount else { throw .badPayload }
    let decoded = Int(number(in: payload, at: 1))
    let storedLength = Int(number(in: payload, at: 5))
    guard decoded <= Limits.objectByteCount else {
      throw .tooLarge(limit: Limits.objectByteCount)
    }
    guard storedLength <= payload.count - prefixByteCount else { throw .badPayload }
    let end = prefixByteCount + storedLength
    guard payload.count - end == (padded ? padding(after: end) : 0),
      payload[end...].allSatisfy({ $0 == 0 })
    else { throw .badPayload }
    switch payload[0] {
    case 0:
      guard storedLength == decoded else { throw .badPayload }
      return Array(payload[prefixByteCount..<end])
    case 1:
      guard storedLength < decoded else { throw .badPayload }
      let stored = payload.span.bytes.extracting(prefixByteCount..<end)
      do {
        return try LZ4.decompress(stored, decodedByteCount: decoded)
      } catch { throw .badPayload }
    default: throw .badPayload
    }
  }

  private static func padding(after length: Int) -> Int {
    (messageMultiple - length % messageMultiple) % messageMultiple
  }

  private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
    for shift in 0..<4 as Range<UInt32> {
      bytes.append(UInt8(truncatingIfNeeded: number >> (8 * shift)))
    }
  }

  private static func number(in bytes: [UInt8], at offset: Int) -> UInt32 {
    bytes[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
}
