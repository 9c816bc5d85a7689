internal import MartletSeal
internal import MartletWire

extension SyncState {
  /// What a bundle is to carry, and what it names instead.
  struct Choice {
    var runs: [LogID: Intervals] = [:]
    /// Sent, were there more room.
    var withheld: [LogID: Intervals] = [:]
    /// What the peer may have from others: only offered.
    var inferred: [LogID: Intervals] = [:]
    /// How many more objects may be offered.
    var offersLeft = SyncLimits.offerCount
  }

  /// Positions of one log in the order in which they go.
  private struct Queue {
    var log: LogID
    /// Asked for, and what they need.
    var requested = Intervals()
    /// Never sent.
    var fresh = Intervals()
    /// Sent before, and gone again.
    var again = Intervals()
    var chosen = Intervals()
    /// Bytes that there were for everything.
    var room = UInt64.max
    /// Something did not fit: what follows may need it.
    var isCut = false

    var all: Intervals { requested.union(fresh).union(again) }
  }

  func choose(
    for journal: PeerJournal, of peer: DeviceID, views: [LogID: some LogView],
    _ request: ExportRequest
  ) throws(LogReadError) -> Choice {
    var choice = Choice()
    choice.offersLeft = min(SyncLimits.offerCount, request.offerLimit)
    var queues: [Queue] = []
    for log in order(journal.logs.keys, request) {
      guard let known = journal.logs[log], let state = logs[log], let view = views[log]
      else { continue }
      let lacking = try Self.lacking(state, known, isFull: request.full, view: view)
      guard !lacking.isEmpty else { continue }
      let denied = try Self.denied(known, view: view)
      var inferred = Intervals()
      if !request.full {
        inferred = lacking.intersection(self.inferred(log, of: peer, journal))
          .subtracting(denied)
      }
      if !inferred.isEmpty { choice.inferred[log] = inferred }
      var queue = queue(log, lacking.subtracting(inferred), denied, journal, request)
      if request.byteLimit != nil || request.recordLimit != .max, !queue.requested.isEmpty {
        queue.requested = try withAncestors(queue.requested, of: queue.all, view: view)
      }
      queue.room = request.byteLimit ?? .max
      queue.fresh = queue.fresh.subtracting(queue.requested)
      queue.again = queue.again.subtracting(queue.requested)
      queues.append(queue)
    }
    var bytes = request.byteLimit ?? .max
    for index in queues.indices {
      guard let view = views[queues[index].log] else { continue }
      try Self.fill(&queues[index], [\.requested], &bytes, request.recordLimit, view: view)
    }
    for index in queues.indices {
      guard let view = views[queues[index].log] else { continue }
      try Self.fill(&queues[index], [\.fresh, \.again], &bytes, request.recordLimit, view: view)
      let log = queues[index].log
      let left = queues[index].all.subtracting(queues[index].chosen)
      if !queues[index].chosen.isEmpty { choice.runs[log] = queues[index].chosen }
      if !left.isEmpty { choice.withheld[log] = left }
    }
    return choice
  }

  /// Our positions that are held here and that a peer neither is known to hold nor declines.
  static func lacking(
    _ state: GroupLogState, _ known: PeerLog, isFull: Bool, view: some LogView
  ) throws(LogReadError) -> Intervals {
    var lacking = Intervals(0..<view.length)
    if !isFull { lacking = lacking.subtracting(try Self.known(known, view: view)) }
    if !known.declined.isEmpty {
      lacking = lacking.subtracting(
        known.declined.subtracting(try denied(known, view: view)))
    }
    return lacking.subtracting(state.lost).subtracting(state.void)
  }

  /// Messages before blobs, then as the request says, then by name.
  private func order(_ logs: some Sequence<LogID>, _ request: ExportRequest) -> [LogID] {
    var ranks: [GroupID: Int] = [:]
    for (rank, group) in request.priority.enumerated() where ranks[group] == nil {
      ranks[group] = rank
    }
    return logs.sorted { left, right in
      let ranks = (ranks[left.group] ?? .max, ranks[right.group] ?? .max)
      return (left.objectClass, ranks.0, left.group) < (right.objectClass, ranks.1, right.group)
    }
  }

  /// Sorts what is lacking by what was sent when.
  private func queue(
    _ log: LogID, _ lacking: Intervals, _ denied: Intervals, _ journal: PeerJournal,
    _ request: ExportRequest
  ) -> Queue {
    var queue = Queue(log: log)
    var undecided = lacking
    var again = Intervals()
    if !request.full {
      for bundle in journal.sent.reversed() where bundle.instance == device.instance {
        guard !undecided.isEmpty else { break }
        guard let runs = bundle.runs[log] else { continue }
        let sent = undecided.intersection(runs)
        guard !sent.isEmpty else { continue }
        undecided = undecided.subtracting(sent)
        // Three newer ones were heard of, or the time for an answer has passed.
        if request.cheapMedium
          || Self.passed(request.roundTrip, since: bundle.time, at: request.now)
          || journal.echoed >= bundle.number + 3
        {
          again = again.union(sent)
        } else if journal.echoed >= bundle.number {
          // Asked for by one who had heard of that bundle: what was in it did not arrive.
          again = again.union(sent.intersection(denied))
        }
      }
      var standing = Intervals()
      for bundle in journal.sent
      where bundle.instance == device.instance && request.standing.contains(bundle.number)
        && journal.echoed < bundle.number
      {
        if let runs = bundle.runs[log] { standing = standing.union(runs) }
      }
      undecided = undecided.subtracting(standing)
      again = again.subtracting(standing)
    }
    queue.fresh = undecided
    queue.again = again
    queue.requested = undecided.union(again).intersection(denied)
    return queue
  }

  /// Adds what is to be sent and what those positions cannot be delivered without.
  private func withAncestors(
    _ positions: Intervals, of sending: Intervals, view: some LogView
  ) throws(LogReadError) -> Intervals {
    var result = positions
    var steps = SyncLimits.ancestorSteps
    var stack: [UInt64] = []
    for range in positions.ranges {
      for position in range {
        stack.append(position)
        while steps > 0, let next = stack.popLast() {
          steps -= 1
          for parent in try view.parents(at: next) {
            guard let place = try view.position(of: parent), sending.contains(place),
              !result.contains(place)
            else { continue }
            result.insert(place)
            stack.append(place)
          }
        }
        // What would come first in the log is sent in its turn.
        if steps == 0 { return result }
      }
    }
    return result
  }

  /// Takes a prefix of each part while there is room; what comes after a cut of this log waits.
  private static func fill(
    _ queue: inout Queue, _ parts: [KeyPath<Queue, Intervals>], _ bytes: inout UInt64,
    _ recordLimit: UInt64, view: some LogView
  ) throws(LogReadError) {
    guard !queue.isCut else { return }
    var records = recordLimit - min(recordLimit, queue.chosen.count)
    for part in parts {
      for range in queue[keyPath: part].ranges {
        var start = range.lowerBound
        while start < range.upperBound {
          let end = try cut(start..<range.upperBound, &bytes, &records, view: view)
          queue.chosen.insert(start..<end)
          if end == range.upperBound { break }
          // Blobs have no order: one that is longer than all the room keeps none from going.
          guard queue.log.objectClass == .blobs, records > 0,
            try view.byteCount(of: end..<end + 1) > queue.room
          else {
            queue.isCut = true
            return
          }
          start = end + 1
        }
      }
    }
  }

  /// Up to where a range fits.
  private static func cut(
    _ range: Range<UInt64>, _ bytes: inout UInt64, _ records: inout UInt64,
    view: some LogView
  ) throws(LogReadError) -> UInt64 {
    let start = range.lowerBound
    var fits = start
    var above = start + min(range.upperBound - start, records)
    if bytes == .max {
      fits = above
    } else if try view.byteCount(of: start..<above) <= bytes {
      fits = above
    } else {
      while above - fits > 1 {
        let middle = fits + (above - fits) / 2
        if try view.byteCount(of: start..<middle) <= bytes { fits = middle } else { above = middle }
      }
    }
    guard fits > start else { return start }
    records -= fits - start
    if bytes != .max { bytes -= min(bytes, try view.byteCount(of: start..<fits)) }
    return fits
  }
}
