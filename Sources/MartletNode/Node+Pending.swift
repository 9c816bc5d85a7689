internal import MartletObjects
internal import MartletSeal
internal import MartletStore
internal import MartletSync
internal import MartletWire

/// A held message that waits for parents, key or proof.
struct Waiting {
  var stored: StoredObject
  var parents: [ObjectID]
  var expires: UInt64
  /// Nil while no key opens it.
  var author: DeviceID?
  var isProven: Bool
}

extension Node {
  /// Reads what is pending in a group: parents, and the author where a key opens it.
  func waiting(in id: GroupID) throws(NodeError) -> [ObjectID: Waiting] {
    guard let group = groupStates[id], !group.pending.isEmpty else { return [:] }
    var waiting: [ObjectID: Waiting] = [:]
    for (object, held) in group.pending {
      let bytes: [UInt8]
      do throws(StoreError) { bytes = try store.read(held.stored) } catch {
        switch error {
        case .missing, .objectDamaged:
          // It was never acknowledged for good: whoever sent it is asked again.
          groupStates[id]?.pending[object] = nil
          try forgetPending([object], in: id)
          continue
        default: throw .store(error)
        }
      }
      guard let parsed = try? SealedObject(parsing: bytes) else { continue }
      let opened = try? parsed.openMessage(with: group.keys)
      var isProven = held.isProven
      // The author's card may have come since.
      if !isProven, let opened, let card = card(of: opened.message.author, in: id),
        parsed.isSigned(opened, by: card)
      {
        isProven = true
        groupStates[id]?.pending[object]?.isProven = true
        changedGroups.insert(id)
      }
      waiting[object] = Waiting(
        stored: held.stored, parents: parsed.header.parents, expires: parsed.header.expires,
        author: opened?.message.author, isProven: isProven)
    }
    return waiting
  }

  /// Notes that pending objects are held no more; whoever sent them is told so.
  func forgetPending(_ objects: [ObjectID], in id: GroupID) throws(NodeError) {
    let name = LogID(group: id, objectClass: .messages)
    let log = try log(name)
    for object in objects {
      groupStates[id]?.pending[object] = nil
      log.pending.remove(object)
    }
    changedGroups.insert(id)
    changedPeers.formUnion(sync.dropPending(objects, of: name))
  }

  /// Missing parents of what came from a peer and is pending: it is asked for them.
  func wants(from peer: DeviceID) throws(NodeError) -> [LogID: Set<ObjectID>] {
    var wants: [LogID: Set<ObjectID>] = [:]
    for id in state.groups {
      let log = LogID(group: id, objectClass: .messages)
      guard sync.peers[peer]?.logs[log] != nil, let group = groupStates[id],
        group.pending.contains(where: { $0.value.senders.contains(peer) })
      else { continue }
      let view = try self.log(log)
      let absent = sync.logs[log]?.absent ?? []
      var missing: Set<ObjectID> = []
      for (object, entry) in try waiting(in: id)
      where group.pending[object]?.senders.contains(peer) == true {
        for parent in entry.parents where !absent.contains(parent) {
          let isHeld = try reading(view) { () throws(LogReadError) in try view.holds(parent) }
          let place = try reading(view) { () throws(LogReadError) in
            try view.position(of: parent)
          }
          if !isHeld, place == nil { missing.insert(parent) }
        }
      }
      if !missing.isEmpty { wants[log] = missing }
    }
    return wants
  }

  /// The card that proves what a device wrote in a group.
  func card(of author: DeviceID, in group: GroupID) -> Card? {
    if author == ownID { return state.card }
    return peer(author)?.card
      ?? groupStates[group]?.members.first { $0.deviceID == author }
  }
}
