internal import MartletSeal
package import MartletWire

/// An object as it is stored and carried: anyone can parse it and check its id, without keys.
package struct SealedObject: Hashable, Sendable {
  package let header: ObjectHeader
  /// The object's bytes.
  package let encoded: [UInt8]
  /// For each member, a key in an anonymous sealed box. Grants only.
  package let boxes: [[UInt8]]
  private let headerRange: Range<Int>
  private let sealedRange: Range<Int>

  static let magic = Array("MOB1".utf8)

  /// The header's encoding, which the sealed bytes are bound to.
  package var headerBytes: ArraySlice<UInt8> { encoded[headerRange] }
  package var sealed: ArraySlice<UInt8> { encoded[sealedRange] }

  /// The object of these parts, as a bundle's record has them. Copies the sealed bytes once.
  ///
  /// - Throws: ``ObjectError/badField(_:)`` or ``ObjectError/tooLarge(limit:)`` for parts that
  ///   ``init(parsing:)`` would refuse.
  package init(
    header: ObjectHeader, sealed: ArraySlice<UInt8>, boxes: [[UInt8]]
  ) throws(ObjectError) {
    try self.init(header: header, sealedByteCount: sealed.count, boxes: boxes) {
      (bytes, _, capacity) in
      bytes.reserveCapacity(capacity)
      bytes += sealed
    }
  }

  /// The object of these parts, its payload sealed under the key that the header names.
  init(
    header: ObjectHeader, sealing payload: [UInt8], boxes: [[UInt8]], key: SecretKey
  ) throws(ObjectError) {
    let count = payload.count + AuthenticatedCipher.overhead
    try self.init(header: header, sealedByteCount: count, boxes: boxes) {
      (bytes, headerBytes, capacity) in
      bytes = AuthenticatedCipher.seal(
        payload.span.bytes, associated: headerBytes.span.bytes, nonce: header.nonce, key: key,
        behind: bytes, capacity: capacity)
    }
  }

  /// - Parameter appendSealed: Given what stands before the sealed bytes, the header and how long
  ///   all of it becomes.
  private init(
    header: ObjectHeader, sealedByteCount: Int, boxes: [[UInt8]],
    appendSealed: (inout [UInt8], _ header: [UInt8], _ capacity: Int) -> Void
  ) throws(ObjectError) {
    try SealedObject.check(header, sealedByteCount: sealedByteCount, boxes)
    let headerBytes = header.encoded
    let count = SealedObject.encodedByteCount(headerBytes.count, sealedByteCount, boxes)
    guard count <= Limits.objectByteCount else { throw .tooLarge(limit: Limits.objectByteCount) }
    var bytes = SealedObject.magic
    FieldReader.append(field: 1, headerBytes, to: &bytes)
    headerRange = bytes.count - headerBytes.count..<bytes.count
    FieldReader.append(field: 2, byteCount: sealedByteCount, to: &bytes)
    sealedRange = bytes.count..<bytes.count + sealedByteCount
    appendSealed(&bytes, headerBytes, count)
    for box in boxes { FieldReader.append(field: 3, box, to: &bytes) }
    self.header = header
    self.boxes = boxes
    encoded = bytes
  }

  /// Reads an object's bytes, all of them, and keeps them; nothing long is copied.
  ///
  /// Nothing is known of what is sealed: that takes a key.
  ///
  /// - Throws: ``ObjectError``, before anything longer than a limit is allocated.
  package init(parsing bytes: [UInt8]) throws(ObjectError) {
    guard bytes.count <= Limits.objectByteCount else {
      throw .tooLarge(limit: Limits.objectByteCount)
    }
    guard bytes.starts(with: SealedObject.magic) else { throw .notAnObject }
    var reader = FieldReader(bytes[SealedObject.magic.count...])
    guard let headerBytes = reader.bytes(field: 1) else { throw .notCanonical }
    guard headerBytes.count <= ObjectHeader.byteLimit else {
      throw .tooLarge(limit: ObjectHeader.byteLimit)
    }
    guard let sealed = reader.bytes(field: 2) else { throw .notCanonical }
    var boxes: [[UInt8]] = []
    while let box = reader.bytes(field: 3) {
      guard boxes.count < Limits.boxCount else { throw .tooLarge(limit: Limits.boxCount) }
      guard box.count == GrantBox.sealedByteCount else { throw .badField("boxes") }
      boxes.append(Array(box))
    }
    guard reader.isAtEnd else { throw .notCanonical }
    header = try ObjectHeader(decoding: Array(headerBytes))
    headerRange = headerBytes.startIndex..<headerBytes.endIndex
    sealedRange = sealed.startIndex..<sealed.endIndex
    self.boxes = boxes
    encoded = bytes
    try SealedObject.check(header, sealedByteCount: sealed.count, boxes)
  }

  /// The name of an object: plain BLAKE2b-256 of its bytes, as `b2sum -l 256` prints it.
  package static func id(of bytes: RawSpan) -> ObjectID { ObjectID(Hash.plain(bytes)) }

  /// The name of an object: plain BLAKE2b-256 of its bytes, as `b2sum -l 256` prints it.
  package static func id(of bytes: [UInt8]) -> ObjectID { ObjectID(Hash.plain(bytes)) }

  // Lengths take at most four bytes below 256 MiB.
  private static func encodedByteCount(
    _ headerByteCount: Int, _ sealedByteCount: Int, _ boxes: [[UInt8]]
  ) -> Int {
    func field(_ count: Int) -> Int {
      1 + (count < 1 << 7 ? 1 : count < 1 << 14 ? 2 : count < 1 << 21 ? 3 : 4) + count
    }
    return SealedObject.magic.count + field(headerByteCount) + field(sealedByteCount)
      + boxes.reduce(0) { $0 + field($1.count) }
  }

  private static func check(
    _ header: ObjectHeader, sealedByteCount: Int, _ boxes: [[UInt8]]
  ) throws(ObjectError) {
    try header.check()
    guard boxes.count <= Limits.boxCount else { throw .tooLarge(limit: Limits.boxCount) }
    guard boxes.allSatisfy({ $0.count == GrantBox.sealedByteCount }) else {
      throw .badField("boxes")
    }
    let payload = sealedByteCount - AuthenticatedCipher.overhead
    guard payload >= Payload.prefixByteCount else { throw .badField("sealed") }
    switch header.objectClass {
    case .messages:
      guard payload.isMultiple(of: Payload.messageMultiple) else { throw .badField("sealed") }
    case .blobs:
      guard boxes.isEmpty else { throw .badField("boxes") }
    }
  }
}
