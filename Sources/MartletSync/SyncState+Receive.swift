package import MartletSeal
package import MartletWire

/// What a bundle says to us: the manifest's part that the engine needs, and our section.
package struct HeardBundle: Equatable, Sendable {
  package var instance: InstanceID
  package var retired: [InstanceID]
  package var logs: [CarriedLog]
  package var section: Section

  package init(
    instance: InstanceID, retired: [InstanceID], logs: [CarriedLog], section: Section
  ) {
    self.instance = instance
    self.retired = retired
    self.logs = logs
    self.section = section
  }
}

/// What the engine made of a bundle.
package struct Reception: Equatable, Sendable {
  package let peer: DeviceID
  /// Whether the peer's instance is the one that counts.
  package var isCurrent = false
  /// Whether its word was newer than the last, and was taken.
  package var isNewer = false
  /// Whether we were found to be rolled back and took a new instance.
  package var rolledBack = false
  /// Whether the bundle carries records.
  package var hasRecords = false
  /// Whether something came to be held or acknowledged.
  package var changed = false
  /// Up to where the positions in the bundle are of the peer's present numbering.
  var common: [LogID: UInt64] = [:]
}

extension SyncState {
  /// Takes what a bundle says, before its records are placed.
  ///
  /// Our device may come out of it with a new instance and new epochs. Then accept the
  /// objects, append what can be appended, call ``settle(_:view:)``,
  /// ``credit(_:of:view:reception:)`` for every whole stretch, and last ``finish(_:changed:)``.
  ///
  /// - Parameter verifies: Whether a summary is another device's than ours, of a member of the group,
  ///   and signed by it; what is not so is passed over.
  package mutating func receive(
    _ bundle: HeardBundle, from peer: DeviceID, views: [LogID: some LogView],
    random: any RandomSource, verifies: (SignedSummary, LogID) -> Bool = { _, _ in false }
  ) throws(SyncError) -> Reception {
    guard peers[peer] != nil else { throw .unknownPeer }
    guard bundle.retired.count <= SyncLimits.retiredCount else { throw .outOfRange(.count) }
    if let journal = peers[peer], journal.instance != bundle.instance,
      journal.retired.union(bundle.retired).count >= SyncLimits.retiredCount
    {
      throw .outOfRange(.count)
    }
    try bundle.section.check(carried: bundle.logs)
    var reception = Reception(peer: peer)
    reception.hasRecords = bundle.logs.contains { !$0.runs.isEmpty }
    do throws(LogReadError) {
      hear(bundle, from: peer, &reception)
      // That we were rolled back is proved by any bundle, old or of an instance superseded: two
      // devices that each took the other's present instance for an old one would never meet.
      var found = RollbackFinding(isAhead(bundle.section.echo, of: peer))
      if reception.isNewer { try findForks(bundle.section, from: peer, views: views, &found) }
      let forked = Set(found.forks.keys)
      if found.instance || !forked.isEmpty {
        rollBack(found, views: views, random: random)
        reception.rolledBack = true
      }
      if reception.isNewer {
        if let echo = bundle.section.echo, echo.instance == device.instance {
          let echoed = max(peers[peer]?.echoed ?? 0, echo.number)
          peers[peer]?.echoed = echoed
          for log in (peers[peer]?.logs ?? [:]).keys { peers[peer]?.logs[log]?.confirm(echoed) }
        }
        for said in bundle.section.logs {
          let takes = !found.instance && !forked.contains(said.log)
          try apply(said, from: peer, takesReceipt: takes, view: views[said.log])
        }
      }
      for said in bundle.section.logs {
        try placeRuns(said, from: peer, view: views[said.log], &reception)
      }
      try takeAbsent(bundle, from: peer, views: views)
      try takeSummaries(bundle, from: peer, views: views, reception, verifies: verifies)
    } catch { throw .unreadable(error) }
    return reception
  }

  /// Credits the peer with a stretch whose objects were all accepted here.
  ///
  /// Nothing happens where the chain does not come out, or contradicts what is known: the
  /// objects are kept, and not acknowledged.
  package mutating func credit(
    _ stretch: Stretch, of log: LogID, view: some LogView, reception: inout Reception
  ) throws(SyncError) {
    guard stretch.start < SyncLimits.position,
      UInt64(stretch.ids.count) < SyncLimits.position
    else { throw .outOfRange(.position) }
    guard let common = reception.common[log], let known = peers[reception.peer]?.logs[log],
      known.correspondence.runs.count < limits.pairs
    else { return }
    let limit = acknowledgedPairs(of: reception.peer)
    do throws(LogReadError) {
      if try peers[reception.peer]?.logs[log]?.credit(stretch, below: common, view: view) == true {
        reception.changed = true
        peers[reception.peer]?.logs[log]?.compact(beyond: limit)
      }
    } catch { throw .unreadable(error) }
  }

  /// How many pairs of one log are kept before those that were acknowledged are kept as one: fewer
  /// where many logs share the limit of all.
  private func acknowledgedPairs(of peer: DeviceID) -> Int {
    let count = max(1, peers[peer]?.logs.count ?? 1)
    return min(limits.acknowledgedPairs, limits.entries / (4 * count))
  }

  /// Ends the import of a bundle: decides whether an acknowledgement is owed.
  ///
  /// - Parameter changed: Whether an object came to be held by it.
  package mutating func finish(_ reception: Reception, changed: Bool) {
    if reception.hasRecords, reception.isNewer || reception.changed || changed {
      peers[reception.peer]?.owed = true
    }
    peers[reception.peer]?.forget(beyond: limits)
  }

  private mutating func hear(
    _ bundle: HeardBundle, from peer: DeviceID, _ reception: inout Reception
  ) {
    guard var journal = peers[peer] else { return }
    if journal.instance != bundle.instance {
      guard !journal.retired.contains(bundle.instance) else { return }
      if let old = journal.instance { journal.retired.insert(old) }
      // Another life may have lost what this one acknowledged.
      for log in journal.logs.keys { journal.logs[log]?.forgetLife() }
      forgetSummaries(of: peer, except: bundle.instance)
      journal.retired.formUnion(bundle.retired)
      journal.instance = bundle.instance
      journal.lastApplied = 0
      journal.highestHeard = 0
    }
    let number = bundle.section.number
    reception.isCurrent = true
    reception.isNewer = number > journal.lastApplied
    journal.highestHeard = max(journal.highestHeard, number)
    if reception.isNewer { journal.lastApplied = number }
    peers[peer] = journal
  }

  private mutating func apply(
    _ said: SectionLog, from peer: DeviceID, takesReceipt: Bool, view: (some LogView)?
  ) throws(LogReadError) {
    guard var known = peers[peer]?.logs[said.log], let state = logs[said.log], let view else {
      return
    }
    if takesReceipt {
      known.applied =
        try said.receipt.map { receipt throws(LogReadError) in
          try Self.applied(receipt, before: known.applied, state, view: view)
        } ?? Intervals()
      (known.requested, known.declined) = (Intervals(), Intervals())
      if let receipt = said.receipt {
        // Both are of our numbering as the peer knows it.
        let common = min(receipt.lineage.common(with: state.lineage), view.length)
        let ours = Intervals(0..<common)
        known.requested = said.requested.intersection(ours)
        known.declined = said.declined.intersection(ours).subtracting(known.requested)
      }
    }
    // Asked for and gone for ever: only a void run can answer.
    if !known.requested.intersection(state.void).isEmpty { peers[peer]?.owed = true }
    known.lost = Set(said.lost)
    known.wanted = Set(said.requests)
    try known.adopt(said.lineage, view: view)
    known.compact(beyond: acknowledgedPairs(of: peer))
    peers[peer]?.logs[said.log] = known
    for id in known.wanted where try !view.holds(id) { peers[peer]?.owed = true }
  }

  /// What a receipt adds up to: whole intervals whose chain is ours, and of the others what was
  /// acknowledged before.
  private static func applied(
    _ receipt: Receipt, before: Intervals, _ state: GroupLogState, view: some LogView
  ) throws(LogReadError) -> Intervals {
    let common = min(receipt.lineage.common(with: state.lineage), view.length)
    var result = Intervals()
    for range in receipt.held.ranges where range.lowerBound < common {
      let end = range.upperBound
      if end <= common, let tail = receipt.chainTails[end], tail == (try view.chain(at: end).tail) {
        result.insert(range)
      } else {
        let kept = before.intersection(Intervals(range.lowerBound..<min(end, common)))
        result = result.union(kept)
      }
    }
    return result
  }

  private mutating func placeRuns(
    _ said: SectionLog, from peer: DeviceID, view: (some LogView)?, _ reception: inout Reception
  ) throws(LogReadError) {
    guard var known = peers[peer]?.logs[said.log], let state = logs[said.log], let view else {
      return
    }
    let common = known.lineage?.common(with: said.lineage) ?? 0
    reception.common[said.log] = common
    // Each position of ours has one partner: more than all of them together is no honest list.
    var left = view.length
    for run in said.have {
      let count = run.range.upperBound - run.range.lowerBound
      guard count <= left else { break }
      left -= count
      guard run.theirs < view.length, count <= view.length - run.theirs,
        state.lineage.epoch(at: run.theirs) == run.epoch,
        state.lineage.epoch(at: run.theirs + count - 1) == run.epoch
      else { continue }
      var ids: [ObjectID] = []
      ids.reserveCapacity(Int(count))
      for position in run.theirs..<run.theirs + count { ids.append(try view.id(at: position)) }
      let stretch = Stretch(
        start: run.range.lowerBound, ids: ids, chainBefore: run.chainBefore,
        chainAfter: run.chainAfter)
      guard known.correspondence.runs.count < limits.pairs else { break }
      if try known.credit(stretch, below: common, view: view) { reception.changed = true }
    }
    known.compact(beyond: acknowledgedPairs(of: peer))
    try known.creditVoid(said.void, below: common, view: view)
    let taken = try known.takeOffers(
      said.offers, below: common, isNewer: reception.isNewer, limits: limits, view: view)
    if taken.credited { reception.changed = true }
    // One that goes unanswered is made again, for ever.
    let isAsked = reception.isNewer && said.offers.contains(where: \.isOnRequest)
    if taken.credited || taken.asked || isAsked { peers[peer]?.owed = true }
    peers[peer]?.logs[said.log] = known
  }

  private mutating func takeSummaries(
    _ bundle: HeardBundle, from peer: DeviceID, views: [LogID: some LogView],
    _ reception: Reception, verifies: (SignedSummary, LogID) -> Bool
  ) throws(LogReadError) {
    var isNews = false
    var isRepeated = false
    for said in bundle.section.logs where peers[peer]?.logs[said.log] != nil {
      guard let view = views[said.log] else { continue }
      for signed in said.summaries {
        isRepeated = true
        guard verifies(signed, said.log) else { continue }
        // Who lives another life now may have lost what it passed on.
        let source = reception.isNewer ? peer : nil
        if try takeSummary(signed, of: said.log, from: source, view: view) { isNews = true }
      }
    }
    // The peer does not know that it was heard; news it will see come back in some later word.
    if reception.isNewer, isRepeated, !isNews { peers[peer]?.owed = true }
  }

  private mutating func takeAbsent(
    _ bundle: HeardBundle, from peer: DeviceID, views: [LogID: some LogView]
  ) throws(LogReadError) {
    guard let journal = peers[peer] else { return }
    for carried in bundle.logs {
      guard journal.logs[carried.log] != nil, let view = views[carried.log] else { continue }
      for id in carried.absent { try markAbsent(id, in: carried.log, view: view) }
    }
    // An answer counts only where we asked.
    for id in bundle.section.answeredAbsent {
      for (log, known) in journal.logs where known.asked.contains(id) {
        if let view = views[log] { try markAbsent(id, in: log, view: view) }
      }
    }
  }

  private mutating func markAbsent(
    _ id: ObjectID, in log: LogID, view: some LogView
  ) throws(LogReadError) {
    guard (logs[log]?.absent.count ?? 0) < SyncLimits.absentCount, try !view.holds(id),
      try view.position(of: id) == nil
    else { return }
    logs[log]?.absent.insert(id)
  }
}
