internal import MartletSync
internal import MartletWire

/// Gathers the ids of whole stretches, from mark to mark, while the records of a bundle come in.
struct StretchCollector {
  private let logs: [CarriedLog]
  private var log = -1
  private var run = -1
  private var mark = 0
  private var expected: UInt64 = 0
  private var isWhole = true
  private var ids: [ObjectID] = []

  init(_ logs: [CarriedLog]) { self.logs = logs }

  /// Notes one record; they come in the order of logs, runs and positions, some left out.
  ///
  /// - Returns: The stretch that it completes, if all its objects were accepted.
  mutating func add(
    log: Int, run: Int, position: UInt64, id: ObjectID, isAccepted: Bool
  ) -> (log: LogID, stretch: Stretch)? {
    let carried = logs[log].runs[run]
    if log != self.log || run != self.run {
      (self.log, self.run, mark) = (log, run, 0)
      start(at: carried.range.lowerBound)
    }
    while mark < carried.marks.count, position >= carried.marks[mark].position {
      start(at: carried.marks[mark].position)
      mark += 1
    }
    guard mark < carried.marks.count else { return nil }
    if position != expected || !isAccepted { isWhole = false }
    expected = position + 1
    if isWhole { ids.append(id) }
    let end = carried.marks[mark]
    guard expected == end.position, isWhole else { return nil }
    return (
      logs[log].log,
      Stretch(
        start: mark == 0 ? carried.range.lowerBound : carried.marks[mark - 1].position, ids: ids,
        chainBefore: mark == 0 ? carried.chainBefore : carried.marks[mark - 1].chain,
        chainAfter: end.chain)
    )
  }

  private mutating func start(at position: UInt64) {
    expected = position
    isWhole = true
    ids.removeAll(keepingCapacity: true)
  }
}
