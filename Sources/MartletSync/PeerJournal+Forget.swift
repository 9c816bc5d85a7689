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
    // Each log may be within its limits, and all of them together too much to be written.
    var tighter = limits
    while tighter.intervals > 1, entryCount > limits.entries {
      tighter = tighter.halved()
      for log in logs.keys { logs[log]?.forget(beyond: tighter) }
    }
    // What is still too much is no honest peer's: nothing is kept of the largest.
    if entryCount > limits.entries {
      let counts = logs.mapValues(\.entryCount)
      var left = entryCount
      for log in logs.keys.sorted(by: { (counts[$1] ?? 0, $0) < (counts[$0] ?? 0, $1) }) {
        guard left > limits.entries else { break }
        logs[log] = PeerLog()
        left -= counts[log] ?? 0
      }
      owed = true
    }
  }

  private var entryCount: Int { logs.values.reduce(0) { $0 + $1.entryCount } }
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

  /// How much there is to be written of it.
  var entryCount: Int {
    let sets = [applied, requested, declined, asking, refused, void, unpaired]
    return sets.reduce(0) { $0 + $1.ranges.count } + correspondence.runs.count + unplaced.count
      + marks.count + lost.count + wanted.count + asked.count + offered.count
      + (lineage?.starts.count ?? 0)
  }

  mutating func forget(beyond limits: JournalLimits) {
    applied.keepLongest(limits.intervals)
    requested.keepLongest(limits.intervals)
    declined.keepLongest(limits.intervals)
    asking.keepLongest(limits.intervals)
    refused.keepLongest(limits.intervals)
    if offered.count > limits.offered { offered.removeLast(offered.count - limits.offered) }
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
    // Where positions without pairs are many ranges, so are their marks.
    if unpaired.ranges.count > limits.intervals {
      forgetAbove(unpaired.ranges[limits.intervals].lowerBound)
    }
  }

  /// Forgets, from the bottom, where in our log things stand that the peer acknowledged, until half as
  /// many pairs are left; that it holds them, and we what is at its positions, is kept.
  ///
  /// Without it two who both write between any two bundles would keep two pairs a bundle for ever.
  ///
  /// - Complexity: O(log *n*) for each pair beyond the limit.
  mutating func compact(beyond limit: Int) {
    let excess = correspondence.runs.count - limit / 2
    guard correspondence.runs.count > limit, excess > 0 else { return }
    var going: [Correspondence.Run] = []
    for run in correspondence.runs where going.count < excess {
      if applied.contains(run.ours..<run.ours + run.count) { going.append(run) }
    }
    for run in going {
      unpaired.insert(run.theirs..<run.theirs + run.count)
      unpairedEnd = max(unpairedEnd, run.ours + run.count)
    }
    correspondence.removeAll(going)
  }

  /// From the top: what is below keeps its chains. An interval that has none at the cut goes down to
  /// where it has one, for a receipt of it could not be believed.
  private mutating func forgetAbove(_ position: UInt64) {
    var cut = position
    if marks[cut] == nil, let range = receiptPositions.ranges.first(where: { $0.contains(cut) }) {
      cut = mark(below: cut, in: range) ?? range.lowerBound
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
