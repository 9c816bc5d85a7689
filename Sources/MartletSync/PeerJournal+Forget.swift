internal import MartletWire

extension PeerJournal {
  /// Forgets what is more than may be kept. Nothing is taken for held afterwards that was not before.
  mutating func forget(beyond limits: JournalLimits) {
    var intervals = 0
    var kept = 0
    for bundle in sent.reversed() {
      intervals += bundle.runs.values.reduce(0) { $0 + $1.ranges.count }
      guard kept < limits.sentBundles, kept == 0 || intervals <= limits.sentIntervals else { break }
      kept += 1
    }
    if kept < sent.count { sent.removeFirst(sent.count - kept) }
    for log in logs.keys { logs[log]?.forget(beyond: limits) }
  }
}

extension PeerLog {
  /// The peer began another life: it may have lost what this one acknowledged, asked for or was told.
  mutating func forgetLife() {
    applied = Intervals()
    requested = Intervals()
    declined = Intervals()
    offered = []
    told = 0
    telling = []
  }

  mutating func forget(beyond limits: JournalLimits) {
    applied.keepLongest(limits.intervals)
    requested.keepLongest(limits.intervals)
    declined.keepLongest(limits.intervals)
    asking.keepLongest(limits.intervals)
    refused.keepLongest(limits.intervals)
    if asked.count > limits.ids { asked = Set(asked.sorted().prefix(limits.ids)) }
    if lost.count > limits.ids || wanted.count > limits.ids {
      // What is not held there cannot be told from what is any more: nothing counts as held.
      applied = Intervals()
      forget(0..<UInt64.max)
      marks = [:]
      lost = []
      wanted = []
    }
    if void.ranges.count > limits.intervals {
      void.keepLongest(limits.intervals)
      tidy()
    }
    if unplaced.count > limits.unplaced {
      let last = unplaced.values.sorted()[limits.unplaced]
      forgetAbove(last)
    }
    if correspondence.runs.count > limits.pairs {
      forgetAbove(correspondence.runs[limits.pairs].theirs)
    }
  }

  /// From the top: what is below keeps its chains. An interval that has none at the cut goes whole,
  /// for a receipt of it could not be believed.
  private mutating func forgetAbove(_ position: UInt64) {
    var cut = position
    if marks[cut] == nil, let range = receiptPositions.ranges.first(where: { $0.contains(cut) }) {
      cut = range.lowerBound
    }
    forget(cut..<UInt64.max)
    tidy()
  }
}

extension Intervals {
  /// Keeps the `limit` longest intervals, the lower ones of equals.
  mutating func keepLongest(_ limit: Int) {
    guard ranges.count > limit else { return }
    let longest = ranges.sorted {
      ($1.upperBound - $1.lowerBound, $0.lowerBound)
        < ($0.upperBound - $0.lowerBound, $1.lowerBound)
    }
    self = Intervals(ascending: longest.prefix(limit).sorted { $0.lowerBound < $1.lowerBound })
  }
}
