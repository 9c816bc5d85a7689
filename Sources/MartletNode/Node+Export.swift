internal import MartletBundle
internal import MartletCarriers
internal import MartletFileSystem
internal import MartletSeal
internal import MartletStore
internal import MartletSync
internal import MartletWire
public import SystemPackage

extension Node {
  public enum Destination {
    /// A new file under a name of its own.
    case directory(FilePath)
    /// A file that does not stand yet.
    case file(FilePath)
    /// A descriptor, e.g. standard output.
    case descriptor(Int32)
  }

  public struct ExportOptions: Sendable {
    /// Everything is carried, whatever was acknowledged or sent.
    public var isFull = false
    /// Nothing is written and nothing noted.
    public var isDryRun = false
    /// The most bytes that a bundle may have. What does not fit is offered in it; the next one
    /// carries on.
    public var byteLimit: UInt64?
    public init() {}
  }

  /// Seconds of silence after which a peer is told at least what we hold.
  static let silence: UInt64 = 7 * 24 * 3600

  /// Writes a bundle with what a peer lacks, and with all acknowledgements.
  ///
  /// A file is durable and was read back when this returns. Where it throws, nothing is left of
  /// it, save where the medium is gone.
  /// - Returns: nil if nothing is lacking and nothing is owed: nothing was written. A peer that has
  ///   heard nothing for a week is told what we hold even then: a store that was put back from an
  ///   old copy learns of it so.
  public func export(
    to peer: String, _ destination: Destination, _ options: ExportOptions = ExportOptions()
  ) throws(NodeError) -> ExportReport? {
    try export(to: [peer], destination, options).first
  }

  /// Writes a bundle for several peers that carries once what any of them lacks of the groups that
  /// all of them share.
  ///
  /// Into a directory a bundle of its own follows for each of what it lacks of other groups; with
  /// any other destination that is left out, and ``ExportReport/leftOut`` says for whom: of a first
  /// report without peers, if nothing was written.
  /// - Returns: What was written; nothing if nobody lacks anything and nothing is owed.
  public func export(
    to peers: [String], _ destination: Destination, _ options: ExportOptions = ExportOptions()
  ) throws(NodeError) -> [ExportReport] {
    try changing { () throws(NodeError) -> [ExportReport] in
      try loadJournals()
      var devices: [DeviceID] = []
      for name in peers {
        let device = state.peers[try peerIndex(name)].card.deviceID
        if !devices.contains(device) { devices.append(device) }
      }
      guard devices.count <= Limits.recipientCount else {
        throw .tooLarge(
          byteCount: UInt64(devices.count), limit: UInt64(Limits.recipientCount))
      }
      var names: Set<String> = []
      let outlet: BundleOutlet
      switch destination {
      case .directory(let path):
        let carrier = try Self.carrying { () throws(CarrierError) in
          try DirectoryCarrier(
            path, on: environment.system, threadCount: environment.threadCount)
        }
        let files = try Self.carrying { () throws(CarrierError) in try carrier.list() }
        noteCutShort(files)
        names = Set(files.map(\.name))
        if !options.isDryRun { try removeUnfinished(names, from: carrier) }
        outlet = .directory(carrier)
      case .file(let path): outlet = .file(path)
      case .descriptor(let descriptor): outlet = .pipe(Pipe(descriptor, name: "-"))
      }
      var order = BundleOrder(to: devices.map { recipient($0, standing: names) })
      order.isFull = options.isFull
      order.isDryRun = options.isDryRun
      order.byteLimit = options.byteLimit
      try summarise()
      var reports: [ExportReport] = []
      if let report = try export(order, through: outlet) { reports.append(report) }
      guard devices.count > 1 else { return reports }
      let shared = Set(
        devices.reduce(nil) { (shared: Set<LogID>?, device) in
          let own = Set((sync.peers[device]?.logs ?? [:]).keys)
          return shared?.intersection(own) ?? own
        } ?? [])
      let told = Set(reports.flatMap(\.peers))
      var leftOut: [String] = []
      for device in devices {
        // What all share was in the first, as far as there was room.
        var own = BundleOrder(to: [recipient(device, standing: names)])
        own.isFull = options.isFull
        own.byteLimit = options.byteLimit
        own.isDryRun = options.isDryRun
        own.leavesOut = reports.isEmpty ? [] : shared
        if told.contains(peer(device)?.name ?? "") { own.isForAnswers = false }
        guard case .directory = outlet, !options.isDryRun else {
          let plan = try plan(
            for: own.recipients[0], own, views(of: device, in: own), contentLimit: nil)
          if plan.map({ !$0.runs.isEmpty }) == true { leftOut.append(peer(device)?.name ?? "") }
          continue
        }
        if let written = try export(own, through: outlet) { reports.append(written) }
      }
      guard !leftOut.isEmpty else { return reports }
      if reports.isEmpty {
        reports.append(
          ExportReport(
            peers: [], path: nil, messages: 0, blobs: 0, byteCount: 0, isReceiptOnly: false))
      }
      reports[0].leftOut = leftOut
      return reports
    }
  }

  /// The logs that a bundle is about.
  private func views(
    of peer: DeviceID, in order: BundleOrder
  ) throws(NodeError) -> [LogID: NodeLog] {
    try views(of: peer).filter { !order.leavesOut.contains($0.key) }
  }

  /// - Parameter names: Of the files where the bundle goes.
  func recipient(_ peer: DeviceID, standing names: Set<String>) -> BundleOrder.Recipient {
    let standing = standing(names, for: peer)
    return BundleOrder.Recipient(
      peer: peer, standing: standing, isForced: mustSpeak(to: peer, standing: standing))
  }

  /// Numbers of our bundles to a peer whose files are among those names.
  func standing(_ names: Set<String>, for peer: DeviceID) -> Set<UInt64> {
    Set(
      state.written.filter {
        $0.peer == peer && $0.instance == sync.device.instance && $0.isFinished
          && names.contains($0.fileName)
      }.map(\.number))
  }

  /// A bundle of ours that has not the length it had was cut short on its medium: it counts as
  /// never finished, so that it is removed and its contents go again.
  func noteCutShort(_ files: [CarriedFile]) {
    for file in files {
      for index in state.written.indices
      where state.written[index].fileName == file.name && state.written[index].isFinished
        && state.written[index].byteCount != file.byteCount
      {
        state.written[index].isFinished = false
        isStateChanged = true
      }
    }
  }

  /// Removes from a medium what we began to write there and never finished.
  func removeUnfinished(
    _ names: Set<String>, from carrier: DirectoryCarrier
  ) throws(NodeError) {
    // One that is for several is noted for each.
    var removed: Set<String> = []
    for index in state.written.indices.reversed() {
      let bundle = state.written[index]
      guard !bundle.isFinished, names.contains(bundle.fileName) else { continue }
      takeBack(at: index)
      if !removed.contains(bundle.fileName) {
        try Self.carrying { () throws(CarrierError) in try carrier.remove(bundle.fileName) }
        removed.insert(bundle.fileName)
      }
      state.written.remove(at: index)
      isStateChanged = true
    }
  }

  func export(
    _ order: BundleOrder, through outlet: BundleOutlet
  ) throws(NodeError) -> ExportReport? {
    for recipient in order.recipients { takeBackUnfinished(to: recipient.peer) }
    // Objects alone; what is said beside them takes room too, which is known once it is said.
    var contentLimit = order.byteLimit
    // Each round notes at least one object that is damaged, and goes on without it, or has less room.
    while true {
      guard let writing = try plan(order, contentLimit: contentLimit) else {
        if let limit = order.byteLimit, let all = try plan(order, contentLimit: nil),
          all.byteCount > 0
        {
          throw .noRoom(limit: limit, needed: try all.lengthBound())
        }
        return nil
      }
      if let limit = order.byteLimit, let content = contentLimit {
        let bound = try writing.lengthBound()
        if bound > limit {
          guard writing.byteCount > 0, content > 0 else {
            throw .noRoom(limit: limit, needed: bound)
          }
          // At least a sixteenth less, lest objects of a few bytes take as many rounds; at most half,
          // for several together may take more than each alone.
          let less = max(min(bound - limit, content / 2), content / 16 + 1)
          contentLimit = content > less ? content - less : 0
          continue
        }
      }
      var report = try writing.report()
      if order.isDryRun { return report }
      var running = writing
      let found: [LogID: Set<UInt64>]
      do throws(BundleWriting.Failure) {
        (report.path, report.byteCount) = try running.run(through: outlet)
        return report
      } catch {
        switch error {
        case .node(let error): throw error
        case .damaged(let lost): found = lost
        }
      }
      try lose(try running.damaged().merging(found) { $0.union($1) })
    }
  }

  /// What all recipients of an order are to be told and given; nil if nothing is.
  private func plan(
    _ order: BundleOrder, contentLimit: UInt64?
  ) throws(NodeError) -> BundleWriting? {
    var views: [LogID: NodeLog] = [:]
    var plans: [DeviceID: ExportPlan] = [:]
    for recipient in order.recipients {
      let own = try self.views(of: recipient.peer, in: order)
      plans[recipient.peer] = try plan(for: recipient, order, own, contentLimit: contentLimit)
      views.merge(own) { view, _ in view }
    }
    let joined = try engine { () throws(SyncError) in try sync.joined(plans, views: views) }
    let planned = order.recipients.compactMap { recipient in
      joined[recipient.peer].map { BundleWriting.Recipient(recipient, $0) }
    }
    guard var plan = joined.values.first else { return nil }
    for index in plan.logs.indices {
      plan.logs[index].keys = groupStates[plan.logs[index].log.group]?.keyIDs ?? []
    }
    return try BundleWriting(
      node: self, order: order, recipients: planned, plan: plan, views: views)
  }

  /// What one recipient is to be told and given; nil if nothing is.
  func plan(
    for recipient: BundleOrder.Recipient, _ order: BundleOrder, _ views: [LogID: NodeLog],
    contentLimit: UInt64?
  ) throws(NodeError) -> ExportPlan? {
    var request = ExportRequest(now: now, roundTrip: environment.roundTrip)
    request.standing = recipient.standing
    request.cheapMedium = order.isCheap
    request.full = order.isFull
    request.force = recipient.isForced
    request.byteLimit = contentLimit
    if let limit = order.byteLimit {
      // Names take room, too: a quarter of it at most.
      let count = limit / UInt64(80 * max(1, order.recipients.count))
      request.offerLimit = Int(clamping: min(count, UInt64(request.offerLimit)))
    }
    request.recipientCount = order.recipients.count
    request.wants = try wants(from: recipient.peer)
    let plan = try engine { () throws(SyncError) in
      try sync.plan(for: recipient.peer, views: views, request: request)
    }
    guard var plan, withhold(from: &plan, recipient, request) else { return nil }
    return order.isForAnswers || !plan.runs.isEmpty ? plan : nil
  }

  /// Takes out the objects of groups whose members are not known yet: whoever named such a group may
  /// be none of them, so it is told what we hold and given nothing.
  ///
  /// - Returns: Whether anything is left to be said.
  private func withhold(
    from plan: inout ExportPlan, _ recipient: BundleOrder.Recipient, _ request: ExportRequest
  ) -> Bool {
    func isUnknown(_ log: LogID) -> Bool {
      guard let group = groupStates[log.group] else { return true }
      return group.kind == .created && group.members.isEmpty
    }
    for index in plan.section.logs.indices where isUnknown(plan.section.logs[index].log) {
      plan.section.logs[index].offers = []
      plan.section.logs[index].summaries = []
      plan.withheld[plan.section.logs[index].log] = nil
      plan.told[plan.section.logs[index].log] = nil
    }
    let withheld = plan.logs.map(\.log).filter(isUnknown)
    guard !withheld.isEmpty else { return true }
    plan.logs.removeAll { isUnknown($0.log) }
    for log in withheld { plan.runs[log] = nil }
    guard plan.logs.isEmpty, let journal = sync.peers[recipient.peer], !journal.owed,
      !recipient.isForced
    else { return true }
    guard !request.wants.isEmpty else { return false }
    guard let asked = journal.askedAt, request.now >= asked else { return true }
    return request.now - asked >= request.roundTrip
  }

  /// What a bundle carried that was never finished goes again at once. Its file stays noted: it may
  /// stand on a medium that is not here.
  private func takeBackUnfinished(to peer: DeviceID) {
    for index in state.written.indices where state.written[index].peer == peer {
      takeBack(at: index)
    }
    state.written.removeAll { $0.isTakenBack && $0.fileName.isEmpty }
  }

  private func takeBack(at index: Int) {
    let bundle = state.written[index]
    guard !bundle.isFinished, !bundle.isTakenBack else { return }
    state.written[index].isTakenBack = true
    sync.peers[bundle.peer]?.sent.removeAll {
      $0.number == bundle.number && $0.instance == bundle.instance
    }
    sync.peers[bundle.peer]?.owed = true
    sync.peers[bundle.peer]?.askedAt = nil
    sync.peers[bundle.peer]?.offeredAt = nil
    sync.peers[bundle.peer]?.toldAt = nil
    changedPeers.insert(bundle.peer)
    isStateChanged = true
  }

  /// Notes objects whose bytes are damaged: they are listed as lost, and come back from peers.
  func lose(_ damaged: [LogID: Set<UInt64>]) throws(NodeError) {
    for (id, positions) in damaged {
      for position in positions { sync.logs[id]?.lost.insert(position) }
      try log(id).lost = sync.logs[id]?.lost ?? Intervals()
      changedGroups.insert(id.group)
    }
    for peer in state.peers.map(\.card.deviceID)
    where damaged.keys.contains(where: { sync.peers[peer]?.logs[$0] != nil }) {
      sync.peers[peer]?.owed = true
      changedPeers.insert(peer)
    }
    try commit()
  }

  /// A carrier's failure in this layer's words.
  static func carrying<Result>(
    _ body: () throws(CarrierError) -> Result
  ) throws(NodeError) -> Result {
    do throws(CarrierError) { return try body() } catch { throw NodeError(error) }
  }
}

/// Which bundle is wanted, and what is known of the place it goes to.
struct BundleOrder {
  struct Recipient {
    var peer: DeviceID
    /// Numbers of our bundles to the peer that stand there.
    var standing: Set<UInt64> = []
    /// Whether the peer is told something even if nothing is lacking or owed.
    var isForced = false
  }

  var recipients: [Recipient]
  /// The place loses things and has room: what is not acknowledged goes again at once.
  var isCheap = false
  var isFull = false
  var isDryRun = false
  /// The most bytes of the file.
  var byteLimit: UInt64?
  /// Logs of which nothing is said.
  var leavesOut: Set<LogID> = []
  /// Whether it is made only to carry something.
  var isForAnswers = true

  init(to recipients: [Recipient]) { self.recipients = recipients }
}

/// Where a bundle's bytes go.
enum BundleOutlet {
  case directory(DirectoryCarrier)
  case file(FilePath)
  case pipe(Pipe)
}
