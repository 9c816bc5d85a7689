internal import MartletBundle
internal import MartletFileSystem
internal import MartletObjects
internal import MartletSeal
internal import MartletStore
internal import MartletWire

/// How much one sender may still bring of what nobody asked for; counted while a bundle comes in.
struct IntakeRoom {
  /// What groups that are not accepted yet may hold; more, where a tenth of the free space is more.
  static let unacceptedByteCount: UInt64 = 2 << 30

  private let peer: DeviceID
  private var unacceptedLeft: UInt64?
  private var pendingLeft: [GroupID: (count: Int, bytes: UInt64)] = [:]

  init(peer: DeviceID) { self.peer = peer }

  /// Whether a record may come to be held: groups that nobody here accepted share a quota.
  mutating func isLeft(
    for record: DecodedRecord, in group: GroupID, of node: Node
  ) throws(NodeError) -> Bool {
    guard node.groupStates[group]?.isAccepted == false else { return true }
    if unacceptedLeft == nil {
      let free = (try? node.environment.system.freeByteCount(at: node.path)) ?? 0
      var used: UInt64 = 0
      for other in node.groupStates.values where !other.isAccepted {
        used += try node.report(other).byteCount
        used += other.pending.values.reduce(0) { $0 + UInt64($1.stored.byteCount) }
      }
      let limit = node.unacceptedRoom ?? max(Self.unacceptedByteCount, free / 10)
      unacceptedLeft = limit > used ? limit - used : 0
    }
    return UInt64(record.bytes.count) <= unacceptedLeft ?? 0
  }

  /// Notes a record that came to be held.
  mutating func take(_ record: DecodedRecord, in group: GroupID, of node: Node) {
    guard let left = unacceptedLeft, node.groupStates[group]?.isAccepted == false else { return }
    unacceptedLeft = left - min(left, UInt64(record.bytes.count))
  }

  /// Takes a place on the pending list, of which one sender can fill only so much; false if there
  /// is none.
  mutating func takePending(_ record: DecodedRecord, in group: GroupID, of node: Node) -> Bool {
    var left = pendingLeft[group] ?? pendingLeft(in: group, of: node)
    let size = UInt64(record.bytes.count)
    guard left.count > 0, size <= left.bytes else { return false }
    left.count -= 1
    left.bytes -= size
    pendingLeft[group] = left
    return true
  }

  private func pendingLeft(in group: GroupID, of node: Node) -> (count: Int, bytes: UInt64) {
    let own = (node.groupStates[group]?.pending ?? [:]).values.filter {
      $0.senders.contains(peer)
    }
    let bytes = own.reduce(UInt64(0)) { $0 + UInt64($1.stored.byteCount) }
    return (
      max(0, GroupState.pendingLimit - own.count),
      GroupState.pendingByteLimit - min(GroupState.pendingByteLimit, bytes)
    )
  }
}
