internal import MartletSeal
package import MartletWire

/// How urgently a message wants to travel. Blobs are always normal.
package enum Priority: UInt32, Hashable, Sendable, CaseIterable {
  case normal = 0
  case urgent = 1
  case bulk = 2
}

/// What anyone may read of an object, relays included: it is authenticated, not secret.
package struct ObjectHeader: Hashable, Sendable {
  package var group: GroupID
  package var objectClass: ObjectClass
  /// The group key that seals the object.
  package var keyID: KeyID
  /// 24 bytes; empty only while a nonce is being made.
  package var nonce: [UInt8]
  /// The first is the author's own previous message in the group, if there is one.
  package var parents: [ObjectID]
  package var priority: Priority
  /// Unix seconds; 0 means never.
  package var expires: UInt64

  package init(
    group: GroupID, objectClass: ObjectClass, keyID: KeyID, nonce: [UInt8] = [],
    parents: [ObjectID] = [], priority: Priority = .normal, expires: UInt64 = 0
  ) {
    self.group = group
    self.objectClass = objectClass
    self.keyID = keyID
    self.nonce = nonce
    self.parents = parents
    self.priority = priority
    self.expires = expires
  }

  /// The longest encoding, in bytes.
  package static let byteLimit = 34 + 2 + 34 + 26 + 34 * Limits.parentCount + 2 + 11

  /// The one encoding: that of `Header` in objects.proto, written by hand because every object
  /// passes here several times.
  package var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(112 + 34 * parents.count)
    FieldReader.append(field: 1, group.bytes, to: &bytes)
    FieldReader.append(field: 2, number: UInt64(objectClass.rawValue), to: &bytes)
    FieldReader.append(field: 3, keyID.bytes, to: &bytes)
    FieldReader.append(nonEmpty: nonce, field: 4, to: &bytes)
    for parent in parents { FieldReader.append(field: 5, parent.bytes, to: &bytes) }
    FieldReader.append(field: 6, number: UInt64(priority.rawValue), to: &bytes)
    FieldReader.append(field: 7, number: expires, to: &bytes)
    return bytes
  }

  /// Reads the one encoding of a header that keeps every rule.
  ///
  /// - Throws: ``ObjectError/tooLarge(limit:)``, ``ObjectError/notCanonical`` or
  ///   ``ObjectError/badField(_:)``.
  package init(decoding bytes: [UInt8]) throws(ObjectError) {
    guard bytes.count <= ObjectHeader.byteLimit else {
      throw .tooLarge(limit: ObjectHeader.byteLimit)
    }
    var reader = FieldReader(bytes[...])
    guard let groupBytes = reader.contents(field: 1), let kindNumber = reader.number(field: 2),
      let keyBytes = reader.contents(field: 3), let nonce = reader.contents(field: 4)
    else { throw .notCanonical }
    var parents: [ObjectID] = []
    while let parent = reader.bytes(field: 5) {
      guard parents.count < Limits.parentCount else { throw .tooLarge(limit: Limits.parentCount) }
      guard let id = ObjectID(parent) else { throw .badField("parents") }
      parents.append(id)
    }
    guard let priorityNumber = reader.number(field: 6), let expires = reader.number(field: 7),
      reader.isAtEnd
    else { throw .notCanonical }
    guard let group = GroupID(groupBytes) else { throw .badField("group") }
    guard let keyID = KeyID(keyBytes) else { throw .badField("key_id") }
    guard let kind = UInt8(exactly: kindNumber), let objectClass = ObjectClass(rawValue: kind)
    else { throw .badField("kind") }
    guard let number = UInt32(exactly: priorityNumber), let priority = Priority(rawValue: number)
    else { throw .badField("priority") }
    self.init(
      group: group, objectClass: objectClass, keyID: keyID, nonce: Array(nonce),
      parents: parents, priority: priority, expires: expires)
    try check()
  }

  /// Throws ``ObjectError/badField(_:)`` for the first rule that is broken.
  func check() throws(ObjectError) {
    guard nonce.count == AuthenticatedCipher.nonceByteCount else { throw .badField("nonce") }
    guard parents.count <= Limits.parentCount, Set(parents).count == parents.count else {
      throw .badField("parents")
    }
    guard objectClass == .blobs else { return }
    guard parents.isEmpty else { throw .badField("parents") }
    guard priority == .normal else { throw .badField("priority") }
    guard expires == 0 else { throw .badField("expires") }
  }
}
