package import MartletWire

extension Section {
  /// Checks every number before any of them is used.
  package func check(carried: [CarriedLog]) throws(SyncError) {
    guard (1..<SyncLimits.bundleNumber).contains(number) else { throw .outOfRange(.bundleNumber) }
    if let echo, echo.number >= SyncLimits.bundleNumber { throw .outOfRange(.bundleNumber) }
    guard logs.count <= Limits.groupCount * 2, answeredAbsent.count <= SyncLimits.idCount else {
      throw .outOfRange(.count)
    }
    var lengths: [LogID: UInt64] = [:]
    for log in logs {
      guard lengths.updateValue(log.length, forKey: log.log) == nil else {
        throw .repeatedLog(log.log)
      }
      try log.check()
    }
    var seen: Set<LogID> = []
    for log in carried {
      guard seen.insert(log.log).inserted else { throw .repeatedLog(log.log) }
      guard log.runs.count <= Limits.runCount, log.absent.count <= SyncLimits.idCount else {
        throw .outOfRange(.count)
      }
      try SectionLog.checkAscending(
        log.runs.map(\.range), log: log.log, end: lengths[log.log] ?? SyncLimits.position)
    }
  }
}

extension SectionLog {
  func check() throws(SyncError) {
    guard length < SyncLimits.position else { throw .outOfRange(.logLength) }
    guard have.count <= Limits.runCount, void.count <= Limits.runCount,
      lost.count <= SyncLimits.idCount, requests.count <= SyncLimits.idCount
    else { throw .outOfRange(.count) }
    try Self.check(lineage)
    try Self.checkAscending(have.map(\.range), log: log, end: length)
    try Self.checkAscending(void.map(\.range), log: log, end: length)
    for run in have where run.theirs >= SyncLimits.position { throw .outOfRange(.position) }
    guard offers.count <= Limits.runCount, summaries.count <= Limits.memberCount else {
      throw .outOfRange(.count)
    }
    for run in offers {
      // Before its end is computed.
      guard run.start < SyncLimits.position else { throw .outOfRange(.position) }
    }
    try Self.checkAscending(offers.map(\.range), log: log, end: length)
    for set in [requested, declined] {
      guard set.ranges.count <= Limits.runCount else { throw .outOfRange(.count) }
      if let last = set.ranges.last, last.upperBound >= SyncLimits.position {
        throw .outOfRange(.position)
      }
    }
    if let receipt {
      try Self.check(receipt.lineage)
      guard receipt.held.ranges.count <= Limits.runCount,
        receipt.chainTails.count <= Limits.runCount
      else { throw .outOfRange(.count) }
      if let last = receipt.held.ranges.last, last.upperBound >= SyncLimits.position {
        throw .outOfRange(.position)
      }
      for position in receipt.chainTails.keys where position >= SyncLimits.position {
        throw .outOfRange(.position)
      }
    }
  }

  private static func check(_ lineage: Lineage) throws(SyncError) {
    for start in lineage.starts where start.position >= SyncLimits.position {
      throw .outOfRange(.lineage)
    }
  }

  static func checkAscending(
    _ ranges: [Range<UInt64>], log: LogID, end: UInt64
  ) throws(SyncError) {
    var previous: UInt64 = 0
    for range in ranges {
      guard !range.isEmpty, range.lowerBound >= previous else { throw .disorder(log) }
      guard range.upperBound <= end else { throw .outOfRange(.position) }
      previous = range.upperBound
    }
  }
}
