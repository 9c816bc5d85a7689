internal import MartletWire

/// All runs of a bundle in order, so that the n-th record is known by its log and position.
struct RunTable: Equatable, Sendable {
  struct Place: Equatable, Sendable {
    /// Among the carried logs.
    let logIndex: Int
    /// Within that log.
    let runIndex: Int
    let range: Range<UInt64>
    /// How many records stand before the run.
    let first: UInt64
  }

  private(set) var places: [Place] = []
  private(set) var recordCount: UInt64 = 0

  init(_ logs: [CarriedLog]) {
    for (logIndex, log) in logs.enumerated() {
      for (runIndex, run) in log.runs.enumerated() where !run.range.isEmpty {
        let count = run.range.upperBound - run.range.lowerBound
        let (sum, overflow) = recordCount.addingReportingOverflow(count)
        // Such a manifest is refused where it is read and where it is written.
        guard !overflow else { return }
        places.append(
          Place(logIndex: logIndex, runIndex: runIndex, range: run.range, first: recordCount))
        recordCount = sum
      }
    }
  }

  /// The number of the record at a position of a run; nil if the run does not hold it.
  func record(run: UInt32, position: UInt64) -> UInt64? {
    guard let index = Int(exactly: run), index < places.count,
      places[index].range.contains(position)
    else { return nil }
    return places[index].first + (position - places[index].range.lowerBound)
  }

  /// The run that holds the record of that number; nil beyond the last.
  ///
  /// - Complexity: O(log *n*), or O(1) if it is in the run of index `guess`.
  func run(ofRecord record: UInt64, guess: Int = 0) -> Int? {
    guard record < recordCount else { return nil }
    if places.indices.contains(guess), holds(guess, record) { return guess }
    var low = 0
    var high = places.count
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if places[middle].first <= record { low = middle } else { high = middle }
    }
    return low
  }

  /// The position of a record that the run holds.
  func position(ofRecord record: UInt64, run: Int) -> UInt64 {
    places[run].range.lowerBound + (record - places[run].first)
  }

  private func holds(_ run: Int, _ record: UInt64) -> Bool {
    let place = places[run]
    return record >= place.first
      && record - place.first < place.range.upperBound - place.range.lowerBound
  }
}
