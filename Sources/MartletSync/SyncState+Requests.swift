package import MartletSeal
package import MartletWire

extension SyncState {
  /// What a peer offered of a log for want of room, and is not held here; ascending positions of
  /// the peer's log.
  package func offered(by peer: DeviceID, of log: LogID) -> [OfferedItem] {
    peers[peer]?.logs[log]?.offered ?? []
  }

  /// Asks a peer for positions of its log, in every bundle until they are held here.
  ///
  /// Positions that are held or void are passed over, and those of a log that was never heard of.
  /// A bundle is owed if any is new.
  package mutating func request(_ positions: Intervals, of log: LogID, from peer: DeviceID) {
    guard let known = peers[peer]?.logs[log], known.lineage != nil else { return }
    let new = positions.subtracting(known.receiptPositions).subtracting(known.asking)
    guard !new.isEmpty else { return }
    peers[peer]?.logs[log]?.asking = known.asking.union(new)
    peers[peer]?.logs[log]?.refused = known.refused.subtracting(new)
    peers[peer]?.logs[log]?.forget(beyond: limits)
    peers[peer]?.owed = true
  }

  /// Tells a peer that positions of its log are not wanted, until they are held or
  /// ``undecline(_:)`` is called. A bundle is owed if any is new.
  package mutating func decline(_ positions: Intervals, of log: LogID, from peer: DeviceID) {
    guard let known = peers[peer]?.logs[log], known.lineage != nil else { return }
    let new = positions.subtracting(known.receiptPositions).subtracting(known.refused)
    guard !new.isEmpty else { return }
    peers[peer]?.logs[log]?.refused = known.refused.union(new)
    peers[peer]?.logs[log]?.asking = known.asking.subtracting(new)
    peers[peer]?.logs[log]?.forget(beyond: limits)
    peers[peer]?.owed = true
  }

  /// Declines what a bundle carried, as far as its numbering is the peer's present one.
  package mutating func decline(_ positions: Intervals, of log: LogID, reception: Reception) {
    guard let common = reception.common[log] else { return }
    decline(positions.intersection(Intervals(0..<common)), of: log, from: reception.peer)
  }

  /// Wants of a log again what was declined. Peers that were told so are owed a bundle.
  package mutating func undecline(_ log: LogID) {
    for peer in peers.keys where peers[peer]?.logs[log]?.refused.isEmpty == false {
      peers[peer]?.logs[log]?.refused = Intervals()
      peers[peer]?.owed = true
    }
  }
}
