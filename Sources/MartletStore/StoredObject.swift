package import MartletSeal
package import MartletWire

/// An object's name, length, and where its bytes were put.
package struct StoredObject: Hashable, Sendable {
  package var id: ObjectID
  package var byteCount: UInt32
  /// The pack's tag; 0 for an object in a file of its own.
  package var packTag: UInt64
  /// Of its header in the pack; of an object in a file of its own, a checksum of its bytes, or 0.
  package var offset: UInt64

  package init(id: ObjectID, byteCount: UInt32, packTag: UInt64, offset: UInt64) {
    self.id = id
    self.byteCount = byteCount
    self.packTag = packTag
    self.offset = offset
  }
}

/// A state that is replaced as a whole, and committed with everything else.
package enum StateID: Hashable, Sendable {
  case node
  case group(GroupID)
  case journal(peer: DeviceID)
  /// What a client keeps of a group: its name is 1 to 32 of `a-z`, `0-9` and `-`.
  case client(String, group: GroupID)

  /// Without its generation.
  var path: String {
    switch self {
    case .node: "state"
    case .group(let id): "groups/\(id.hex)/state"
    case .journal(let peer): "peers/\(peer.hex)/journal"
    case .client(let name, let group): "groups/\(group.hex)/client-\(name)"
    }
  }

  var directory: String { path.split(separator: "/").dropLast().joined(separator: "/") }
}
