internal import MartletObjects
internal import MartletSeal
internal import MartletStore
internal import MartletSync
internal import MartletWire

extension Node {
  /// Everybody whose card we hold, in the order they were added.
  public func peers() throws(NodeError) -> [PeerReport] { state.peers.map(Self.report) }

  /// Makes a device a peer, and shares the direct group with it.
  ///
  /// Adding the same again changes nothing; a known card under a new name renames the peer. What
  /// the device had sent while it was a stranger is imported.
  /// - Parameter text: The card's text form.
  /// - Throws: ``NodeError/card(_:)``, ``NodeError/ownCard``, ``NodeError/nameTaken(_:)``.
  public func addPeer(_ name: String, card text: String) throws(NodeError) -> PeerReport {
    let card: Card
    do throws(CardError) { card = try Card(text: text) } catch { throw .card(error) }
    guard card.deviceID != ownID else { throw .ownCard }
    guard Card.isGood(name: Array(name.utf8)) else { throw .card(.badName) }
    let report = try changing { () throws(NodeError) -> PeerReport in
      try loadJournals()
      let known = state.peers.firstIndex { $0.card.deviceID == card.deviceID }
      if let other = state.peers.firstIndex(where: { $0.name == name }), other != known {
        throw .nameTaken(name)
      }
      if groupStates.values.contains(where: {
        $0.kind == .created && $0.isAccepted && $0.name == name
      }) {
        throw .nameTaken(name)
      }
      if let known {
        guard state.peers[known].name != name else { return Self.report(state.peers[known]) }
        state.peers[known].name = name
        isStateChanged = true
        try commit()
        return Self.report(state.peers[known])
      }
      guard state.peers.count < NodeState.peerLimit else {
        throw .tooLarge(
          byteCount: UInt64(state.peers.count), limit: UInt64(NodeState.peerLimit))
      }
      let peer = NodeState.Peer(name: name, card: card, lastSaid: now)
      state.peers.append(peer)
      isStateChanged = true
      // What was said to it before it was removed still counts: numbers are never used twice.
      sync.peers[card.deviceID] = try journal(of: card.deviceID) ?? PeerJournal()
      changedPeers.insert(card.deviceID)
      try addDirectGroup(with: card)
      for group in groupStates.values
      where group.kind == .created
        && group.members.contains(where: { $0.deviceID == card.deviceID })
      { share(group.id, with: card.deviceID) }
      try commit()
      return Self.report(peer)
    }
    try importQuarantined()
    return report
  }

  /// The sixty digits that two people compare.
  public func safetyNumber(with peer: String) throws(NodeError) -> String {
    SafetyNumber(state.card, state.peers[try peerIndex(peer)].card).description
  }

  /// Notes that people compared the safety number.
  public func markVerified(_ peer: String) throws(NodeError) {
    try changing { () throws(NodeError) in
      let index = try peerIndex(peer)
      guard !state.peers[index].isVerified else { return }
      state.peers[index].isVerified = true
      isStateChanged = true
      try commit()
    }
  }

  /// Forgets a peer's card: nothing is sent to it or taken from it any more.
  ///
  /// What it wrote stays, and so does the direct group.
  public func removePeer(_ peer: String) throws(NodeError) {
    try changing { () throws(NodeError) in
      let index = try peerIndex(peer)
      sync.peers[state.peers[index].card.deviceID] = nil
      state.peers.remove(at: index)
      isStateChanged = true
      try commit()
    }
  }

  func peerIndex(_ name: String) throws(NodeError) -> Int {
    guard let index = state.peers.firstIndex(where: { $0.name == name }) else {
      throw .unknownPeer(name)
    }
    return index
  }

  func peer(_ id: DeviceID) -> NodeState.Peer? { state.peers.first { $0.card.deviceID == id } }

  /// The group of us and one other, which both compute alone.
  func addDirectGroup(with card: Card) throws(NodeError) {
    let identity = try identity()
    let box: GrantBox
    do throws(ObjectError) { box = try GrantBox.direct(identity.sealing, card.sealingKey) } catch {
      throw .card(.weakKey)
    }
    if groupStates[box.group] == nil {
      var group = GroupState(
        id: box.group, name: "", kind: .direct(with: card.deviceID), isAccepted: true,
        random: environment.random)
      group.take(box, for: identity.sealing.publicKey)
      add(group)
    }
    share(box.group, with: card.deviceID)
  }

  func add(_ group: GroupState) {
    groupStates[group.id] = group
    for log in group.logs { sync.logs[log] = group[log: log.objectClass] }
    state.groups.append(group.id)
    isStateChanged = true
    changedGroups.insert(group.id)
  }

  func share(_ group: GroupID, with peer: DeviceID) {
    for objectClass in ObjectClass.allCases {
      sync.peers[peer]?.share(LogID(group: group, objectClass: objectClass))
    }
    changedPeers.insert(peer)
  }

  static func report(_ peer: NodeState.Peer) -> PeerReport {
    PeerReport(
      name: peer.name, card: peer.card, isVerified: peer.isVerified,
      lastHeard: peer.lastHeard == 0 ? nil : peer.lastHeard)
  }
}
