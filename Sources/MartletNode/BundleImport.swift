internal import MartletBundle
internal import MartletFileSystem
internal import MartletObjects
internal import MartletSeal
internal import MartletStore
internal import MartletSync
internal import MartletWire
internal import MartletWorkers
internal import SystemPackage

/// Reads one bundle, in a memory of a few segments whatever its size, and takes what it brings.
struct BundleImport {
  let node: Node
  let path: FilePath?
  private var report: ImportReport

  init(_ node: Node, path: FilePath?) {
    self.node = node
    self.path = path
    report = ImportReport(
      path: path, outcome: .imported, sender: nil, messages: 0, blobs: 0, byteCount: 0,
      pending: 0)
  }

  /// Takes the bundle, or changes nothing and says why.
  ///
  /// - Throws: What keeps the store or the source from being used. What came whole before is kept
  ///   then, and the same bundle can be imported again.
  mutating func run(_ source: ByteSource) throws(NodeError) -> ImportReport {
    var reader: SegmentReader
    do throws(SegmentReader.Failure) { reader = try SegmentReader(source) } catch {
      switch error {
      case .node(let error): throw error
      case .bundle(.truncated(offset: 0)) where path == nil:
        report.outcome = .empty
        return report
      case .bundle(let error): return refused(error.description)
      }
    }
    if node.state.imported.contains(reader.header.hash) {
      report.outcome = .known
      return report
    }
    let opened: BundleHeader.Opened
    let identity = try node.identity()
    do throws(BundleError) { opened = try reader.header.open(with: identity.sealing) } catch {
      if error == .notForUs {
        report.outcome = .notForUs
        return report
      }
      return refused(error.description)
    }
    let opener = SegmentOpener(header: reader.header, bundleKey: opened.bundleKey)
    var first: [OpenedSegment] = []
    let prelude: BundlePrelude
    switch try readPrelude(&reader, opened, opener, &first) {
    case .success(let read): prelude = read
    case .failure(let refusal): return refused(refusal.reason)
    }
    let sender = prelude.manifest.card
    guard sender.deviceID != node.ownID else {
      report.outcome = .own
      return report
    }
    guard let name = node.peer(sender.deviceID)?.name else {
      report.outcome = .stranger(
        name: sender.name, try node.quarantine(path, header: reader.header.hash))
      return report
    }
    report.sender = name
    return try take(prelude, first, &reader, opener)
  }

  private func refused(_ reason: String) -> ImportReport {
    var report = report
    report.outcome = .refused(reason: reason)
    return report
  }

  private struct Refusal: Error {
    var reason: String
  }

  /// Reads segments until the manifest and our section are whole.
  private func readPrelude(
    _ reader: inout SegmentReader, _ opened: BundleHeader.Opened, _ opener: SegmentOpener,
    _ first: inout [OpenedSegment]
  ) throws(NodeError) -> Result<BundlePrelude, Refusal> {
    var preludes = PreludeReader(header: reader.header, opened: opened, own: node.ownID)
    while let sealed = try reader.next() {
      let segment = try OpenedSegment.open(sealed, with: opener)
      first.append(segment)
      guard case .plain(let plain) = segment else {
        if case .cutAfter(let plain) = segment,
          let prelude = try? preludes.feed(plain)
        {
          return .success(prelude)
        }
        return .failure(Refusal(reason: "its manifest is damaged or cut short"))
      }
      do throws(BundleError) {
        if let prelude = try preludes.feed(plain) { return .success(prelude) }
      } catch { return .failure(Refusal(reason: error.description)) }
    }
    return .failure(Refusal(reason: "its manifest is cut short"))
  }

  // MARK: Taking

  private mutating func take(
    _ prelude: BundlePrelude, _ first: [OpenedSegment], _ reader: inout SegmentReader,
    _ opener: SegmentOpener
  ) throws(NodeError) -> ImportReport {
    let manifest = prelude.manifest
    let peer = manifest.card.deviceID
    try node.loadJournals()
    try meetGroups(of: manifest, from: peer)
    let heard = HeardBundle(
      instance: manifest.instance, retired: manifest.retired, logs: manifest.logs,
      section: prelude.section)
    let views = try node.views(of: peer)
    let reception: Reception
    do throws(SyncError) {
      reception = try node.sync.receive(
        heard, from: peer, views: views, random: node.environment.random
      ) { [node] signed, log in node.isSigned(signed, in: log.group) }
    } catch {
      if case .unreadable = error {
        if let failure = views.values.compactMap(\.failure).first { throw .store(failure) }
        throw .engine(error.description)
      }
      try node.reload()
      return refused(error.description)
    }
    node.changedPeers.insert(peer)
    node.changedGroups.formUnion(
      prelude.section.logs.map(\.log.group).filter {
        node.groupStates[$0] != nil
      })
    if reception.rolledBack {
      // Nothing more is numbered before the new numbering is kept, here or in other groups.
      var others: [LogID: UInt64] = [:]
      for id in node.sync.logs.keys where views[id] == nil {
        others[id] = try node.log(id).length
      }
      node.sync.fork(at: others, random: node.environment.random)
      node.isStateChanged = true
      node.changedPeers.formUnion(node.sync.peers.keys)
      node.changedGroups.formUnion(node.groupStates.keys)
      try node.commit()
    }
    let intake = try Intake(node, from: peer, logs: manifest.logs, reception: reception)
    var damage = try takeRecords(prelude, first, &reader, opener, intake)
    try takeSummaries(prelude.section, from: peer, reception)
    let isNews = try intake.finish()
    if let index = node.state.peers.firstIndex(where: { $0.card.deviceID == peer }), isNews {
      node.state.peers[index].lastHeard = node.now
      node.isStateChanged = true
    }
    if damage == nil, intake.refusedCount == 0 {
      node.state.remember(reader.header.hash)
      node.isStateChanged = true
    }
    try node.commit()
    report.messages = intake.messages
    report.blobs = intake.blobs
    report.byteCount = intake.byteCount
    report.pending = UInt64(
      Set(manifest.logs.map(\.log.group)).reduce(0) {
        $0 + (node.groupStates[$1]?.pending.values.count { $0.senders.contains(peer) } ?? 0)
      })
    if damage == nil, intake.refusedCount > 0 {
      damage =
        "\(intake.refusedCount) objects were not taken: of a group not shared with the sender, "
        + "or beyond a quota"
    }
    if let reason = damage.take() { report.outcome = .salvaged(reason: reason) }
    return report
  }

  /// Takes once more what could not be judged before the records came: a grant among them says who
  /// the members are.
  private func takeSummaries(
    _ section: Section, from peer: DeviceID, _ reception: Reception
  ) throws(NodeError) {
    for said in section.logs where node.sync.peers[peer]?.logs[said.log] != nil {
      let log = try node.log(said.log)
      for signed in said.summaries where node.isSigned(signed, in: said.log.group) {
        _ = try node.engine { () throws(SyncError) in
          try node.sync.take(
            signed, of: said.log, from: reception.isNewer ? peer : nil, view: log)
        }
        node.changedGroups.insert(said.log.group)
      }
    }
  }

  /// A batch of records, and the keys that open them.
  private struct KeyedBatch: Sendable {
    var batch: CarvedBatch
    var keys: [GroupID: GroupKeys]
  }

  /// Opens, carves, decodes and places; returns what was wrong, if anything.
  ///
  /// Segments are opened on all cores, carved in order, decoded on all cores, placed in order.
  private func takeRecords(
    _ prelude: BundlePrelude, _ first: [OpenedSegment], _ reader: inout SegmentReader,
    _ opener: SegmentOpener, _ intake: Intake
  ) throws(NodeError) -> String? {
    var carver = RecordCarver(
      prelude, segmentByteCountLog2: reader.header.segmentByteCountLog2)
    let decoder = RecordDecoder(prelude.manifest)
    let groups = Set(prelude.manifest.logs.map(\.log.group))
    var damage: String?
    var first = first[...]
    let opening = OrderedStage(node.environment.readingAndComputing) {
      (sealed: SealedSegment) throws(NodeError) in
      try OpenedSegment.open(sealed, with: opener)
    }
    defer { opening.stop() }
    try node.environment.computing.run(
      next: { () throws(NodeError) -> KeyedBatch? in
        while true {
          try node.checkStop()
          var segment = first.popFirst()
          if segment == nil {
            segment = try opening.next { () throws(NodeError) in try reader.next() }
          }
          guard let segment else { return nil }
          let batch = carve(segment, &carver, &damage)
          if !batch.isEmpty { return KeyedBatch(batch: batch, keys: try keys(of: groups)) }
        }
      },
      transform: { keyed throws(NodeError) in
        Arrival.all(of: decoder.decode(keyed.batch), opening: keyed.keys)
      },
      consume: { arrivals throws(NodeError) in
        try intake.take(arrivals)
        node.progress?(
          Progress(
            activity: .importing, bytes: intake.byteCount,
            totalBytes: prelude.manifest.recordByteCount, objects: intake.placedCount))
      })
    if let damage { return damage }
    return carver.isComplete ? nil : "its end is missing, or not all of it can be read"
  }

  private func carve(
    _ segment: OpenedSegment, _ carver: inout RecordCarver, _ damage: inout String?
  ) -> CarvedBatch {
    switch segment {
    case .damaged(let index):
      damage = damage ?? "segment \(index) is damaged"
      return .empty
    case .cutAfter(let plain):
      damage = damage ?? "it is cut short"
      return carver.feed(plain)
    case .plain(let plain): return carver.feed(plain)
    }
  }

  /// The keys that are known so far: a grant may bring more while the bundle is read.
  private func keys(of groups: Set<GroupID>) throws(NodeError) -> [GroupID: GroupKeys] {
    var keys: [GroupID: GroupKeys] = [:]
    for group in groups where node.groupStates[group] != nil {
      node.groupStates[group]?.unlock(with: try node.identity().sealing)
      keys[group] = node.groupStates[group]?.keys
    }
    return keys
  }

  // MARK: Groups

  /// The most groups that may wait to be accepted.
  private static let unacceptedLimit = 1024

  /// Shares with the sender what both are members of, and meets groups that are new here.
  private func meetGroups(of manifest: Manifest, from peer: DeviceID) throws(NodeError) {
    for carried in manifest.logs where node.sync.peers[peer]?.logs[carried.log] == nil {
      let id = carried.log.group
      if let group = node.groupStates[id] {
        guard group.kind == .created else { continue }
        if group.members.contains(where: { $0.deviceID == peer }) || group.members.isEmpty {
          node.share(id, with: peer)
        }
      } else if !carried.runs.isEmpty,
        node.groupStates.values.count(where: { !$0.isAccepted }) < Self.unacceptedLimit
      {
        node.add(
          GroupState(
            id: id, name: "", kind: .created, isAccepted: false,
            random: node.environment.random))
        node.share(id, with: peer)
      }
    }
  }
}
