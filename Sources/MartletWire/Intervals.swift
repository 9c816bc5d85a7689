/// A set of positions, kept as ascending intervals that neither touch nor overlap.
package struct Intervals: Hashable, Sendable {
  package private(set) var ranges: [Range<UInt64>] = []

  package init() {}

  package init(_ range: Range<UInt64>) {
    if !range.isEmpty { ranges = [range] }
  }

  package init(_ ranges: some Sequence<Range<UInt64>>) {
    for range in ranges { insert(range) }
  }

  /// Takes ranges that ascend and have gaps between them.
  package init(ascending ranges: [Range<UInt64>]) { self.ranges = ranges }

  package var isEmpty: Bool { ranges.isEmpty }

  /// How many positions are in the set.
  package var count: UInt64 { ranges.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) } }

  /// - Complexity: O(log *n*) in the number of intervals.
  package func contains(_ position: UInt64) -> Bool {
    let index = firstIndex(endingAbove: position)
    return index < ranges.count && ranges[index].lowerBound <= position
  }

  /// Whether every position of a range is in the set.
  ///
  /// - Complexity: O(log *n*) in the number of intervals.
  package func contains(_ range: Range<UInt64>) -> Bool {
    guard !range.isEmpty else { return true }
    let index = firstIndex(endingAbove: range.lowerBound)
    return index < ranges.count && ranges[index].lowerBound <= range.lowerBound
      && range.upperBound <= ranges[index].upperBound
  }

  /// - Complexity: O(log *n*) at the end of the set, O(*n*) elsewhere.
  package mutating func insert(_ range: Range<UInt64>) {
    guard !range.isEmpty else { return }
    // Touching intervals join, so look for the first that ends at or above the start.
    let first =
      range.lowerBound == 0 ? 0 : firstIndex(endingAbove: range.lowerBound - 1)
    var last = first
    var lower = range.lowerBound
    var upper = range.upperBound
    while last < ranges.count, ranges[last].lowerBound <= range.upperBound {
      lower = min(lower, ranges[last].lowerBound)
      upper = max(upper, ranges[last].upperBound)
      last += 1
    }
    ranges.replaceSubrange(first..<last, with: CollectionOfOne(lower..<upper))
  }

  package mutating func insert(_ position: UInt64) {
    guard position < .max else { return }
    insert(position..<position + 1)
  }

  package mutating func remove(_ range: Range<UInt64>) {
    guard !range.isEmpty else { return }
    let first = firstIndex(endingAbove: range.lowerBound)
    var last = first
    var kept: [Range<UInt64>] = []
    while last < ranges.count, ranges[last].lowerBound < range.upperBound {
      let old = ranges[last]
      if old.lowerBound < range.lowerBound { kept.append(old.lowerBound..<range.lowerBound) }
      if old.upperBound > range.upperBound { kept.append(range.upperBound..<old.upperBound) }
      last += 1
    }
    ranges.replaceSubrange(first..<last, with: kept)
  }

  /// - Complexity: O(*n* + *m*) in the numbers of intervals.
  package func union(_ other: Intervals) -> Intervals {
    if other.isEmpty { return self }
    if isEmpty { return other }
    var result: [Range<UInt64>] = []
    result.reserveCapacity(ranges.count + other.ranges.count)
    var left = 0
    var right = 0
    while left < ranges.count || right < other.ranges.count {
      let next: Range<UInt64>
      if right == other.ranges.count
        || (left < ranges.count && ranges[left].lowerBound <= other.ranges[right].lowerBound)
      {
        next = ranges[left]
        left += 1
      } else {
        next = other.ranges[right]
        right += 1
      }
      if let last = result.last, last.upperBound >= next.lowerBound {
        if next.upperBound > last.upperBound {
          result[result.count - 1] = last.lowerBound..<next.upperBound
        }
      } else {
        result.append(next)
      }
    }
    return Intervals(ascending: result)
  }

  /// - Complexity: O(*n* + *m*) in the numbers of intervals.
  package func subtracting(_ other: Intervals) -> Intervals {
    if other.isEmpty || isEmpty { return self }
    var result: [Range<UInt64>] = []
    result.reserveCapacity(ranges.count)
    var index = 0
    for range in ranges {
      var lower = range.lowerBound
      while index < other.ranges.count, other.ranges[index].lowerBound < range.upperBound {
        let taken = other.ranges[index]
        if taken.lowerBound > lower { result.append(lower..<taken.lowerBound) }
        lower = max(lower, taken.upperBound)
        // It may reach into the next one.
        if taken.upperBound > range.upperBound { break }
        index += 1
      }
      if lower < range.upperBound { result.append(lower..<range.upperBound) }
    }
    return Intervals(ascending: result)
  }

  /// - Complexity: O(*n* + *m*) in the numbers of intervals.
  package func intersection(_ other: Intervals) -> Intervals {
    var result: [Range<UInt64>] = []
    var left = 0
    var right = 0
    while left < ranges.count, right < other.ranges.count {
      let lower = max(ranges[left].lowerBound, other.ranges[right].lowerBound)
      let upper = min(ranges[left].upperBound, other.ranges[right].upperBound)
      if lower < upper { result.append(lower..<upper) }
      if ranges[left].upperBound < other.ranges[right].upperBound {
        left += 1
      } else {
        right += 1
      }
    }
    return Intervals(ascending: result)
  }

  /// What of `[0, end)` is not in the set.
  package func complement(below end: UInt64) -> Intervals {
    Intervals(0..<end).subtracting(self)
  }

  private func firstIndex(endingAbove position: UInt64) -> Int {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound > position { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
