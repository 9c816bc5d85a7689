internal import MartletBundle
internal import MartletCarriers
internal import MartletFileSystem
internal import MartletSeal
internal import MartletStore
internal import MartletSync
internal import MartletWire
internal import MartletWorkers
internal import SystemPackage

/// Writes one planned bundle: notes it, streams it out, has it read back, notes that it is whole.
struct BundleWriting {
  enum Failure: Error {
    case node(NodeError)
    /// Objects that are not as their names say. Nothing was written, or it was removed.
    case damaged([LogID: Set<UInt64>])
  }

  /// Whom it is for, and what it says to that one alone.
  struct Recipient {
    var peer: DeviceID
    var standing: Set<UInt64>
    /// Its own; what it carries is what all of them get.
    var plan: ExportPlan
    var section: Section { plan.section }

    init(_ recipient: BundleOrder.Recipient, _ plan: ExportPlan) {
      peer = recipient.peer
      standing = recipient.standing
      self.plan = plan
    }
  }

  let node: Node
  let order: BundleOrder
  let recipients: [Recipient]
  /// What it carries to all of them.
  let plan: ExportPlan
  let views: [LogID: NodeLog]
  /// Of the objects.
  let byteCount: UInt64

  private struct Envelope {
    var header: BundleHeader
    var bundleKey: SecretKey
    var prelude: [UInt8]
  }

  /// What went to one of the recipients before, or was named as lacking by one.
  private var resent: [LogID: Intervals] = [:]
  private var writtenBytes: UInt64 = 0
  private var writtenObjects: UInt64 = 0

  init(
    node: Node, order: BundleOrder, recipients: [Recipient], plan: ExportPlan,
    views: [LogID: NodeLog]
  ) throws(NodeError) {
    self.node = node
    self.order = order
    self.recipients = recipients
    self.plan = plan
    self.views = views
    byteCount = try Self.byteCount(of: plan.runs, views, node)
  }

  private static func byteCount(
    of runs: [LogID: Intervals], _ views: [LogID: NodeLog], _ node: Node
  ) throws(NodeError) -> UInt64 {
    var sum: UInt64 = 0
    for (log, positions) in runs {
      guard let view = views[log] else { continue }
      for range in positions.ranges {
        sum += try node.reading(view) { () throws(LogReadError) in
          try view.byteCount(of: range)
        }
      }
    }
    return sum
  }

  /// What it would carry, before it is written.
  func report() throws(NodeError) -> ExportReport {
    var report = ExportReport(
      peers: recipients.map { node.peer($0.peer)?.name ?? "" }, path: nil, messages: 0, blobs: 0,
      byteCount: byteCount, isReceiptOnly: plan.logs.isEmpty)
    for (log, positions) in plan.runs {
      if log.objectClass == .messages {
        report.messages += positions.count
      } else {
        report.blobs += positions.count
      }
    }
    var withheld: [LogID: Intervals] = [:]
    for recipient in recipients {
      for (log, positions) in recipient.plan.withheld {
        withheld[log] = (withheld[log] ?? Intervals()).union(positions)
      }
    }
    for (log, positions) in withheld {
      withheld[log] = positions.subtracting(plan.runs[log] ?? Intervals())
    }
    report.withheld.bytes = try Self.byteCount(of: withheld, views, node)
    for (log, positions) in withheld {
      let left = positions.count
      if log.objectClass == .messages {
        report.withheld.messages += left
      } else {
        report.withheld.blobs += left
      }
    }
    return report
  }

  /// A length that the file does not exceed.
  func lengthBound() throws(NodeError) -> UInt64 {
    let envelope = try seal()
    return BundleLength.bound(
      recipients: recipients.count, preludeByteCount: envelope.prelude.count,
      recordByteCount: byteCount, segmentByteCountLog2: envelope.header.segmentByteCountLog2)
  }

  /// - Returns: Where it was written, and how long the file is.
  mutating func run(
    through outlet: BundleOutlet
  ) throws(Failure) -> (path: FilePath?, byteCount: UInt64) {
    let envelope = try naming { () throws(NodeError) in try seal() }
    // Before what is superseded by this one is forgotten.
    resent = try naming { () throws(NodeError) in try resentPositions() }
    let name = DirectoryCarrier.newName(random: node.environment.random.bytes(9))
    let before = recipients.map { ($0, node.sync.peers[$0.peer]) }
    try naming { () throws(NodeError) in try note(name, outlet) }
    let result: (path: FilePath?, byteCount: UInt64)
    do throws(Failure) { result = try stream(envelope, name, outlet) } catch {
      takeBack(before)
      throw error
    }
    // Where this fails the file stands, and stays noted as unfinished: the next sync removes it.
    try naming { () throws(NodeError) in try noteFinished(result.byteCount) }
    return result
  }

  // MARK: What is noted

  /// Uses up the number and notes what the bundle carries; durable before its file is made.
  private func note(_ name: String, _ outlet: BundleOutlet) throws(NodeError) {
    // What went to a place that the user named is never looked for, or removed, by its name.
    var carrier = "pipe"
    var fileName = ""
    switch outlet {
    case .directory: (carrier, fileName) = ("directory", name)
    case .file: carrier = "file"
    case .pipe: break
    }
    for recipient in recipients {
      try node.engine { () throws(SyncError) in
        try node.sync.recordSent(
          recipient.plan, to: recipient.peer, now: node.now, carrier: carrier, fileName: fileName,
          standing: recipient.standing)
      }
      node.state.note(
        NodeState.Written(
          peer: recipient.peer, instance: node.sync.device.instance,
          number: recipient.section.number, fileName: fileName, isFinished: false))
      node.changedPeers.insert(recipient.peer)
    }
    node.isStateChanged = true
    try node.commit()
  }

  private func noteFinished(_ byteCount: UInt64) throws(NodeError) {
    for recipient in recipients {
      if let index = writtenIndex(recipient) {
        node.state.written[index].isFinished = true
        node.state.written[index].byteCount = byteCount
      }
      if let index = node.state.peers.firstIndex(where: { $0.card.deviceID == recipient.peer }) {
        node.state.peers[index].lastSaid = node.now
      }
    }
    // What has no name is never looked for.
    node.state.written.removeAll { $0.isFinished && $0.fileName.isEmpty }
    node.isStateChanged = true
    try node.commit()
  }

  /// The numbers stay used; everything else is as if nothing had been sent. If even this cannot
  /// be kept, the next export finds the bundle unfinished.
  private func takeBack(_ before: [(Recipient, PeerJournal?)]) {
    for (recipient, journal) in before {
      if var journal {
        journal.nextNumber = node.sync.peers[recipient.peer]?.nextNumber ?? journal.nextNumber
        node.sync.peers[recipient.peer] = journal
        node.changedPeers.insert(recipient.peer)
      }
      if let index = writtenIndex(recipient) { node.state.written.remove(at: index) }
    }
    node.isStateChanged = true
    try? node.commit()
  }

  private func writtenIndex(_ recipient: Recipient) -> Int? {
    node.state.written.lastIndex {
      $0.peer == recipient.peer && $0.number == recipient.section.number
        && $0.instance == node.sync.device.instance
    }
  }

  // MARK: The bytes

  private func seal() throws(NodeError) -> Envelope {
    let identity = try node.identity()
    var keys: [SealingPublicKey] = []
    for recipient in recipients {
      guard let card = node.peer(recipient.peer)?.card else {
        throw .engine("no card of the peer")
      }
      keys.append(card.sealingKey)
    }
    let random = node.environment.random
    let bundleKey = SecretKey.random(from: random)
    let sectionKeys = keys.map { _ in SecretKey.random(from: random) }
    do throws(BundleError) {
      let header = try BundleHeader(
        bundleKey: bundleKey, recipients: keys, sectionKeys: sectionKeys,
        segmentByteCountLog2: BundleHeader.segmentByteCountLog2(forContent: byteCount),
        random: random)
      let manifest = Manifest(
        card: node.card, recipients: recipients.map(\.peer), sectionHashes: [],
        headerHash: header.hash,
        instance: node.sync.device.instance, retired: node.sync.device.retired,
        created: node.now, logs: plan.logs,
        recordCount: plan.runs.values.reduce(0) { $0 + $1.count }, recordByteCount: byteCount)
      let prelude = try BundlePrelude.encode(
        manifest, sections: Array(zip(recipients.map(\.section), sectionKeys)),
        signing: identity.signing, random: random)
      return Envelope(header: header, bundleKey: bundleKey, prelude: prelude)
    } catch { throw .engine(error.description) }
  }

  private mutating func stream(
    _ envelope: Envelope, _ name: String, _ outlet: BundleOutlet
  ) throws(Failure) -> (path: FilePath?, byteCount: UInt64) {
    let outgoing: OutgoingFile
    switch outlet {
    case .pipe(let pipe):
      var count: UInt64 = 0
      try produce(envelope) { bytes throws(NodeError) in
        do throws(FileSystemError) { try pipe.write(bytes) } catch { throw NodeError.file(error) }
        count += UInt64(bytes.count)
      }
      return (nil, count)
    case .directory(let carrier):
      outgoing = try naming { () throws(NodeError) in
        try Node.carrying { () throws(CarrierError) in try carrier.create(name) }
      }
    case .file(let path):
      outgoing = try naming { () throws(NodeError) in
        try Node.carrying { () throws(CarrierError) in
          try OutgoingFile.create(
            at: path, on: node.environment.system, threadCount: node.environment.threadCount)
        }
      }
    }
    let least = byteCount
    try produce(envelope) { bytes throws(NodeError) in
      do throws(NodeError) {
        try Node.carrying { () throws(CarrierError) in try outgoing.write(bytes) }
      } catch {
        // The carrier knows how far it came, and not how much was to follow.
        guard case .full(let path, let needed) = error else { throw error }
        throw .full(path, needed: max(needed ?? 0, least))
      }
    }
    try naming { () throws(NodeError) in
      try Node.carrying { () throws(CarrierError) in
        let total = outgoing.byteCount
        let objects = writtenObjects
        try outgoing.finish { count in
          node.progress?(
            Progress(activity: .readingBack, bytes: count, totalBytes: total, objects: objects))
        }
      }
    }
    return (outgoing.path, outgoing.byteCount)
  }

  /// Reads objects here, seals segments on all cores, and hands out the file's bytes in order.
  private mutating func produce(
    _ envelope: Envelope, _ write: ([UInt8]) throws(NodeError) -> Void
  ) throws(Failure) {
    let sealer = SegmentSealer(header: envelope.header, bundleKey: envelope.bundleKey)
    var source = SegmentSource(
      writer: BundleWriter(
        prelude: envelope.prelude, logs: plan.logs,
        segmentByteCountLog2: envelope.header.segmentByteCountLog2))
    // On its way for the first time an object is not hashed: if it is damaged, the receiver's
    // chain tells, and it comes this way again.
    let resent = resent
    let isFull = order.isFull
    let objects = ObjectReading(ObjectWalk(plan.logs, views: views), of: node) {
      isFull || resent[$0.log]?.contains($0.position) == true
    }
    try naming { () throws(NodeError) in try write(envelope.header.bytes) }
    try node.environment.computing.run(
      next: { () throws(Failure) -> PlainSegment? in
        try nextSegment(&source, objects)
      },
      transform: { segment throws(Failure) -> [UInt8] in sealer.seal(segment) },
      consume: { sealed throws(Failure) in
        try naming { () throws(NodeError) in try write(sealed) }
      })
  }

  private mutating func nextSegment(
    _ source: inout SegmentSource, _ objects: ObjectReading
  ) throws(Failure) -> PlainSegment? {
    while true {
      if let segment = source.takeFilled() { return segment }
      if source.isFinished { return nil }
      if let (step, bytes) = try next(of: objects) {
        do throws(BundleError) { try source.add(bytes, step.object.id) } catch {
          // What came back after it was damaged stands elsewhere: only one that is hashed is looked for.
          let whole = try wholeBytes(step)
          do throws(BundleError) { try source.add(whole, step.object.id) } catch {
            throw .damaged([step.log: [step.position]])
          }
        }
        try count(step.object)
      } else {
        try naming { () throws(NodeError) in
          do throws(BundleError) { try source.finish() } catch {
            throw NodeError.engine(error.description)
          }
        }
      }
    }
  }

  private func wholeBytes(_ step: ObjectWalk.Step) throws(Failure) -> [UInt8] {
    do throws(StoreError) { return try node.store.read(step.object) } catch {
      switch error {
      case .missing, .objectDamaged: throw .damaged([step.log: [step.position]])
      default: throw .node(.store(error))
      }
    }
  }

  private func next(
    of objects: ObjectReading
  ) throws(Failure) -> (step: ObjectWalk.Step, bytes: [UInt8])? {
    do throws(ObjectReading.Failure) { return try objects.next() } catch {
      switch error {
      case .node(let error): throw .node(error)
      case .damaged(let step): throw .damaged([step.log: [step.position]])
      }
    }
  }

  private mutating func count(_ object: StoredObject) throws(Failure) {
    writtenObjects += 1
    writtenBytes += UInt64(object.byteCount)
    guard writtenObjects.isMultiple(of: 256) || object.byteCount > 1 << 16 else { return }
    try naming { () throws(NodeError) in try node.checkStop() }
    node.progress?(
      Progress(
        activity: .exporting, bytes: writtenBytes, totalBytes: byteCount, objects: writtenObjects))
  }

  /// Everything planned that is not as its name says.
  func damaged() throws(NodeError) -> [LogID: Set<UInt64>] {
    let objects = ObjectReading(ObjectWalk(plan.logs, views: views), of: node) { _ in true }
    var damaged: [LogID: Set<UInt64>] = [:]
    while true {
      try node.checkStop()
      do throws(ObjectReading.Failure) { if try objects.next() == nil { return damaged } } catch {
        switch error {
        case .damaged(let step): damaged[step.log, default: []].insert(step.position)
        case .node(let error): throw error
        }
      }
    }
  }

  private func resentPositions() throws(NodeError) -> [LogID: Intervals] {
    var resent: [LogID: Intervals] = [:]
    for recipient in recipients {
      for (log, view) in views where node.sync.peers[recipient.peer]?.logs[log] != nil {
        let denied = try node.engine { () throws(SyncError) in
          try node.sync.denied(by: recipient.peer, of: log, view: view)
        }
        resent[log] = (resent[log] ?? Intervals()).union(denied)
      }
      for bundle in node.sync.peers[recipient.peer]?.sent ?? []
      where bundle.number != recipient.section.number {
        for (log, positions) in bundle.runs {
          resent[log] = (resent[log] ?? Intervals()).union(positions)
        }
      }
    }
    return resent
  }

  private func naming<Result>(
    _ body: () throws(NodeError) -> Result
  ) throws(Failure) -> Result {
    do throws(NodeError) { return try body() } catch { throw .node(error) }
  }
}
