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
  /// Positions that are held or void are passed over. A bundle is owed if any is new.
  package mutating func request(_ positions: Intervals, of log: LogID, from peer: DeviceID) {
  }

  /// Tells a peer that positions of its log are not wanted, until they are held or
  /// ``undecline(_:)`` is called. A bundle is owed if any is new.
  package mutating func decline(_ positions: Intervals, of log: LogID, from peer: DeviceID) {
  }

  /// Wants of a log again what was declined.
  package mutating func undecline(_ log: LogID) {
  }
}
