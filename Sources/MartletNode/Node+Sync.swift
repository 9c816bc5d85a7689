internal import MartletCarriers
internal import MartletFileSystem
internal import MartletSeal
internal import MartletSync
internal import MartletWire
public import SystemPackage

extension Node {
  /// Imports what stands in a directory for us, exports what each peer lacks, and removes our own
  /// bundles that are done with.
  ///
  /// Once it returns the medium can be taken out: everything written is durable and was read back.
  /// Doing it again changes nothing on the medium. Nothing that somebody else wrote is altered.
  /// - Parameters:
  ///   - peers: Whom to export to; all of them if nil.
  ///   - byteLimit: As for an export, of each bundle.
  ///   - onReport: Called with each import as it is done.
  ///   - beforeExport: Called once everything is imported and delivered: what clients write then
  ///     goes along. Not called on a dry run.
  public func sync(
    _ directory: FilePath, with peers: [String]?, isDryRun: Bool = false, byteLimit: UInt64? = nil,
    onReport: (ImportReport) -> Void = { _ in }, beforeExport: () -> Void = {}
  ) throws(NodeError) -> SyncReport {
    let carrier = try Self.carrying { () throws(CarrierError) in
      try DirectoryCarrier(
        directory, on: environment.system, threadCount: environment.threadCount)
    }
    var report = SyncReport(
      imports: [], exports: [], removed: [], isReadOnly: carrier.isReadOnly())
    let recipients: [DeviceID]
    if let peers {
      var ids: [DeviceID] = []
      for name in peers { ids.append(state.peers[try peerIndex(name)].card.deviceID) }
      // Named twice is once.
      recipients = ids.enumerated().filter { !ids[..<$0.offset].contains($0.element) }.map(
        \.element)
    } else {
      recipients = state.peers.map(\.card.deviceID)
    }
    let files = try Self.carrying { () throws(CarrierError) in try carrier.list() }
    if !isDryRun {
      for file in files {
        let imported = try importBundle(at: file.path)
        report.imports.append(imported)
        onReport(imported)
      }
      try deliver()
      beforeExport()
    }
    guard !report.isReadOnly else { return report }
    return try changing { () throws(NodeError) -> SyncReport in
      try loadJournals()
      noteCutShort(files)
      var names = Set(files.map(\.name))
      if !isDryRun {
        let unfinished = names.intersection(
          state.written.filter { !$0.isFinished }.map(\.fileName))
        try removeUnfinished(names, from: carrier)
        names.subtract(unfinished)
        // What is acknowledged makes room first.
        try sweep(&names, from: carrier, &report)
      }
      try summarise()
      var failure: NodeError?
      for set in try setsLackingTheSame(recipients, standing: names, byteLimit: byteLimit) {
        var order = BundleOrder(to: set)
        order.isCheap = true
        order.isDryRun = isDryRun
        order.byteLimit = byteLimit
        do throws(NodeError) {
          guard let exported = try export(order, through: .directory(carrier)) else { continue }
          report.exports.append(exported)
          if let name = exported.path?.lastComponent?.string { names.insert(name) }
        } catch {
          // What one cannot be told keeps nothing from the others.
          switch error {
          case .noRoom, .engine: failure = failure ?? error
          default: throw error
          }
        }
      }
      if !isDryRun {
        try sweep(&names, from: carrier, &report)
        try commit()
      }
      if let failure { throw failure }
      return report
    }
  }

  /// Whether a peer has heard nothing of us for so long that it is told what we hold.
  func mustSpeak(to peer: DeviceID, standing: Set<UInt64>) -> Bool {
    let echoed = sync.peers[peer]?.echoed ?? 0
    guard !standing.contains(where: { $0 > echoed }), let said = self.peer(peer)?.lastSaid,
      now > said
    else { return false }
    return now - said >= Self.silence
  }

  /// Those who lack the same get one bundle; each who lacks nothing gets one of its own, for such a
  /// bundle would tell nothing but who our peers are.
  private func setsLackingTheSame(
    _ peers: [DeviceID], standing names: Set<String>, byteLimit: UInt64?
  ) throws(NodeError) -> [[BundleOrder.Recipient]] {
    var sets: [[BundleOrder.Recipient]] = []
    var indexes: [[LogID: Intervals]: Int] = [:]
    for peer in peers {
      let recipient = recipient(peer, standing: names)
      var order = BundleOrder(to: [recipient])
      order.isCheap = true
      order.byteLimit = byteLimit
      let plan = try plan(
        for: recipient, order, views(of: peer), contentLimit: order.byteLimit)
      if let runs = plan?.runs, !runs.isEmpty {
        if let index = indexes[runs], sets[index].count < Limits.recipientCount {
          sets[index].append(recipient)
          continue
        }
        indexes[runs] = sets.count
      }
      sets.append([recipient])
    }
    return sets
  }

  /// Removes bundles of ours that are done with.
  ///
  /// One is, if what it carries is acknowledged or stands here in a newer one to the same peer,
  /// and if the peer has heard it or will hear a newer one instead. Those of an instance that is
  /// no more are superseded by any of this one.
  private func sweep(
    _ names: inout Set<String>, from carrier: DirectoryCarrier, _ report: inout SyncReport
  ) throws(NodeError) {
    let here = state.written.filter { names.contains($0.fileName) && $0.isFinished }
    // One that is for several goes when it is done with by all of them.
    let kept = here.filter { !isDone($0, among: here.filter { names.contains($0.fileName) }) }
    for name in Set(here.map(\.fileName)).subtracting(kept.map(\.fileName)).sorted() {
      try Self.carrying { () throws(CarrierError) in try carrier.remove(name) }
      report.removed.append(carrier.directory.appending(name))
      names.remove(name)
      state.written.removeAll { $0.fileName == name }
      isStateChanged = true
    }
  }

  /// - Parameter here: What of ours stands on the medium.
  private func isDone(_ bundle: NodeState.Written, among here: [NodeState.Written]) -> Bool {
    // One that is no peer any more reads nothing of ours.
    guard let journal = sync.peers[bundle.peer] else { return true }
    let isCurrent = bundle.instance == sync.device.instance
    let newer = here.filter {
      $0.peer == bundle.peer && $0.instance == sync.device.instance
        && (!isCurrent || $0.number > bundle.number)
    }
    guard !newer.isEmpty || (isCurrent && journal.echoed >= bundle.number) else { return false }
    let sent = journal.sent.first {
      $0.number == bundle.number && $0.instance == bundle.instance
    }
    return (sent?.runs ?? [:]).allSatisfy { log, runs in
      var rest = runs.subtracting(journal.logs[log]?.applied ?? Intervals())
        .subtracting(journal.logs[log]?.declined ?? Intervals())
      for other in newer {
        let carried = journal.sent.first {
          $0.number == other.number && $0.instance == other.instance
        }
        rest = rest.subtracting(carried?.runs[log] ?? Intervals())
      }
      return rest.isEmpty
    }
  }
}
