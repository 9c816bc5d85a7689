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
    try changing { () throws(NodeError) -> ExportReport? in
      try loadJournals()
      let index = try peerIndex(peer)
      var order = BundleOrder(peer: state.peers[index].card.deviceID)
      order.isFull = options.isFull
      order.isDryRun = options.isDryRun
      let outlet: BundleOutlet
      switch destination {
      case .directory(let path):
        let carrier = try Self.carrying { () throws(CarrierError) in
          try DirectoryCarrier(
            path, on: environment.system, threadCount: environment.threadCount)
        }
        let files = try Self.carrying { () throws(CarrierError) in try carrier.list() }
        noteCutShort(files)
        let names = Set(files.map(\.name))
        if !options.isDryRun { try removeUnfinished(names, from: carrier) }
        order.standing = standing(names, for: order.peer)
        outlet = .directory(carrier)
      case .file(let path): outlet = .file(path)
      case .descriptor(let descriptor): outlet = .pipe(Pipe(descriptor, name: "-"))
      }
      order.isForced = mustSpeak(to: order.peer, standing: order.standing)
      return try export(order, through: outlet)
    }
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
    for index in state.written.indices.reversed() {
      let bundle = state.written[index]
      guard !bundle.isFinished, names.contains(bundle.fileName) else { continue }
      takeBack(at: index)
      try Self.carrying { () throws(CarrierError) in try carrier.remove(bundle.fileName) }
      state.written.remove(at: index)
      isStateChanged = true
    }
  }

  func export(
    _ order: BundleOrder, through outlet: BundleOutlet
  ) throws(NodeError) -> ExportReport? {
    takeBackUnfinished(to: order.peer)
    // Each round notes at least one object that is damaged, and goes on without it.
    while true {
      var request = ExportRequest(now: now, roundTrip: environment.roundTrip)
      request.standing = order.standing
      request.cheapMedium = order.isCheap
      request.full = order.isFull
      request.force = order.isForced
      request.wants = try wants(from: order.peer)
      let views = try views(of: order.peer)
      let plan = try engine { () throws(SyncError) in
        try sync.plan(for: order.peer, views: views, request: request)
      }
      guard var plan else { return nil }
      guard withhold(from: &plan, order, request) else { return nil }
      for index in plan.logs.indices {
        plan.logs[index].keys = groupStates[plan.logs[index].log.group]?.keyIDs ?? []
      }
      var report = ExportReport(
        peers: [peer(order.peer)?.name ?? ""], path: nil, messages: 0, blobs: 0, byteCount: 0,
        isReceiptOnly: plan.logs.isEmpty)
      for (log, positions) in plan.runs {
        if log.objectClass == .messages {
          report.messages += positions.count
        } else {
          report.blobs += positions.count
        }
        guard let view = views[log] else { continue }
        for range in positions.ranges {
          report.byteCount += try reading(view) { () throws(LogReadError) in
            try view.byteCount(of: range)
          }
        }
      }
      if order.isDryRun { return report }
      var writing = BundleWriting(
        node: self, order: order, plan: plan, views: views, byteCount: report.byteCount)
      let found: [LogID: Set<UInt64>]
      do throws(BundleWriting.Failure) {
        (report.path, report.byteCount) = try writing.run(through: outlet)
        return report
      } catch {
        switch error {
        case .node(let error): throw error
        case .damaged(let lost): found = lost
        }
      }
      try lose(try writing.damaged().merging(found) { $0.union($1) })
    }
  }

  /// Takes out the objects of groups whose members are not known yet: whoever named such a group may
  /// be none of them, so it is told what we hold and given nothing.
  ///
  /// - Returns: Whether anything is left to be said.
  private func withhold(
    from plan: inout ExportPlan, _ order: BundleOrder, _ request: ExportRequest
  ) -> Bool {
    func isUnknown(_ log: LogID) -> Bool {
      guard let group = groupStates[log.group] else { return true }
      return group.kind == .created && group.members.isEmpty
    }
    let withheld = plan.logs.map(\.log).filter(isUnknown)
    guard !withheld.isEmpty else { return true }
    plan.logs.removeAll { isUnknown($0.log) }
    for log in withheld { plan.runs[log] = nil }
    guard plan.logs.isEmpty, let journal = sync.peers[order.peer], !journal.owed, !order.isForced
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
  var peer: DeviceID
  /// Numbers of our bundles to the peer that stand there.
  var standing: Set<UInt64> = []
  /// The place loses things and has room: what is not acknowledged goes again at once.
  var isCheap = false
  var isFull = false
  var isForced = false
  var isDryRun = false

  init(peer: DeviceID) { self.peer = peer }
}

/// Where a bundle's bytes go.
enum BundleOutlet {
  case directory(DirectoryCarrier)
  case file(FilePath)
  case pipe(Pipe)
}
