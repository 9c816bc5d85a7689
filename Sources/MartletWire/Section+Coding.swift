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
    for log in message.logs { logs.append(try SectionLog(log)) }
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
    if let receipt {
      message.receiptLineage = receipt.lineage.messages
      message.receipt = receipt.messages
    }
    message.lost = lost.map { Data($0.bytes) }
    message.requests = requests.map { Data($0.bytes) }
    return message
  }

  fileprivate init(_ message: Martlet_SectionLog) throws(WireError) {
    try Canonical.limit(message.have.count, Limits.runCount)
    try Canonical.limit(message.void.count, Limits.runCount)
    try Canonical.limit(message.receipt.count, Limits.runCount)
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
      receipt = try Receipt(lineage: Lineage(message.receiptLineage), message.receipt)
    }
    self.init(
      log: try Canonical.log(message.group, message.class), length: message.length,
      lineage: try Lineage(message.lineage), have: have, void: void, receipt: receipt,
      lost: try Canonical.identifiers(message.lost, "lost"),
      requests: try Canonical.identifiers(message.requests, "requests"))
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
  fileprivate var messages: [Martlet_ReceiptInterval] {
    var end: UInt64 = 0
    return held.ranges.map { range in
      var message = Martlet_ReceiptInterval()
      message.gap = range.lowerBound - end
      message.count = range.upperBound - range.lowerBound
      end = range.upperBound
      if let tail = chainTails[end] {
        message.chain = Data((0..<4).map { UInt8(truncatingIfNeeded: tail >> (24 - 8 * $0)) })
      }
      return message
    }
  }

  fileprivate init(
    lineage: Lineage, _ messages: [Martlet_ReceiptInterval]
  ) throws(WireError) {
    var held = Intervals()
    var tails: [UInt64: UInt32] = [:]
    var end: UInt64 = 0
    for (index, message) in messages.enumerated() {
      let (start, overflow) = end.addingReportingOverflow(message.gap)
      guard !overflow, index == 0 || message.gap > 0 else { throw .badField("receipt") }
      let range = try Canonical.range(start, message.count, "receipt")
      held.insert(range)
      end = range.upperBound
      switch message.chain.count {
      case 0: break
      case 4: tails[end] = message.chain.reduce(0) { $0 << 8 | UInt32($1) }
      default: throw .badField("receipt")
      }
    }
    self.init(lineage: lineage, held: held, chainTails: tails)
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
