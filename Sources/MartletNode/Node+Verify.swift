internal import MartletStore
internal import MartletSync
internal import MartletWire

extension Node {
  /// Re-reads and re-hashes everything that is held.
  ///
  /// Open for writing, it moves damaged files aside and lists their objects as lost in the next
  /// bundles, so that peers send them again, and no longer lists what is whole elsewhere; open for
  /// reading it only tells.
  public func verify() throws(NodeError) -> VerifyReport {
    let held = groupStates.values.flatMap { $0.pending.values.map(\.stored) }
    let found = try stored { () throws(StoreError) in
      try store.verify(
        alsoHeld: held,
        progress: { objects, bytes in
          progress?(
            Progress(activity: .verifying, bytes: bytes, totalBytes: nil, objects: objects))
        }, shouldStop: { shouldStop?() == true })
    }
    guard !found.wasStopped else { throw .interrupted }
    let report = VerifyReport(
      objectCount: found.objectCount, byteCount: found.byteCount,
      damage: found.damage.map(\.description), lost: found.lost.map(\.id) + found.lostHeld)
    guard isWriting else { return report }
    var positions: [LogID: Set<UInt64>] = [:]
    for (log, position, _) in found.lost { positions[log, default: []].insert(position) }
    let whole = try wholeAgain(except: positions)
    guard !report.lost.isEmpty || !whole.isEmpty else { return report }
    try changing { () throws(NodeError) in
      try loadJournals()
      for (log, position, id) in whole {
        sync.logs[log]?.regained(id, at: position)
        try self.log(log).lost = sync.logs[log]?.lost ?? Intervals()
        changedGroups.insert(log.group)
        // Peers were told that it is lost.
        for peer in sync.peers.keys where sync.peers[peer]?.logs[log] != nil {
          sync.peers[peer]?.owed = true
          changedPeers.insert(peer)
        }
      }
      for id in groupStates.keys {
        let gone = found.lostHeld.filter { groupStates[id]?.pending[$0] != nil }
        if !gone.isEmpty { try forgetPending(gone, in: id) }
      }
      try lose(positions)
      try commit()
    }
    return report
  }

  /// What is listed as lost and can be read all the same.
  private func wholeAgain(
    except lost: [LogID: Set<UInt64>]
  ) throws(NodeError) -> [(log: LogID, position: UInt64, id: ObjectID)] {
    var whole: [(log: LogID, position: UInt64, id: ObjectID)] = []
    for (log, state) in sync.logs where !state.lost.isEmpty {
      let view = try self.log(log)
      for position in state.lost.ranges.joined()
      where position < view.length && lost[log]?.contains(position) != true {
        let id = try reading(view) { () throws(LogReadError) in try view.id(at: position) }
        do throws(StoreError) { _ = try store.read(id) } catch {
          switch error {
          case .missing, .objectDamaged: continue
          default: throw .store(error)
          }
        }
        whole.append((log, position, id))
      }
    }
    return whole
  }
}
