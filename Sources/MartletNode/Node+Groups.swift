internal import MartletObjects
internal import MartletSeal
internal import MartletSync
internal import MartletWire

extension Node {
  /// All groups: direct ones, created ones, and those that wait to be accepted.
  public func groups() throws(NodeError) -> [GroupReport] {
    var reports: [GroupReport] = []
    for id in state.groups { if let group = groupStates[id] { reports.append(try report(group)) } }
    return reports
  }

  /// One group, by its name, a peer's name (the direct group) or the first digits of its id.
  public func group(_ name: String) throws(NodeError) -> GroupReport {
    try report(try find(name))
  }

  /// Founds a group with peers; its grant is its first message, and all of them get the key.
  public func createGroup(
    _ name: String, with peers: [String]
  ) throws(NodeError) -> GroupReport {
    guard Card.isGood(name: Array(name.utf8)) else { throw .card(.badName) }
    return try changing { () throws(NodeError) -> GroupReport in
      if groupStates.values.contains(where: { self.name(of: $0) == name }) {
        throw .nameTaken(name)
      }
      var cards = [state.card]
      for peer in peers {
        let card = state.peers[try peerIndex(peer)].card
        if !cards.contains(where: { $0.deviceID == card.deviceID }) { cards.append(card) }
      }
      try loadJournals()
      let identity = try identity()
      let nonce = environment.random.bytes(32)
      let box = GrantBox(
        group: GrantBox.createdGroupID(founder: ownID, nonce: nonce),
        key: .random(from: environment.random), groupSecret: .random(from: environment.random))
      var group = GroupState(
        id: box.group, name: name, kind: .created, isAccepted: true, random: environment.random)
      group.founderNonce = nonce
      group.members = cards.sorted { $0.deviceID < $1.deviceID }
      group.take(box, for: identity.sealing.publicKey)
      add(group)
      for card in cards where card.deviceID != ownID { share(group.id, with: card.deviceID) }
      let content: GrantContent
      var boxes: [[UInt8]] = []
      do throws(ObjectError) {
        content = try GrantContent(
          group: box.group, groupName: name,
          members: group.members.map {
            GrantContent.Member(card: $0, role: $0.deviceID == ownID ? .admin : .member)
          }, founderNonce: nonce, givesHistory: false)
        for member in group.members { boxes.append(try box.seal(to: member.sealingKey)) }
      } catch { throw .engine("\(error)") }
      try write(client: GrantContent.client, body: content.encoded, boxes: boxes, to: group.id)
      try commit()
      return try report(try find(name))
    }
  }

  /// Accepts a group that a peer shared with us: it is delivered, and shared with its members.
  public func acceptGroup(_ name: String) throws(NodeError) -> GroupReport {
    try changing { () throws(NodeError) -> GroupReport in
      let id = try find(name).id
      try loadJournals()
      if groupStates[id]?.isAccepted == false {
        guard groupStates[id]?.keyIDs.isEmpty == false else { throw .notGranted(name) }
        groupStates[id]?.isAccepted = true
        changedGroups.insert(id)
        // What had no room while it was not accepted may come now.
        for objectClass in ObjectClass.allCases {
          sync.undecline(LogID(group: id, objectClass: objectClass))
        }
        changedPeers.formUnion(sync.peers.keys)
        for card in groupStates[id]?.members ?? [] where sync.peers[card.deviceID] != nil {
          share(id, with: card.deviceID)
        }
        try deliverWaiting(in: id)
        try commit()
      }
      return try report(try find(name))
    }
  }

  /// The group that a person means.
  func find(_ name: String) throws(NodeError) -> GroupState {
    if let peer = state.peers.first(where: { $0.name == name }) {
      let direct = groupStates.values.first { $0.kind == .direct(with: peer.card.deviceID) }
      if let direct { return direct }
    }
    let all = groupStates.values.filter { self.name(of: $0) == name }
    // One that can only be read, or that somebody else named, does not stand in the way of another.
    let ours = all.filter { $0.kind != .archived && $0.isAccepted }
    let named = ours.isEmpty ? all : ours
    if named.count > 1 { throw .ambiguousGroup(name) }
    if let group = named.first { return group }
    let digits = name.lowercased()
    guard digits.utf8.count >= 6, digits.utf8.allSatisfy(Self.isHexDigit) else {
      throw .unknownGroup(name)
    }
    let matching = groupStates.values.filter { $0.id.hex.hasPrefix(digits) }
    if matching.count > 1 { throw .ambiguousGroup(name) }
    guard let group = matching.first else { throw .unknownGroup(name) }
    return group
  }

  static func isHexDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
  }

  /// A group's name here: a direct group is called as its peer.
  func name(of group: GroupState) -> String {
    guard case .direct(let id) = group.kind else {
      return group.name.isEmpty ? String(group.id.hex.prefix(12)) : group.name
    }
    return peer(id)?.name ?? String(group.id.hex.prefix(12))
  }

  /// A device's name here: ourselves and peers as we call them, others by their card.
  func name(of device: DeviceID, in group: GroupState) -> String? {
    if device == ownID { return state.card.name }
    return peer(device)?.name ?? group.members.first { $0.deviceID == device }?.name
  }

  func report(_ group: GroupState) throws(NodeError) -> GroupReport {
    let messages = try log(LogID(group: group.id, objectClass: .messages))
    let blobs = try log(LogID(group: group.id, objectClass: .blobs))
    var byteCount: UInt64 = 0
    for log in [messages, blobs] {
      byteCount += try reading(log) { () throws(LogReadError) in
        try log.byteCount(of: 0..<log.length)
      }
    }
    let kind: GroupReport.Kind
    let members: [String]
    switch group.kind {
    case .direct(let other):
      kind = .direct
      members = [state.card.name] + [name(of: other, in: group)].compactMap { $0 }
    case .created:
      kind = .created
      members = group.members.compactMap { name(of: $0.deviceID, in: group) }
    case .archived:
      kind = .archived
      members = group.members.map(\.name)
    }
    return GroupReport(
      id: group.id, name: name(of: group), kind: kind, isAccepted: group.isAccepted,
      members: members, messageCount: messages.length, blobCount: blobs.length,
      byteCount: byteCount, pendingCount: group.pending.count)
  }
}
