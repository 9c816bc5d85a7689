internal import MartletSeal
package import MartletWire

/// An object as it is stored and carried: anyone can parse it and check its id, without keys.
package struct SealedObject: Hashable, Sendable {
  package let header: ObjectHeader
  /// The header's encoding, which the sealed bytes are bound to.
  package let headerBytes: [UInt8]
  package let sealed: [UInt8]
  /// For each member, a key in an anonymous sealed box. Grants only.
  package let boxes: [[UInt8]]

  static let magic = Array("MOB1".utf8)

  /// The object of these parts, as a bundle's record has them.
  ///
  /// - Throws: ``ObjectError/badField(_:)`` or ``ObjectError/tooLarge(limit:)`` for parts that
  ///   ``init(parsing:)`` would refuse.
  package init(header: ObjectHeader, sealed: [UInt8], boxes: [[UInt8]]) throws(ObjectError) {
    self.header = header
    headerBytes = header.encoded
    self.sealed = sealed
    self.boxes = boxes
    try check()
    guard encodedByteCount <= Limits.objectByteCount else {
      throw .tooLarge(limit: Limits.objectByteCount)
    }
  }

  /// Reads an object's bytes, all of them.
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
    guard let headerSlice = reader.bytes(field: 1) else { throw .notCanonical }
    guard headerSlice.count <= ObjectHeader.byteLimit else {
      throw .tooLarge(limit: ObjectHeader.byteLimit)
    }
    guard let sealedSlice = reader.bytes(field: 2) else { throw .notCanonical }
    var boxes: [[UInt8]] = []
    while let box = reader.bytes(field: 3) {
      guard boxes.count < Limits.boxCount else { throw .tooLarge(limit: Limits.boxCount) }
      guard box.count == GrantBox.sealedByteCount else { throw .badField("boxes") }
      boxes.append(Array(box))
    }
    guard reader.isAtEnd else { throw .notCanonical }
    headerBytes = Array(headerSlice)
    header = try ObjectHeader(decoding: headerBytes)
    sealed = Array(sealedSlice)
    self.boxes = boxes
    try check()
  }

  /// The object's bytes.
  package var encoded: [UInt8] {
    var bytes = SealedObject.magic
    bytes.reserveCapacity(encodedByteCount)
    FieldReader.append(field: 1, headerBytes, to: &bytes)
    FieldReader.append(field: 2, sealed, to: &bytes)
    for box in boxes { FieldReader.append(field: 3, box, to: &bytes) }
    return bytes
  }

  /// The name of an object: plain BLAKE2b-256 of its bytes, as `b2sum -l 256` prints it.
  package static func id(of bytes: RawSpan) -> ObjectID { ObjectID(Hash.plain(bytes)) }

  /// The name of an object: plain BLAKE2b-256 of its bytes, as `b2sum -l 256` prints it.
  package static func id(of bytes: [UInt8]) -> ObjectID { ObjectID(Hash.plain(bytes)) }

  // Lengths take at most four bytes below 256 MiB.
  private var encodedByteCount: Int {
    func field(_ count: Int) -> Int {
      1 + (count < 1 << 7 ? 1 : count < 1 << 14 ? 2 : count < 1 << 21 ? 3 : 4) + count
    }
    return SealedObject.magic.count + field(headerBytes.count) + field(sealed.count)
      + boxes.reduce(0) { $0 + field($1.count) }
  }

  private func check() throws(ObjectError) {
    try header.check()
    guard boxes.count <= Limits.boxCount else { throw .tooLarge(limit: Limits.boxCount) }
    guard boxes.allSatisfy({ $0.count == GrantBox.sealedByteCount }) else {
      throw .badField("boxes")
    }
    let payload = sealed.count - AuthenticatedCipher.overhead
    guard payload >= Payload.prefixByteCount else { throw .badField("sealed") }
    switch header.objectClass {
    case .messages:
      guard payload.isMultiple(of: Payload.messageMultiple) else { throw .badField("sealed") }
    case .blobs:
      guard boxes.isEmpty else { throw .badField("boxes") }
    }
  }
}
