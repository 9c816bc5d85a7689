package import MartletSeal
package import MartletWire

/// What a device knows of itself beside its logs.
package struct DeviceState: Equatable, Sendable {
  package var instance: InstanceID
  /// Instances that this one descends from.
  package var retired: [InstanceID] = []

  package init(instance: InstanceID) { self.instance = instance }
}

/// Everything the engine decides by: a value that is fed events and answers with decisions.
///
/// After a throw of ``SyncError/unreadable(_:)`` discard the value and load it again; other
/// errors leave it as it was.
package struct SyncState: Equatable, Sendable {
  package var device: DeviceState
  package var logs: [LogID: GroupLogState] = [:]
  package var peers: [DeviceID: PeerJournal] = [:]
  package var limits = JournalLimits()

  package init(device: DeviceState) { self.device = device }

  /// Makes this the one life of the store: a new instance, and a new epoch in every log.
  ///
  /// Every peer is owed a bundle afterwards.
  package mutating func adopt(lengths: [LogID: UInt64], random: any RandomSource) {
    renewInstance(random: random)
    for log in logs.keys.sorted() {
      let length = lengths[log] ?? 0
      logs[log]?.lost.remove(length..<UInt64.max)
      logs[log]?.void.remove(length..<UInt64.max)
      for peer in peers.keys { peers[peer]?.logs[log]?.cut(at: length) }
      for device in (logs[log]?.summaries ?? [:]).keys {
        logs[log]?.summaries[device]?.cut(at: length)
      }
      fork(log, at: length, random: random)
    }
  }

  /// Starts a new epoch at the end of logs: a rollback that one log shows is one of all.
  package mutating func fork(at lengths: [LogID: UInt64], random: any RandomSource) {
    for log in lengths.keys.sorted() { fork(log, at: lengths[log] ?? 0, random: random) }
  }

  /// Takes back what was said of pending objects that are held no more: peers send them again.
  ///
  /// - Returns: The peers concerned; each is owed a bundle.
  package mutating func dropPending(_ ids: [ObjectID], of log: LogID) -> Set<DeviceID> {
    var concerned: Set<DeviceID> = []
    for peer in peers.keys where peers[peer]?.logs[log]?.drop(ids) == true {
      peers[peer]?.owed = true
      concerned.insert(peer)
    }
    return concerned
  }

  /// Whether ``settle(_:view:)`` has anything to do for a log that has grown.
  package func isUnsettled(_ log: LogID) -> Bool {
    peers.values.contains { $0.logs[log]?.unplaced.isEmpty == false }
      || logs[log]?.summaries.values.contains { !$0.missing.isEmpty } == true
  }

  /// Gives objects that left the pending list their places in what peers are known to hold.
  ///
  /// Call it after appending to a log. Costs time in what is pending, and in what others are found to
  /// have delivered.
  package mutating func settle(_ log: LogID, view: some LogView) throws(SyncError) {
    for peer in peers.keys where peers[peer]?.logs[log]?.unplaced.isEmpty == false {
      do throws(LogReadError) {
        try peers[peer]?.logs[log]?.settle(view: view)
      } catch {
        throw .unreadable(error)
      }
    }
    for device in (logs[log]?.summaries ?? [:]).keys
    where logs[log]?.summaries[device]?.missing.isEmpty == false {
      guard let summary = logs[log]?.summaries[device]?.signed.summary else { continue }
      let hint = hint(of: summary, log)
      do throws(LogReadError) {
        try logs[log]?.summaries[device]?.extend(by: hint, view: view)
      } catch {
        throw .unreadable(error)
      }
    }
  }

  mutating func renewInstance(random: any RandomSource) {
    device.retired.append(device.instance)
    if device.retired.count > SyncLimits.retiredCount {
      device.retired.removeFirst(device.retired.count - SyncLimits.retiredCount)
    }
    if let fresh = InstanceID(random.bytes(32)) { device.instance = fresh }
    for peer in peers.keys {
      peers[peer]?.nextNumber = 1
      peers[peer]?.echoed = 0
      peers[peer]?.owed = true
      // Numbers start anew: no echo can confirm what went before.
      for log in (peers[peer]?.logs ?? [:]).keys { peers[peer]?.logs[log]?.telling = [] }
    }
  }

  mutating func fork(_ log: LogID, at fork: UInt64, random: any RandomSource) {
    // One epoch more than a lineage may have, and nobody could read it: all are ended then.
    let isFull = (logs[log]?.lineage.starts.count ?? 0) >= Lineage.limit
    let fork = isFull ? 0 : fork
    logs[log]?.fork(at: fork, epoch: EpochID(random: random))
    guard fork < .max else { return }
    for peer in peers.keys {
      peers[peer]?.logs[log]?.applied.remove(fork..<UInt64.max)
      peers[peer]?.logs[log]?.requested.remove(fork..<UInt64.max)
      peers[peer]?.logs[log]?.declined.remove(fork..<UInt64.max)
      for index in (peers[peer]?.sent ?? []).indices {
        peers[peer]?.sent[index].runs[log]?.remove(fork..<UInt64.max)
      }
    }
  }
}
