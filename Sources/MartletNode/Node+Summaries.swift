public import MartletSeal
internal import MartletSync
internal import MartletWire

// What members say that they have delivered: our own word, and the judgement of others'.
extension Node {
  /// Says anew what this device has delivered, of each group of which that changed since.
  ///
  /// Costs a comparison for each group, and a signature where something changed.
  func summarise() throws(NodeError) {
    for id in state.groups {
      guard let group = groupStates[id], group.isAccepted, group.kind != .archived,
        group.currentKey != nil
      else { continue }
      let log = LogID(group: id, objectClass: .messages)
      let count = try self.log(log).length
      if count == 0 { continue }
      let own = sync.logs[log]?.ownSummary?.signed.summary
      if own?.count == count, own?.instance == sync.device.instance { continue }
      let signing = try identity().signing
      sync.summarise(log, as: ownID, heads: group.heads, count: count) { summary in
        SignedSummary(summary, in: id, signing: signing)
      }
      changedGroups.insert(id)
    }
  }

  /// Whether a summary is another member's, and signed by it.
  func isSigned(_ signed: SignedSummary, in group: GroupID) -> Bool {
    let device = signed.summary.device
    guard device != ownID, let state = groupStates[group], state.isAccepted else { return false }
    switch state.kind {
    case .archived: return false
    case .direct(let other): if device != other { return false }
    case .created: if !state.members.contains(where: { $0.deviceID == device }) { return false }
    }
    guard let card = card(of: device, in: group) else { return false }
    return signed.isSigned(by: card, in: group)
  }

  /// Who has delivered a message, as far as is known, by their names here; this device left out.
  ///
  /// - Throws: ``NodeError/unknownGroup(_:)``, ``NodeError/unknownObject(_:)``.
  public func delivered(_ id: ObjectID, in group: String) throws(NodeError) -> [String] {
    let group = try find(group)
    let name = LogID(group: group.id, objectClass: .messages)
    let log = try log(name)
    let place = try reading(log) { () throws(LogReadError) in try log.position(of: id) }
    guard let place else { throw .unknownObject(id.hex) }
    return self.names(of: sync.delivered(name, at: place), in: group)
  }

  func names(of devices: [DeviceID], in group: GroupState) -> [String] {
    devices.map { name(of: $0, in: group) ?? String($0.hex.prefix(12)) }
  }
}
