internal import MartletSeal
internal import SwiftProtobuf

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

extension Section {
  /// The canonical form: a serialised `SectionMessage`.
  ///
  /// Of a receipt's chain tails, only those at ends of its intervals are written.
  package var encoded: [UInt8] {
    var message = Martlet_SectionMessage()
    message.number = number
    if let echo {
      message.echoInstance = Data(echo.instance.bytes)
      message.echoNumber = echo.number
    }
    message.logs = logs.map(\.message)
    message.answeredAbsent = answeredAbsent.map { Data($0.bytes) }
    return Canonical.bytes(of: message)
  }

  /// Reads the canonical form, and nothing else: unknown fields, trailing bytes and second
  /// encodings of the same thing are refused.
  package init(decoding bytes: [UInt8]) throws(WireError) {
    let message: Martlet_SectionMessage = try Canonical.message(
      from: bytes, of: .section)
    guard message.number > 0 else { throw .badField("number") }
    var echo: Echo?
    if !message.echoInstance.isEmpty {
      echo = Echo(
        instance: InstanceID(try Canonical.digest(message.echoInstance, "echo_instance")),
        number: message.echoNumber)
    }
    try Canonical.limit(message.logs.count, 2 * Limits.groupCount)
    var logs: [SectionLog] = []
    // Two bits on the wire make sixteen bytes in memory.
    var left = 2 * Limits.runCount
    for log in message.logs { logs.append(try SectionLog(log, intervalsLeft: &left)) }
    guard Set(logs.map(\.log)).count == logs.count else { throw .badField("logs") }
    self.init(
      number: message.number, echo: echo, logs: logs,
      answeredAbsent: try Canonical.identifiers(message.answeredAbsent, "answered_absent"))
    guard encoded == bytes else { throw .notCanonical }
  }
}

extension SectionLog {
  fileprivate var message: Martlet_SectionLog {
    var message = Martlet_SectionLog()
    message.group = Data(log.group.bytes)
    message.class = UInt32(log.objectClass.rawValue)
    message.length = length
    message.lineage = lineage.messages
    message.have = have.map(\.message)
    message.void = void.map(\.message)
    message.offers = offers.map(\.message)
    if let receipt {
      message.receiptLineage = receipt.lineage.messages
      message.receipt = Data(IntervalCode.encode(receipt.held))
      message.receiptChains = Data(receipt.chains)
      message.requested = Data(IntervalCode.encode(requested))
      message.declined = Data(IntervalCode.encode(declined))
    }
    message.summaries = summaries.map { Data($0.encoded) }
    message.lost = lost.map { Data($0.bytes) }
    message.requests = requests.map { Data($0.bytes) }
    return message
  }

  /// - Parameter intervalsLeft: How many more the section may have.
  fileprivate init(
    _ message: Martlet_SectionLog, intervalsLeft: inout Int
  ) throws(WireError) {
    func intervals(
      _ bytes: Data, _ field: String, _ left: inout Int
    ) throws(WireError) -> Intervals {
      let set = try IntervalCode.decode(
        [UInt8](bytes), limit: min(left, Limits.runCount), field)
      left -= set.ranges.count
      return set
    }
    try Canonical.limit(message.have.count, Limits.runCount)
    try Canonical.limit(message.void.count, Limits.runCount)
    var have: [HaveRun] = []
    for run in message.have {
      let next = try HaveRun(run)
      if let last = have.last, last.range.upperBound > next.range.lowerBound {
        throw .badField("have")
      }
      have.append(next)
    }
    var void: [VoidRun] = []
    for run in message.void {
      let next = try VoidRun(run)
      if let last = void.last, last.range.upperBound > next.range.lowerBound {
        throw .badField("void")
      }
      void.append(next)
    }
    var receipt: Receipt?
    if !message.receiptLineage.isEmpty {
      receipt = try Receipt(
        lineage: Lineage(message.receiptLineage),
        held: try intervals(message.receipt, "receipt", &intervalsLeft),
        chains: [UInt8](message.receiptChains))
    }
    self.init(
      log: try Canonical.log(message.group, message.class), length: message.length,
      lineage: try Lineage(message.lineage), have: have, void: void, receipt: receipt,
      lost: try Canonical.identifiers(message.lost, "lost"),
      requests: try Canonical.identifiers(message.requests, "requests"))
    try Canonical.limit(message.offers.count, Limits.runCount)
    for run in message.offers {
      let next = try OfferRun(run)
      if let last = offers.last, last.range.upperBound > next.range.lowerBound {
        throw .badField("offers")
      }
      offers.append(next)
    }
    // They are numbered as the receipt is.
    guard receipt != nil || message.requested.isEmpty && message.declined.isEmpty else {
      throw .badField("requested")
    }
    requested = try intervals(message.requested, "requested", &intervalsLeft)
    declined = try intervals(message.declined, "declined", &intervalsLeft)
    try Canonical.limit(message.summaries.count, Limits.memberCount)
    for bytes in message.summaries {
      summaries.append(try SignedSummary(decoding: [UInt8](bytes)))
    }
    guard Set(summaries.map(\.summary.device)).count == summaries.count else {
      throw .badField("summaries")
    }
  }
}

extension Lineage {
  fileprivate var messages: [Martlet_EpochStart] {
    starts.map { start in
      var message = Martlet_EpochStart()
      message.epoch = Data(start.epoch.bytes)
      message.start = start.position
      return message
    }
  }

  fileprivate init(_ messages: [Martlet_EpochStart]) throws(WireError) {
    try Canonical.limit(messages.count, Lineage.limit)
    var starts: [Start] = []
    for message in messages {
      starts.append(Start(epoch: try Canonical.epoch(message.epoch), position: message.start))
    }
    guard let lineage = Lineage(starts) else { throw .badField("lineage") }
    self = lineage
  }
}

extension Receipt {
  /// For each interval the chain at its end: 1 and all of them, or 0 and before each whether it is
  /// known.
  fileprivate var chains: [UInt8] {
    let tails = held.ranges.map { chainTails[$0.upperBound] }
    let isWhole = tails.allSatisfy { $0 != nil }
    guard !tails.isEmpty else { return [] }
    var bytes: [UInt8] = [isWhole ? 1 : 0]
    bytes.reserveCapacity(1 + 5 * tails.count)
    for tail in tails {
      if !isWhole { bytes.append(tail == nil ? 0 : 1) }
      if let tail { bytes += (0..<4).map { UInt8(truncatingIfNeeded: tail >> (24 - 8 * $0)) } }
    }
    return bytes
  }

  fileprivate init(
    lineage: Lineage, held: Intervals, chains bytes: [UInt8]
  ) throws(WireError) {
    let ends = held.ranges.map(\.upperBound)
    var tails: [UInt64: UInt32] = [:]
    var rest = bytes[...]
    let isWhole = ends.isEmpty || rest.popFirst() == 1
    for end in ends {
      if !isWhole {
        guard let flag = rest.popFirst(), flag < 2 else { throw .badField("receipt_chains") }
        if flag == 0 { continue }
      }
      guard rest.count >= 4 else { throw .badField("receipt_chains") }
      tails[end] = rest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
      rest.removeFirst(4)
    }
    guard rest.isEmpty else { throw .badField("receipt_chains") }
    self.init(lineage: lineage, held: held, chainTails: tails)
  }
}

extension OfferRun {
  fileprivate var message: Martlet_OfferRun {
    var message = Martlet_OfferRun()
    message.start = start
    message.chainBefore = Data(chainBefore.digest.bytes)
    var ids: [UInt8] = []
    ids.reserveCapacity(ShortID.byteCount * items.count)
    for item in items { ids += item.id.bytes }
    message.ids = Data(ids)
    message.byteCounts = items.map(\.byteCount)
    message.onRequest = isOnRequest
    return message
  }

  fileprivate init(_ message: Martlet_OfferRun) throws(WireError) {
    let count = message.byteCounts.count
    guard message.ids.count == ShortID.byteCount * count else { throw .badField("offers") }
    _ = try Canonical.range(message.start, UInt64(count), "offers")
    var items: [Item] = []
    items.reserveCapacity(count)
    let ids = [UInt8](message.ids)
    for (index, byteCount) in message.byteCounts.enumerated() {
      let start = ShortID.byteCount * index
      guard let id = ShortID(ids[start..<start + ShortID.byteCount]) else {
        throw .badField("offers")
      }
      items.append(Item(id: id, byteCount: byteCount))
    }
    self.init(
      start: message.start,
      chainBefore: Chain(try Canonical.digest(message.chainBefore, "chain_before")),
      items: items, isOnRequest: message.onRequest)
  }
}

extension HaveRun {
  fileprivate var message: Martlet_HaveRun {
    var message = Martlet_HaveRun()
    message.start = range.lowerBound
    message.count = range.upperBound - range.lowerBound
    message.theirs = theirs
    message.epoch = Data(epoch.bytes)
    message.chainBefore = Data(chainBefore.digest.bytes)
    message.chainAfter = Data(chainAfter.digest.bytes)
    return message
  }

  fileprivate init(_ message: Martlet_HaveRun) throws(WireError) {
    // The recipient's positions end at a number too.
    _ = try Canonical.range(message.theirs, message.count, "have")
    self.init(
      range: try Canonical.range(message.start, message.count, "have"), theirs: message.theirs,
      epoch: try Canonical.epoch(message.epoch),
      chainBefore: Chain(try Canonical.digest(message.chainBefore, "chain_before")),
      chainAfter: Chain(try Canonical.digest(message.chainAfter, "chain_after")))
  }
}

extension VoidRun {
  fileprivate var message: Martlet_VoidRun {
    var message = Martlet_VoidRun()
    message.start = range.lowerBound
    message.count = range.upperBound - range.lowerBound
    message.chainBefore = Data(chainBefore.digest.bytes)
    message.chainAfter = Data(chainAfter.digest.bytes)
    return message
  }

  fileprivate init(_ message: Martlet_VoidRun) throws(WireError) {
    self.init(
      range: try Canonical.range(message.start, message.count, "void"),
      chainBefore: Chain(try Canonical.digest(message.chainBefore, "chain_before")),
      chainAfter: Chain(try Canonical.digest(message.chainAfter, "chain_after")))
  }
}
