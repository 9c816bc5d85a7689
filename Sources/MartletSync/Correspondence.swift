package import MartletWire

/// Which positions of a peer's log are which of ours, as runs of equal steps.
///
/// A position on either side has at most one partner.
package struct Correspondence: Equatable, Sendable {
  package struct Run: Equatable, Sendable {
    package var theirs: UInt64
    package var ours: UInt64
    package var count: UInt64

    package init(theirs: UInt64, ours: UInt64, count: UInt64) {
      self.theirs = theirs
      self.ours = ours
      self.count = count
    }
  }

  /// Ascending by `theirs`.
  package private(set) var runs: [Run] = []
  /// Our positions that have a partner.
  package private(set) var ours = Intervals()

  package init() {}

  /// Takes runs that were checked.
  init(checked runs: [Run]) {
    self.runs = runs
    ours = Intervals(runs.map { $0.ours..<$0.ours + $0.count })
  }

  /// - Complexity: O(log *n*) in the number of runs.
  package func ours(of theirs: UInt64) -> UInt64? {
    let index = firstIndex(endingAbove: theirs)
    guard index < runs.count, runs[index].theirs <= theirs else { return nil }
    return runs[index].ours + (theirs - runs[index].theirs)
  }

  /// Joins two positions; false, and no change, if either has another partner.
  ///
  /// - Complexity: O(log *n*) at the end, O(*n*) elsewhere.
  @discardableResult
  package mutating func insert(theirs: UInt64, ours position: UInt64) -> Bool {
    let index = firstIndex(endingAbove: theirs)
    if index < runs.count, runs[index].theirs <= theirs {
      return runs[index].ours + (theirs - runs[index].theirs) == position
    }
    guard !ours.contains(position) else { return false }
    ours.insert(position)
    let before = index > 0 ? runs[index - 1] : nil
    let after = index < runs.count ? runs[index] : nil
    let joinsBefore =
      before.map { $0.theirs + $0.count == theirs && $0.ours + $0.count == position } ?? false
    let joinsAfter = after.map { $0.theirs == theirs + 1 && $0.ours == position + 1 } ?? false
    if joinsBefore {
      runs[index - 1].count += 1
      if joinsAfter {
        runs[index - 1].count += runs[index].count
        runs.remove(at: index)
      }
    } else if joinsAfter {
      runs[index].theirs -= 1
      runs[index].ours -= 1
      runs[index].count += 1
    } else {
      runs.insert(Run(theirs: theirs, ours: position, count: 1), at: index)
    }
    return true
  }

  /// Forgets every pair whose position over there is in `range`.
  package mutating func remove(theirs range: Range<UInt64>) {
    var kept: [Run] = []
    for run in runs {
      let end = run.theirs + run.count
      if run.theirs < range.lowerBound {
        let count = min(end, range.lowerBound) - run.theirs
        kept.append(Run(theirs: run.theirs, ours: run.ours, count: count))
      }
      if end > range.upperBound {
        let skipped = max(run.theirs, range.upperBound) - run.theirs
        kept.append(
          Run(
            theirs: run.theirs + skipped, ours: run.ours + skipped, count: run.count - skipped))
      }
    }
    runs = kept
    ours = Intervals(runs.map { $0.ours..<$0.ours + $0.count })
  }

  /// Forgets runs that are among ``runs``, both in the same order.
  package mutating func removeAll(_ going: [Run]) {
    var rest = going[...]
    runs.removeAll { run in
      guard rest.first == run else { return false }
      rest.removeFirst()
      return true
    }
    ours = ours.subtracting(
      Intervals(going.map { $0.ours..<$0.ours + $0.count }.sorted { $0.lowerBound < $1.lowerBound })
    )
  }

  private func firstIndex(endingAbove theirs: UInt64) -> Int {
    var low = 0
    var high = runs.count
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].theirs + runs[middle].count > theirs {
        high = middle
      } else {
        low = middle + 1
      }
    }
    return low
  }
}
