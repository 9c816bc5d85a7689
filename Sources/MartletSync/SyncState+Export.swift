package import MartletSeal
package import MartletWire

/// The circumstances of an export.
package struct ExportRequest: Sendable {
  /// Unix seconds; where it runs backwards, waiting counts as over.
  package var now: UInt64
  /// Seconds after which what was not acknowledged goes again.
  package var roundTrip: UInt64
  /// Numbers of our own bundles that still stand on the medium.
  package var standing: Set<UInt64> = []
  /// The medium loses things and has room: what is not acknowledged goes again at once.
  package var cheapMedium = false
  /// Everything held is carried, whatever was acknowledged or sent.
  package var full = false
  /// A bundle is made even when there is nothing to say.
  package var force = false
  /// The most records of each log, the lowest positions first.
  package var recordLimit: UInt64 = .max
  /// The most bytes of objects; nil for any. What does not fit is offered.
  package var byteLimit: UInt64?
  /// Groups whose messages, and whose blobs, go first, in this order; others follow in that of
  /// their names.
  package var priority: [GroupID] = []
  /// The most objects that are offered.
  package var offerLimit = SyncLimits.offerCount
  /// How many share the bundle, and the room for what is said to each.
  package var recipientCount = 1
  /// Missing parents of what came from this peer and is pending here.
  package var wants: [LogID: Set<ObjectID>] = [:]

  package init(now: UInt64, roundTrip: UInt64) {
    self.now = now
    self.roundTrip = roundTrip
  }
}

/// What a bundle is to carry and to say.
package struct ExportPlan: Equatable, Sendable {
  package var logs: [CarriedLog]
  package var section: Section
  /// The positions that `logs` carries.
  package var runs: [LogID: Intervals]
  /// What the peer lacks and ``ExportRequest/byteLimit`` had no room for.
  package var withheld: [LogID: Intervals] = [:]
  /// Up to which summary of each log the section tells.
  package var told: [LogID: UInt64] = [:]
}

extension SyncState {
  /// Decides what a bundle for one peer carries and says; nil when nothing is to be said.
  ///
  /// Changes nothing: ``recordSent(_:to:now:carrier:fileName:standing:)`` makes it so, before
  /// the file is created. `keys` of the carried logs are left to the writer of the bundle.
  ///
  /// - Complexity: Time in what is lacking and in the intervals known, not in what is stored.
  package func plan(
    for peer: DeviceID, views: [LogID: some LogView], request: ExportRequest
  ) throws(SyncError) -> ExportPlan? {
    guard let journal = peers[peer] else { throw .unknownPeer }
    guard journal.nextNumber < SyncLimits.bundleNumber else { throw .numbersExhausted }
    let wants = request.wants.contains { journal.logs[$0.key] != nil && !$0.value.isEmpty }
    // While a bundle of ours stands that the peer has not read, nothing is said anew beside it.
    let isUnread = request.standing.contains { $0 > journal.echoed }
    let asks =
      wants && !(isUnread && journal.askedAt != nil)
      && Self.passed(request.roundTrip, since: journal.askedAt, at: request.now)
    var choice: Choice
    do throws(LogReadError) {
      choice = try choose(for: journal, of: peer, views: views, request)
    } catch { throw .unreadable(error) }
    let runs = choice.runs
    let mayOffer =
      !(isUnread && journal.offeredAt != nil)
      && Self.passed(request.roundTrip, since: journal.offeredAt, at: request.now)
    let offersInferred = mayOffer && !choice.inferred.isEmpty
    let mayTell = Self.passed(request.roundTrip, since: journal.toldAt, at: request.now)
    let tells = journal.logs.contains { log, known in
      let stands = known.telling.last.map { request.standing.contains($0.bundle) } ?? false
      let oldest = mayTell && !stands ? known.told : known.told(withUnconfirmed: true)
      return logs[log]?.tells(peer, above: oldest, by: device.instance) == true
    }
    let speaks = journal.owed || request.force || asks || offersInferred || tells
    guard !runs.isEmpty || speaks else { return nil }
    if !offersInferred { choice.inferred = [:] }

    var carried: [CarriedLog] = []
    var sections: [SectionLog] = []
    var answers: Set<ObjectID> = []
    var told: [LogID: UInt64] = [:]
    var summaryBytes = SyncLimits.summaryByteCount / max(1, request.recipientCount)
    var haveLeft = SyncLimits.haveCount / max(1, request.recipientCount)
    do throws(LogReadError) {
      for log in journal.logs.keys.sorted() {
        guard let known = journal.logs[log], let state = logs[log], let view = views[log]
        else { continue }
        var lost: Set<ObjectID> = []
        for range in state.lost.ranges {
          for position in range { lost.insert(try view.id(at: position)) }
        }
        if let positions = runs[log] {
          var list: [Run] = []
          for range in positions.ranges { list.append(try run(range, view: view)) }
          let absent = state.absent.union(lost).sorted()
          carried.append(CarriedLog(log: log, keys: [], runs: list, absent: absent))
        }
        for id in known.wanted where try !view.holds(id) { answers.insert(id) }
        var said = SectionLog(
          log: log, length: view.length, lineage: state.lineage,
          have: try haveRuns(state, known, &haveLeft, view: view),
          void: try voidRuns(state, known, view: view), receipt: Self.receipt(known),
          lost: lost.sorted(), requests: (request.wants[log] ?? []).sorted())
        said.offers = try offers(log, &choice, view: view)
        if known.lineage != nil {
          said.requested = known.asking
          said.declined = known.refused
        }
        (said.summaries, told[log]) = state.summaries(
          for: peer, above: known.told, by: device.instance, byteLimit: &summaryBytes)
        sections.append(said)
      }
    } catch { throw .unreadable(error) }
    let echo = journal.instance.map {
      Section.Echo(instance: $0, number: journal.highestHeard)
    }
    let section = Section(
      number: journal.nextNumber, echo: echo, logs: sections, answeredAbsent: answers.sorted())
    return ExportPlan(
      logs: carried, section: section, runs: runs, withheld: choice.withheld, told: told)
  }

  /// Notes what a bundle says and carries, before its file is created.
  ///
  /// The number is used up, whatever becomes of the file.
  package mutating func recordSent(
    _ plan: ExportPlan, to peer: DeviceID, now: UInt64, carrier: String, fileName: String,
    standing: Set<UInt64> = []
  ) throws(SyncError) {
    guard var journal = peers[peer] else { throw .unknownPeer }
    guard plan.section.number == journal.nextNumber else { throw .stalePlan }
    journal.nextNumber += 1
    journal.owed = false
    var asks = false
    for said in plan.section.logs {
      journal.logs[said.log]?.asked = Set(said.requests)
      asks = asks || !said.requests.isEmpty
    }
    if asks { journal.askedAt = now }
    if plan.section.logs.contains(where: { $0.offers.contains(where: \.isOnRequest) }) {
      journal.offeredAt = now
    }
    if !plan.told.isEmpty { journal.toldAt = now }
    for log in journal.logs.keys {
      // An echo of this one must not confirm what it had no room to repeat.
      journal.logs[log]?.forgetTelling(above: plan.told[log] ?? 0)
    }
    for (log, sequence) in plan.told {
      journal.logs[log]?.note(Telling(bundle: plan.section.number, sequence: sequence))
    }
    if !plan.runs.isEmpty {
      let instance = device.instance
      let before = journal
      journal.sent.removeAll { old in
        if old.instance == instance, standing.contains(old.number) { return false }
        return before.isAcknowledged(old)
          || old.runs.allSatisfy { log, runs in
            runs.subtracting(plan.runs[log] ?? Intervals()).isEmpty
          }
      }
      journal.sent.append(
        SentBundle(
          number: plan.section.number, instance: instance, time: now, carrier: carrier,
          fileName: fileName, runs: plan.runs))
    }
    journal.forget(beyond: limits)
    peers[peer] = journal
  }

  /// Our positions that a peer is known to hold: acknowledged or sent by it, not lost or asked for.
  package func known(
    to peer: DeviceID, of log: LogID, view: some LogView
  ) throws(SyncError) -> Intervals {
    guard let known = peers[peer]?.logs[log] else { return Intervals() }
    do throws(LogReadError) {
      return try Self.known(known, view: view)
    } catch { throw .unreadable(error) }
  }

  /// Our positions that a peer lacks: held here, not known to be held there, not declined.
  ///
  /// - Complexity: Time in the intervals known, not in the positions.
  package func lacking(
    to peer: DeviceID, of log: LogID, view: some LogView
  ) throws(SyncError) -> Intervals {
    guard let known = peers[peer]?.logs[log], let state = logs[log] else { return Intervals() }
    do throws(LogReadError) {
      return try Self.lacking(state, known, isFull: false, view: view)
    } catch { throw .unreadable(error) }
  }

  static func known(
    _ known: PeerLog, view: some LogView
  ) throws(LogReadError) -> Intervals {
    let held = known.applied.union(known.correspondence.ours)
    return held.subtracting(try denied(known, view: view))
  }

  /// Our positions that a peer says it does not hold: lost there, or asked for.
  package func denied(
    by peer: DeviceID, of log: LogID, view: some LogView
  ) throws(SyncError) -> Intervals {
    guard let known = peers[peer]?.logs[log] else { return Intervals() }
    do throws(LogReadError) { return try Self.denied(known, view: view) } catch {
      throw .unreadable(error)
    }
  }

  /// Our positions that the peer says it does not hold, whatever else was said of them.
  static func denied(_ known: PeerLog, view: some LogView) throws(LogReadError) -> Intervals {
    var positions: [UInt64] = []
    for id in known.lost.union(known.wanted) {
      if let place = try view.position(of: id) { positions.append(place) }
    }
    return known.requested.union(Intervals(positions.sorted().map { $0..<$0 + 1 }))
  }

  static func passed(_ seconds: UInt64, since time: UInt64?, at now: UInt64) -> Bool {
    guard let time, now >= time else { return true }
    return now - time >= seconds
  }

  func run(_ range: Range<UInt64>, view: some LogView) throws(LogReadError) -> Run {
    var marks: [ChainMark] = []
    var start = range.lowerBound
    while start < range.upperBound {
      var end = min(range.upperBound, start + Run.recordsPerMark)
      // Halving finds a stretch that is short enough in a few steps.
      while end - start > 1, try view.byteCount(of: start..<end) > Run.bytesPerMark {
        end = start + (end - start) / 2
      }
      marks.append(ChainMark(position: end, chain: try view.chain(at: end)))
      start = end
    }
    return Run(range: range, chainBefore: try view.chain(at: range.lowerBound), marks: marks)
  }

  private func haveRuns(
    _ state: GroupLogState, _ known: PeerLog, _ left: inout Int, view: some LogView
  ) throws(LogReadError) -> [HaveRun] {
    guard let lineage = known.lineage else { return [] }
    let said = known.applied.union(state.void)
    guard !known.correspondence.ours.subtracting(said).isEmpty else { return [] }
    var result: [HaveRun] = []
    // What there is no room for is said once these are acknowledged.
    for run in known.correspondence.runs where result.count < left {
      let ours = Intervals(run.ours..<run.ours + run.count).subtracting(said)
      for range in ours.ranges {
        // One epoch over there per run.
        var start = range.lowerBound
        while start < range.upperBound {
          let theirs = run.theirs + (start - run.ours)
          guard let epoch = lineage.epoch(at: theirs) else { break }
          let next = lineage.starts.first { $0.position > theirs }?.position ?? .max
          let end = start + min(range.upperBound - start, next - theirs)
          result.append(
            HaveRun(
              range: start..<end, theirs: theirs, epoch: epoch,
              chainBefore: try view.chain(at: start), chainAfter: try view.chain(at: end)))
          start = end
        }
      }
    }
    left -= min(left, result.count)
    return result.sorted { $0.range.lowerBound < $1.range.lowerBound }
  }

  private func voidRuns(
    _ state: GroupLogState, _ known: PeerLog, view: some LogView
  ) throws(LogReadError) -> [VoidRun] {
    var result: [VoidRun] = []
    for range in state.void.subtracting(known.applied).ranges {
      result.append(
        VoidRun(
          range: range, chainBefore: try view.chain(at: range.lowerBound),
          chainAfter: try view.chain(at: range.upperBound)))
    }
    return result
  }

  private static func receipt(_ known: PeerLog) -> Receipt? {
    guard let lineage = known.lineage else { return nil }
    let positions = known.receiptPositions
    var tails: [UInt64: UInt32] = [:]
    for range in positions.ranges {
      if let mark = known.marks[range.upperBound] { tails[range.upperBound] = mark.tail }
    }
    return Receipt(lineage: lineage, held: positions, chainTails: tails)
  }
}
