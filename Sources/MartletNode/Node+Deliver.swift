internal import MartletObjects
internal import MartletSeal
internal import MartletStore
internal import MartletSync
internal import MartletWire

// Every client has a cursor in every group: what stands below it in the log was handed over or
// rejected, and what the client made of it is committed together with the cursor.
extension Node {
  /// Hands a message that was just appended to its client, if the client is up to there.
  func deliver(
    _ id: ObjectID, _ message: GroupMessage, parents: [ObjectID], at position: UInt64,
    in group: GroupID
  ) {
    guard groupStates[group]?.isAccepted == true else { return }
    for (type, client) in clients {
      guard groupStates[group]?.cursors[type]?.position ?? 0 == position else { continue }
      if message.client == type {
        hand(id, message, parents: parents, to: client, in: group)
      }
      groupStates[group]?.cursors[type, default: GroupState.Cursor()].position = position + 1
    }
  }

  /// Hands every client what it was not handed yet, and commits that.
  ///
  /// An import and a sync do it themselves; call it where a client is new to a store.
  public func deliver() throws(NodeError) {
    try changing { () throws(NodeError) in
      for id in state.groups { try deliverWaiting(in: id) }
      try commit()
    }
  }

  /// Hands over what was appended before a client was there, or before the group was accepted.
  ///
  /// What is damaged is passed over, and handed over when it is back; where anything else cannot be
  /// read it stops, and what comes after waits until it can.
  func deliverWaiting(in id: GroupID) throws(NodeError) {
    guard groupStates[id]?.isAccepted == true, !clients.isEmpty else { return }
    let log = try log(LogID(group: id, objectClass: .messages))
    let length = log.length
    let lowest = clients.keys.map { groupStates[id]?.cursors[$0]?.position ?? 0 }.min() ?? length
    try deliverSkipped(in: id)
    guard lowest < length else { return }
    // What is read is to be committed; only then does it stand where the log says.
    if transaction != nil { try commit(keepsJournals: false) }
    groupStates[id]?.unlock(with: try identity().sealing)
    changedGroups.insert(id)
    var position = lowest
    while position < length {
      let objects = try reading(log) { () throws(LogReadError) in
        try log.objects(position..<min(length, position + 256))
      }
      for stored in objects {
        do throws(NodeError) {
          let (object, opened) = try opened(stored, in: id)
          deliver(
            stored.id, opened.message, parents: object.header.parents, at: position, in: id)
        } catch {
          guard try pass(over: position, error, in: id) else { return }
        }
        position += 1
      }
    }
  }

  /// Notes a damaged message as lost, and goes on without it.
  ///
  /// - Returns: Whether it is damaged, and there is room to remember it.
  private func pass(
    over position: UInt64, _ error: NodeError, in id: GroupID
  ) throws(NodeError) -> Bool {
    let log = LogID(group: id, objectClass: .messages)
    switch error {
    case .store(.missing), .store(.objectDamaged): break
    default: return false
    }
    for type in clients.keys {
      guard (groupStates[id]?.cursors[type]?.skipped.count ?? 0) < GroupState.Cursor.skippedLimit
      else { return false }
    }
    if sync.logs[log]?.lost.contains(position) != true {
      try loadJournals()
      try lose([log: [position]])
    }
    for type in clients.keys where groupStates[id]?.cursors[type]?.position ?? 0 == position {
      groupStates[id]?.cursors[type, default: GroupState.Cursor()].skipped.insert(position)
      groupStates[id]?.cursors[type, default: GroupState.Cursor()].position = position + 1
    }
    changedGroups.insert(id)
    return true
  }

  /// Hands over what was damaged when its turn came and is back.
  private func deliverSkipped(in id: GroupID) throws(NodeError) {
    let log = try log(LogID(group: id, objectClass: .messages))
    for (type, client) in clients {
      let back = (groupStates[id]?.cursors[type]?.skipped ?? []).filter {
        $0 < log.length && !log.lost.contains($0)
      }
      guard !back.isEmpty else { continue }
      if transaction != nil { try commit(keepsJournals: false) }
      groupStates[id]?.unlock(with: try identity().sealing)
      for position in back.sorted() {
        let stored = try reading(log) { () throws(LogReadError) in try log.object(at: position) }
        guard let (object, opened) = try? opened(stored, in: id) else { continue }
        groupStates[id]?.cursors[type]?.skipped.remove(position)
        changedGroups.insert(id)
        if opened.message.client == type {
          hand(stored.id, opened.message, parents: object.header.parents, to: client, in: id)
        }
      }
    }
  }

  /// A message of a group, read and opened.
  func opened(
    _ stored: StoredObject, in group: GroupID
  ) throws(NodeError) -> (SealedObject, OpenedMessage) {
    let bytes = try self.stored { () throws(StoreError) in try store.read(stored) }
    do throws(ObjectError) {
      let object = try SealedObject(parsing: bytes)
      return (object, try object.openMessage(with: groupStates[group]?.keys ?? GroupKeys()))
    } catch { throw .engine("message \(stored.id): \(error)") }
  }

  private func hand(
    _ id: ObjectID, _ message: GroupMessage, parents: [ObjectID], to client: any Client,
    in group: GroupID
  ) {
    let handed = clientMessage(id, message, parents: parents, in: group)
    switch client.validate(handed) {
    case .accept:
      var state = groupStates[group]?.cursors[client.type]?.state ?? []
      client.deliver(handed, state: &state)
      if state.count <= GroupState.Cursor.stateLimit {
        groupStates[group]?.cursors[client.type, default: GroupState.Cursor()].state = state
      }
    case .reject:
      groupStates[group]?.cursors[client.type, default: GroupState.Cursor()].reject(id)
    }
  }

  /// A message as its client sees it.
  func clientMessage(
    _ id: ObjectID, _ message: GroupMessage, parents: [ObjectID], in group: GroupID
  ) -> ClientMessage {
    ClientMessage(
      id: id, group: group, author: message.author, isOwn: message.author == ownID,
      created: message.created, parents: parents, body: message.body)
  }

  /// What a client keeps of a group: what its last delivery left; empty before.
  public func clientState(_ client: String, of group: String) throws(NodeError) -> [UInt8] {
    try find(group).cursors[client]?.state ?? []
  }

  /// Messages of a client that are here and not delivered, and why; those whose client cannot be
  /// told yet among them.
  public func undelivered(
    _ group: String, client: String
  ) throws(NodeError) -> [UndeliveredMessage] {
    let id = try find(group).id
    groupStates[id]?.unlock(with: try identity().sealing)
    guard let state = groupStates[id] else { throw .unknownGroup(group) }
    var result = (state.cursors[client]?.rejected ?? []).map {
      UndeliveredMessage(id: $0, reason: .rejected)
    }
    let log = try log(LogID(group: id, objectClass: .messages))
    var position = state.cursors[client]?.position ?? 0
    while !state.isAccepted, position < log.length {
      let objects = try reading(log) { () throws(LogReadError) in
        try log.objects(position..<min(log.length, position + 256))
      }
      for stored in objects {
        if let (_, opened) = try? opened(stored, in: id), opened.message.client == client {
          result.append(UndeliveredMessage(id: stored.id, reason: .notAccepted))
        }
      }
      position += UInt64(objects.count)
    }
    for (held, entry) in state.pending.sorted(by: { $0.key < $1.key }) {
      let bytes = try stored { () throws(StoreError) in try store.read(entry.stored) }
      guard let object = try? SealedObject(parsing: bytes) else { continue }
      guard let opened = try? object.openMessage(with: state.keys) else {
        result.append(UndeliveredMessage(id: held, reason: .keyMissing))
        continue
      }
      guard opened.message.client == client else { continue }
      let missing = try reading(log) { () throws(LogReadError) in
        var missing: [ObjectID] = []
        for parent in object.header.parents where !state.messages.absent.contains(parent) {
          if try log.position(of: parent) == nil { missing.append(parent) }
        }
        return missing
      }
      result.append(
        UndeliveredMessage(
          id: held, reason: missing.isEmpty ? .notProven : .parentsMissing(missing)))
    }
    return result
  }
}

extension GroupState.Cursor {
  mutating func reject(_ id: ObjectID) {
    rejected.append(id)
    if rejected.count > Self.rejectedLimit {
      rejected.removeFirst(rejected.count - Self.rejectedLimit)
    }
  }
}
