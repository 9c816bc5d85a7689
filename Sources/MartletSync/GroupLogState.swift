package import MartletSeal
package import MartletWire

/// What we know of one of our own logs beside its entries.
package struct GroupLogState: Equatable, Sendable {
  package var lineage: Lineage
  /// Epochs of ours that a fork has ended.
  package var retired: Set<EpochID> = []
  /// Positions whose object was damaged and is not back yet.
  package var lost = Intervals()
  /// Positions that nobody is to have any more: expired, withdrawn.
  package var void = Intervals()
  /// Ids that are not to be had, and that children may pass.
  package var absent: Set<ObjectID> = []
  /// What other members say that they have delivered; of a log of messages only.
  package var summaries: [DeviceID: KnownSummary] = [:]
  /// Our own word on the same.
  package var ownSummary: KnownSummary?
  /// Goes up with every summary that comes in or changes: by it is known what a peer was told.
  package var summarySequence: UInt64 = 0

  package init(epoch: EpochID) { lineage = Lineage(epoch: epoch) }

  package init(lineage: Lineage) { self.lineage = lineage }

  /// An object came in whole: what was said of its absence or loss ends.
  ///
  /// - Parameter position: Where it stands in the log, if it stands there already.
  package mutating func regained(_ id: ObjectID, at position: UInt64?) {
    absent.remove(id)
    if let position, position < .max { lost.remove(position..<position + 1) }
  }

  /// Ends the epochs above `fork` and starts a new one there.
  mutating func fork(at fork: UInt64, epoch: EpochID) {
    for start in lineage.starts where start.position >= fork { retired.insert(start.epoch) }
    lineage = lineage.forked(at: fork, epoch: epoch)
  }
}
