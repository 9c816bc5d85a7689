/// The epochs of a log, oldest first, each with the position at which it starts.
///
/// Below the start of the next epoch, positions keep the numbering they had.
package struct Lineage: Hashable, Sendable {
  package struct Start: Hashable, Sendable {
    package let epoch: EpochID
    package let position: UInt64

    package init(epoch: EpochID, position: UInt64) {
      self.epoch = epoch
      self.position = position
    }
  }

  /// The most epochs a lineage may have.
  package static let limit = 4096

  /// Ascending by position.
  package private(set) var starts: [Start]

  /// A log that begins with `epoch`.
  package init(epoch: EpochID) { starts = [Start(epoch: epoch, position: 0)] }

  /// Nil unless there are 1 to ``limit`` starts, the first at 0, in ascending order.
  package init?(_ starts: [Start]) {
    guard (1...Lineage.limit).contains(starts.count), starts.first?.position == 0 else {
      return nil
    }
    for (earlier, later) in zip(starts, starts.dropFirst())
    where earlier.position > later.position { return nil }
    self.starts = starts
  }

  /// The epoch in which a position was numbered.
  package func epoch(at position: UInt64) -> EpochID? {
    starts.last { $0.position <= position }?.epoch
  }

  /// Up to which position two lineages are of one numbering; `UInt64.max` if they are equal.
  package func common(with other: Lineage) -> UInt64 {
    var index = 0
    while index < starts.count, index < other.starts.count, starts[index] == other.starts[index] {
      index += 1
    }
    if index == 0 { return 0 }
    if index == starts.count, index == other.starts.count { return .max }
    let next = [starts, other.starts].compactMap { index < $0.count ? $0[index].position : nil }
    return next.min() ?? .max
  }

  /// The lineage after a fork: epochs that start at or above `fork` are retired.
  package func forked(at fork: UInt64, epoch: EpochID) -> Lineage {
    var copy = self
    copy.starts.removeAll { $0.position >= fork }
    copy.starts.append(Start(epoch: epoch, position: copy.starts.isEmpty ? 0 : fork))
    return copy
  }
}
