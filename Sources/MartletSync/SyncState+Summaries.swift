package import MartletSeal
package import MartletWire

extension SyncState {
  /// Says anew what this device has delivered of a group, if that changed.
  ///
  /// The number goes up where instance, count or heads are other than before. Peers that were not
  /// told are owed a bundle: ``plan(for:views:request:)`` sees to it.
  /// - Parameters:
  ///   - log: The group's messages.
  ///   - heads: All messages that none in the log names as a parent, in any order.
  ///   - count: Messages in the log.
  package mutating func summarise(
    _ log: LogID, as device: DeviceID, heads: [ObjectID], count: UInt64,
    signing: (Summary) -> SignedSummary
  ) {
    guard log.objectClass == .messages, let state = logs[log] else { return }
    var number: UInt64 = 1
    let instance = self.device.instance
    if let before = state.ownSummary?.signed.summary, before.device == device,
      before.instance == instance
    {
      let again = Summary(
        device: device, instance: instance, number: before.number, count: count, allHeads: heads)
      if again == before { return }
      number = before.number + 1
    }
    let summary = Summary(
      device: device, instance: instance, number: number, count: count, allHeads: heads)
    logs[log]?.summarySequence += 1
    logs[log]?.ownSummary = KnownSummary(
      signing(summary), sequence: state.summarySequence + 1)
  }

  /// Takes a summary whose signature was verified.
  ///
  /// Of a device that was heard itself, only one of its present instance counts. Of others, one with
  /// more messages is taken for newer where the instances differ.
  /// - Parameter peer: Who passed it on, and so need not be told.
  /// - Returns: Whether it is news.
  @discardableResult
  package mutating func take(
    _ signed: SignedSummary, of log: LogID, from peer: DeviceID?, view: some LogView
  ) throws(SyncError) -> Bool {
    do throws(LogReadError) {
      return try takeSummary(signed, of: log, from: peer, view: view)
    } catch { throw .unreadable(error) }
  }

  /// Which other devices have delivered the message at a position of our log, as far as is known.
  package func delivered(_ log: LogID, at position: UInt64) -> [DeviceID] {
    delivered(log).filter { $0.value.contains(position) }.map(\.key).sorted()
  }

  /// Our positions that other devices have delivered, as far as is known.
  package func delivered(_ log: LogID) -> [DeviceID: Intervals] {
    logs[log]?.summaries.mapValues(\.delivered) ?? [:]
  }

  mutating func takeSummary(
    _ signed: SignedSummary, of log: LogID, from peer: DeviceID?, view: some LogView
  ) throws(LogReadError) -> Bool {
    let summary = signed.summary
    guard log.objectClass == .messages, let state = logs[log],
      state.ownSummary?.signed.summary.device != summary.device
    else { return false }
    let journal = peers[summary.device]
    if journal?.retired.contains(summary.instance) == true { return false }
    let isOwnWord = peer == summary.device && journal?.instance == summary.instance
    var known = KnownSummary(signed, sequence: state.summarySequence + 1)
    if let old = state.summaries[summary.device] {
      let before = old.signed.summary
      if before.instance == summary.instance {
        if summary.number == before.number, let peer {
          logs[log]?.summaries[summary.device]?.add(source: peer)
        }
        guard summary.number > before.number else { return false }
        known.delivered = old.delivered
        let heads = Set(known.missing)
        known.missing +=
          old.missing.prefix(KnownSummary.missingLimit).filter { !heads.contains($0) }
      } else if !isOwnWord, journal?.retired.contains(before.instance) != true {
        // One that is not known may be a later life that only others have heard yet.
        guard (summary.count, summary.instance) > (before.count, before.instance) else {
          return false
        }
      }
    } else if state.summaries.count >= Limits.memberCount {
      return false
    }
    if let peer { known.add(source: peer) }
    try known.extend(by: hint(of: summary, log), view: view)
    logs[log]?.summarySequence += 1
    logs[log]?.summaries[summary.device] = known
    return true
  }

  /// What is known of a device's deliveries without following its heads.
  func hint(of summary: Summary, _ log: LogID) -> KnownSummary.Hint {
    var hint = KnownSummary.Hint()
    if let state = logs[log], state.void.isEmpty,
      let own = state.ownSummary?.signed.summary, own.instance == device.instance
    {
      // The same heads are the same messages, save where something expired: no head is known of that.
      hint.own = own
    }
    if let journal = peers[summary.device], journal.instance == summary.instance,
      let known = journal.logs[log], known.unpaired.isEmpty
    {
      // What stands in its log it has delivered. Only a prefix of it is whole: heads are followed
      // down to what is in the hint, and not beyond.
      var end: UInt64 = 0
      var ours: [Range<UInt64>] = []
      for run in known.correspondence.runs {
        guard run.theirs == end else { break }
        ours.append(run.ours..<run.ours + run.count)
        end += run.count
      }
      hint.logged = Intervals(ours.sorted { $0.lowerBound < $1.lowerBound })
    }
    return hint
  }

  /// What a peer's summary says it has delivered. Never taken for held: it is only offered.
  func inferred(_ log: LogID, of peer: DeviceID, _ journal: PeerJournal) -> Intervals {
    guard log.objectClass == .messages, let known = logs[log]?.summaries[peer] else {
      return Intervals()
    }
    if let instance = journal.instance, instance != known.signed.summary.instance {
      return Intervals()
    }
    return known.delivered
  }

  /// A peer began another life: what an earlier one was told or said of its deliveries is void.
  mutating func forgetSummaries(of peer: DeviceID, except instance: InstanceID) {
    for log in logs.keys where logs[log]?.summaries.isEmpty == false {
      if logs[log]?.summaries[peer]?.signed.summary.instance != instance {
        logs[log]?.summaries[peer] = nil
      }
      for device in (logs[log]?.summaries ?? [:]).keys
      where logs[log]?.summaries[device]?.sources.contains(peer) == true {
        logs[log]?.summaries[device]?.sources.remove(peer)
      }
    }
  }
}

extension GroupLogState {
  /// Whether there is anything to tell a peer above a sequence.
  func tells(_ peer: DeviceID, above sequence: UInt64, by instance: InstanceID) -> Bool {
    guard sequence < summarySequence else { return false }
    return candidates(for: peer, above: sequence, by: instance).contains { _ in true }
  }

  /// What a peer is to be told, oldest first, and up to which sequence that tells it everything.
  func summaries(
    for peer: DeviceID, above sequence: UInt64, by instance: InstanceID, byteLimit: inout Int
  ) -> (summaries: [SignedSummary], told: UInt64?) {
    guard sequence < summarySequence else { return ([], nil) }
    let all = candidates(for: peer, above: sequence, by: instance)
      .sorted { $0.sequence < $1.sequence }
    var result: [SignedSummary] = []
    var told: UInt64?
    for known in all {
      let count = known.signed.boundedByteCount
      guard count <= byteLimit, result.count < Limits.memberCount else { return (result, told) }
      byteLimit -= count
      result.append(known.signed)
      told = known.sequence
    }
    return (result, result.isEmpty ? nil : summarySequence)
  }

  private func candidates(
    for peer: DeviceID, above sequence: UInt64, by instance: InstanceID
  ) -> some Sequence<KnownSummary> {
    let own = [ownSummary].compactMap(\.self).filter { $0.signed.summary.instance == instance }
    return (own + summaries.values).lazy.filter {
      $0.sequence > sequence && $0.signed.summary.device != peer && !$0.sources.contains(peer)
    }
  }
}

extension KnownSummary {
  mutating func add(source: DeviceID) {
    if sources.count < Self.sourceLimit { sources.insert(source) }
  }

  /// What spares following heads.
  struct Hint {
    /// Our own word.
    var own: Summary?
    /// Our positions that stand in the device's log, with everything below each.
    var logged = Intervals()
  }

  /// Follows the heads that came into our log to what is delivered with them.
  ///
  /// - Complexity: Time in what is newly delivered and not in the hint, up to a limit; the rest is
  ///   followed the next time.
  mutating func extend(by hint: Hint, view: some LogView) throws(LogReadError) {
    let summary = signed.summary
    if let own = hint.own, own.count == view.length, summary.count == own.count,
      summary.heads == own.heads, summary.headsHash == own.headsHash
    {
      // The same heads are the same messages.
      delivered = Intervals(0..<view.length)
      missing = []
      return
    }
    delivered = delivered.union(hint.logged)
    var still: [ObjectID] = []
    var stack: [UInt64] = []
    for id in missing {
      if let place = try view.position(of: id) { stack.append(place) } else { still.append(id) }
    }
    var found: Set<UInt64> = []
    while let place = stack.popLast() {
      guard !delivered.contains(place), !found.contains(place) else { continue }
      guard found.count < SyncLimits.deliverySteps else {
        // The next time goes on from here.
        if still.count < Self.missingLimit { still.append(try view.id(at: place)) }
        continue
      }
      found.insert(place)
      for parent in try view.parents(at: place) {
        if let place = try view.position(of: parent) {
          if !delivered.contains(place) { stack.append(place) }
        } else if still.count < Self.missingLimit, !still.contains(parent) {
          // On a relay parents come after their children.
          still.append(parent)
        }
      }
    }
    missing = still
    delivered = delivered.union(Intervals(found.sorted().map { $0..<$0 + 1 }))
    delivered.keepLongest(SyncLimits.deliveredIntervals)
  }

  /// Forgets what stood at positions that are no more.
  mutating func cut(at length: UInt64) {
    delivered.remove(length..<UInt64.max)
    missing = signed.summary.heads
  }
}

extension SignedSummary {
  /// At most so long is its encoding.
  fileprivate var boundedByteCount: Int { 256 + 32 * summary.heads.count }
}

extension PeerLog {
  /// Up to which sequence the peer was told, or may have been.
  func told(withUnconfirmed: Bool) -> UInt64 {
    withUnconfirmed ? max(told, telling.last?.sequence ?? 0) : told
  }

  mutating func note(_ bundle: Telling) {
    guard bundle.sequence > told(withUnconfirmed: true) else { return }
    // Of many that were not echoed, the first ones and the last say enough.
    if telling.count >= Self.tellingLimit { telling.removeLast() }
    telling.append(bundle)
  }

  /// A bundle tells no more than this: what others on their way told beyond it is told again.
  mutating func forgetTelling(above sequence: UInt64) {
    if let last = telling.last, last.sequence > sequence { telling = [] }
  }

  /// The peer echoed a bundle, and so heard what it and those before it told.
  mutating func confirm(_ echoed: UInt64) {
    while let first = telling.first, first.bundle <= echoed {
      told = max(told, first.sequence)
      telling.removeFirst()
    }
  }

  static var tellingLimit: Int { 16 }
}
