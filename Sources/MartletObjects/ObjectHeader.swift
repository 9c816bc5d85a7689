internal import FoundationEssentials
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

  /// The one encoding.
  package var encoded: [UInt8] {
    var wire = Martlet_Header()
    wire.group = Data(of: group.bytes)
    wire.kind = UInt32(objectClass.rawValue)
    wire.keyID = Data(of: keyID.bytes)
    wire.nonce = Data(of: nonce)
    wire.parents = parents.map { Data(of: $0.bytes) }
    wire.priority = priority.rawValue
    wire.expires = expires
    return CanonicalCodec.encode(wire)
  }

  /// Reads the one encoding of a header that keeps every rule.
  ///
  /// - Throws: ``ObjectError/tooLarge(limit:)``, ``ObjectError/notCanonical`` or
  ///   ``ObjectError/badField(_:)``.
  package init(decoding bytes: [UInt8]) throws(ObjectError) {
    guard bytes.count <= ObjectHeader.byteLimit else {
      throw .tooLarge(limit: ObjectHeader.byteLimit)
    }
    let wire = try CanonicalCodec.decode(
      bytes, as: Martlet_Header.self, fieldLimit: Limits.parentCount + 6)
    guard let group = GroupID(wire.group) else { throw .badField("group") }
    guard let keyID = KeyID(wire.keyID) else { throw .badField("key_id") }
    guard let kind = UInt8(exactly: wire.kind), let objectClass = ObjectClass(rawValue: kind)
    else { throw .badField("kind") }
    guard let priority = Priority(rawValue: wire.priority) else { throw .badField("priority") }
    var parents: [ObjectID] = []
    for parent in wire.parents {
      guard let id = ObjectID(parent) else { throw .badField("parents") }
      parents.append(id)
    }
    self.init(
      group: group, objectClass: objectClass, keyID: keyID, nonce: wire.nonce.array,
      parents: parents, priority: priority, expires: wire.expires)
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
