package import MartletSeal
package import MartletWire

extension SyncState {
  /// Says anew what this device has delivered of a group, if that changed.
  ///
  /// The number goes up where instance, count or heads are other than before. Peers that were not
  /// told are owed a bundle: ``plan(for:views:request:)`` sees to it.
  /// - Parameters:
  ///   - log: The group's messages.
  ///   - heads: All messages that none in the log names as a parent, in any order.
  ///   - count: Messages in the log.
  package mutating func summarise(
    _ log: LogID, as device: DeviceID, heads: [ObjectID], count: UInt64,
    signing: (Summary) -> SignedSummary
  ) {
  }

  /// Takes a summary whose signature was verified.
  ///
  /// - Returns: Whether it is news.
  @discardableResult
  package mutating func take(
    _ signed: SignedSummary, of log: LogID, from peer: DeviceID?, view: some LogView
  ) throws(SyncError) -> Bool {
    false
  }

  /// Which other devices have delivered the message at a position of our log, as far as is known.
  package func delivered(_ log: LogID, at position: UInt64) -> [DeviceID] {
    delivered(log).filter { $0.value.contains(position) }.map(\.key).sorted()
  }

  /// Our positions that other devices have delivered, as far as is known.
  package func delivered(_ log: LogID) -> [DeviceID: Intervals] {
    logs[log]?.summaries.mapValues(\.delivered) ?? [:]
  }
}
