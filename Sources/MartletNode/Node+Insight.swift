internal import MartletSeal
internal import MartletStore
internal import MartletSync
package import MartletWire

// What a simulator compares with the truth. Reads only, and costs time in what is asked for.
extension Node {
  /// The numbering in which the next message of a group is placed; nil for a group not known.
  package func epoch(of group: GroupID) -> EpochID? {
    sync.logs[LogID(group: group, objectClass: .messages)]?.lineage.starts.last?.epoch
  }

  /// All numberings of a group's messages; nil for a group not known.
  package func lineage(of group: GroupID) -> Lineage? {
    sync.logs[LogID(group: group, objectClass: .messages)]?.lineage
  }

  /// Messages that a peer said it has lost, or asked for.
  package func namedLost(by peer: String, of group: GroupID) throws(NodeError) -> Set<ObjectID> {
    try loadJournals()
    let device = state.peers[try peerIndex(peer)].card.deviceID
    let known = sync.peers[device]?.logs[LogID(group: group, objectClass: .messages)]
    return known.map { $0.lost.union($0.wanted) } ?? []
  }

  /// The messages that stand in a group's log from a position on, in order; lost ones among them.
  package func loggedIDs(
    of group: GroupID, from position: UInt64
  ) throws(NodeError) -> [ObjectID] {
    let log = try log(LogID(group: group, objectClass: .messages))
    guard position < log.length else { return [] }
    return try reading(log) { () throws(LogReadError) in
      try log.objects(position..<log.length).map(\.id)
    }
  }

  /// Messages that are held and wait for parents, key or proof.
  package func pendingIDs(of group: GroupID) -> [ObjectID] {
    (groupStates[group]?.pending.keys.sorted()) ?? []
  }

  /// Messages that are not to be had, and that children may pass.
  package func absentIDs(of group: GroupID) -> Set<ObjectID> {
    sync.logs[LogID(group: group, objectClass: .messages)]?.absent ?? []
  }

  /// Messages that were held and are damaged.
  package func lostIDs(of group: GroupID) throws(NodeError) -> [ObjectID] {
    let log = try log(LogID(group: group, objectClass: .messages))
    return try reading(log) { () throws(LogReadError) in
      var ids: [ObjectID] = []
      for range in log.lost.ranges {
        for position in range { ids.append(try log.id(at: position)) }
      }
      return ids
    }
  }

  /// Messages that by its own word a peer holds: what it named as lost is not among them.
  package func acknowledgedIDs(
    by peer: String, of group: GroupID
  ) throws(NodeError) -> [ObjectID] {
    try loadJournals()
    let log = try log(LogID(group: group, objectClass: .messages))
    let device = state.peers[try peerIndex(peer)].card.deviceID
    guard let known = sync.peers[device]?.logs[log.id] else { return [] }
    let gone = known.lost.union(known.wanted)
    return try reading(log) { () throws(LogReadError) in
      var ids: [ObjectID] = []
      for range in known.applied.ranges {
        for position in range {
          let id = try log.id(at: position)
          if !gone.contains(id) { ids.append(id) }
        }
      }
      return ids
    }
  }

  /// Messages that members have delivered as far as is known here, by their names.
  package func deliveredIDs(
    of group: GroupID
  ) throws(NodeError) -> [String: Set<ObjectID>] {
    guard let state = groupStates[group] else { return [:] }
    let log = try log(LogID(group: group, objectClass: .messages))
    var result: [String: Set<ObjectID>] = [:]
    for (device, positions) in sync.delivered(log.id) {
      let ids = try reading(log) { () throws(LogReadError) in
        var ids: Set<ObjectID> = []
        for range in positions.ranges {
          for position in range where position < log.length {
            ids.insert(try log.id(at: position))
          }
        }
        return ids
      }
      if let name = names(of: [device], in: state).first { result[name] = ids }
    }
    return result
  }

  /// Positions of our log that by its receipts a peer holds.
  package func acknowledged(
    by peer: String, of group: GroupID
  ) throws(NodeError) -> Intervals {
    try loadJournals()
    let device = state.peers[try peerIndex(peer)].card.deviceID
    let log = LogID(group: group, objectClass: .messages)
    return sync.peers[device]?.logs[log]?.applied ?? Intervals()
  }

  /// Positions of a peer's log that a bundle to it would acknowledge now, and what stands there as
  /// far as it was placed: void ones are not among them.
  package func acknowledging(
    to peer: String, of group: GroupID
  ) throws(NodeError) -> [(theirs: UInt64, id: ObjectID)] {
    try loadJournals()
    let log = try log(LogID(group: group, objectClass: .messages))
    let device = state.peers[try peerIndex(peer)].card.deviceID
    guard let known = sync.peers[device]?.logs[log.id] else { return [] }
    return try reading(log) { () throws(LogReadError) in
      var list: [(theirs: UInt64, id: ObjectID)] = known.unplaced.map { ($0.value, $0.key) }
      for run in known.correspondence.runs {
        for step in 0..<run.count {
          list.append((run.theirs + step, try log.id(at: run.ours + step)))
        }
      }
      return list
    }
  }

  /// Whether a peer is known to hold every message of a group.
  package func isSettled(with peer: String, of group: GroupID) throws(NodeError) -> Bool {
    try loadJournals()
    let device = state.peers[try peerIndex(peer)].card.deviceID
    let log = try log(LogID(group: group, objectClass: .messages))
    guard sync.peers[device]?.logs[log.id] != nil else { return true }
    let known = try engine { () throws(SyncError) in
      try sync.known(to: device, of: log.id, view: log)
    }
    let void = sync.logs[log.id]?.void ?? Intervals()
    return Intervals(0..<log.length).subtracting(known).subtracting(void).isEmpty
  }

  /// The number of the next bundle to a peer.
  package func nextNumber(to peer: String) throws(NodeError) -> UInt64 {
    try loadJournals()
    return sync.peers[state.peers[try peerIndex(peer)].card.deviceID]?.nextNumber ?? 1
  }

  /// Bytes of the objects that the bundle to a peer of this number carried.
  package func carriedByteCount(by number: UInt64, to peer: String) throws(NodeError) -> UInt64 {
    try loadJournals()
    let device = state.peers[try peerIndex(peer)].card.deviceID
    guard
      let bundle = sync.peers[device]?.sent.last(where: {
        $0.number == number && $0.instance == sync.device.instance
      })
    else { return 0 }
    var count: UInt64 = 0
    for id in bundle.runs.keys.sorted() {
      guard let positions = bundle.runs[id] else { continue }
      let view = try log(id)
      for range in positions.ranges {
        count += try reading(view) { () throws(LogReadError) in try view.byteCount(of: range) }
      }
    }
    return count
  }

  /// Bytes of everything that is kept about peers, as it is written.
  package func journalByteCount() throws(NodeError) -> Int {
    try loadJournals()
    var count = 0
    for journal in sync.peers.values {
      do { count += try journal.encoded().count } catch { throw .engine("\(error)") }
    }
    return count
  }
}
