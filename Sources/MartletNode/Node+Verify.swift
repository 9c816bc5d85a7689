internal import MartletStore
internal import MartletSync
internal import MartletWire

extension Node {
  /// Re-reads and re-hashes everything that is held.
  ///
  /// Open for writing, it moves damaged files aside and lists their objects as lost in the next
  /// bundles, so that peers send them again; open for reading it only tells.
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
    guard isWriting, !report.lost.isEmpty else { return report }
    try changing { () throws(NodeError) in
      try loadJournals()
      var positions: [LogID: Set<UInt64>] = [:]
      for (log, position, _) in found.lost { positions[log, default: []].insert(position) }
      for id in groupStates.keys {
        let gone = found.lostHeld.filter { groupStates[id]?.pending[$0] != nil }
        if !gone.isEmpty { try forgetPending(gone, in: id) }
      }
      try lose(positions)
      try commit()
    }
    return report
  }
}
