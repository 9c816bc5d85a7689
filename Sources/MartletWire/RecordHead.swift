/// What stands before the sealed bytes of a record: an object's header, less what the carried log
/// and the segment say already, and its boxes.
package struct RecordHead: Hashable, Sendable {
  package var sealedByteCount: Int
  package var key: Key
  /// 24 bytes.
  package var nonce: [UInt8]
  package var parents: [Parent]
  package var priority: UInt8
  package var expires: UInt64
  /// Of 150 bytes each. Grants only.
  package var boxes: [[UInt8]]

  package enum Key: Hashable, Sendable {
    /// An index into the keys of the carried log.
    case listed(UInt32)
    case whole(KeyID)
  }

  package enum Parent: Hashable, Sendable {
    /// So many records back among those that begin in the same segment; 1 is the one before.
    case back(UInt32)
    case whole(ObjectID)
  }

  package init(
    sealedByteCount: Int, key: Key, nonce: [UInt8], parents: [Parent] = [], priority: UInt8 = 0,
    expires: UInt64 = 0, boxes: [[UInt8]] = []
  ) {
    self.sealedByteCount = sealedByteCount
    self.key = key
    self.nonce = nonce
    self.parents = parents
    self.priority = priority
    self.expires = expires
    self.boxes = boxes
  }

  package static let nonceByteCount = 24
  package static let boxByteCount = 150
  /// The longest head, in bytes.
  package static let byteLimit =
    4 + 33 + nonceByteCount + 1 + Limits.parentCount * 33 + 1 + 10 + 2
    + Limits.boxCount * boxByteCount
  /// The longest record: length, head and sealed bytes.
  package static let recordByteLimit = 4 + byteLimit + Limits.objectByteCount
}
