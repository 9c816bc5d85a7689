internal import FoundationEssentials
package import MartletSeal
package import MartletWire

/// The body of a message of client `grant`: who may read and write a group under its new key.
package struct GrantContent: Equatable, Sendable {
  package static let client = "grant"
  /// The longest name of a group, in bytes of UTF-8.
  package static let nameLimit = 64

  package enum Role: UInt32, Hashable, Sendable {
    case member = 1
    case admin = 2
  }

  package struct Member: Equatable, Sendable {
    package let card: Card
    package let role: Role

    package init(card: Card, role: Role) {
      self.card = card
      self.role = role
    }
  }

  package let group: GroupID
  /// Empty, or as good a name as a card's.
  package let groupName: String
  /// Ascending by device id, each device once.
  package let members: [Member]
  /// 32 bytes; with the founder's device id they hash to the group id.
  package let founderNonce: [UInt8]
  /// Whether older keys were given with this one.
  package let givesHistory: Bool

  /// Sorts the members.
  ///
  /// - Throws: ``ObjectError/badField(_:)`` for a device that stands twice, a bad name or a nonce
  ///   of another length; ``ObjectError/tooLarge(limit:)`` for too many members.
  package init(
    group: GroupID, groupName: String, members: [Member], founderNonce: [UInt8],
    givesHistory: Bool
  ) throws(ObjectError) {
    guard members.count <= Limits.boxCount else { throw .tooLarge(limit: Limits.boxCount) }
    guard groupName.isEmpty || Card.isGood(name: Array(groupName.utf8)) else {
      throw .badField("group_name")
    }
    guard founderNonce.count == 32 else { throw .badField("founder_nonce") }
    let sorted = members.sorted { $0.card.deviceID < $1.card.deviceID }
    for (first, second) in zip(sorted, sorted.dropFirst())
    where first.card.deviceID == second.card.deviceID { throw .badField("members") }
    self.group = group
    self.groupName = groupName
    self.members = sorted
    self.founderNonce = founderNonce
    self.givesHistory = givesHistory
  }

  /// Whether the group's id says that this device founded it.
  package func isFounded(by device: DeviceID) -> Bool {
    GrantBox.createdGroupID(founder: device, nonce: founderNonce) == group
  }

  /// The one encoding.
  package var encoded: [UInt8] {
    var wire = Martlet_GrantBody()
    wire.group = Data(of: group.bytes)
    wire.groupName = groupName
    wire.members = members.map { member in
      var entry = Martlet_MemberEntry()
      entry.card = Data(of: member.card.encoded)
      entry.role = member.role.rawValue
      return entry
    }
    wire.founderNonce = Data(of: founderNonce)
    wire.history = givesHistory ? 1 : 0
    return CanonicalCodec.encode(wire)
  }

  /// Reads the one encoding, and verifies every card in it.
  ///
  /// - Throws: ``ObjectError``.
  /// - Complexity: One signature (about 40 microseconds) a member.
  package init(decoding bytes: [UInt8]) throws(ObjectError) {
    let wire = try CanonicalCodec.decode(
      bytes, as: Martlet_GrantBody.self, fieldLimit: Limits.boxCount + 4)
    guard let group = GroupID(wire.group) else { throw .badField("group") }
    guard wire.history <= 1 else { throw .badField("history") }
    var members: [Member] = []
    for entry in wire.members {
      guard let card = try? Card(decoding: entry.card.array) else { throw .badField("card") }
      guard let role = Role(rawValue: entry.role) else { throw .badField("role") }
      if let last = members.last, last.card.deviceID >= card.deviceID {
        throw .badField("members")
      }
      members.append(Member(card: card, role: role))
    }
    try self.init(
      group: group, groupName: wire.groupName, members: members,
      founderNonce: wire.founderNonce.array, givesHistory: wire.history == 1)
  }
}
