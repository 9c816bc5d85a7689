internal import MartletSeal
internal import SwiftProtobuf

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

extension Manifest {
  /// The canonical form: a serialised `ManifestMessage`.
  package var encoded: [UInt8] {
    var message = Martlet_ManifestMessage()
    message.card = Data(card.encoded)
    message.recipients = recipients.map { Data($0.bytes) }
    message.sectionHashes = sectionHashes.map { Data($0.bytes) }
    message.headerHash = Data(headerHash.bytes)
    message.instance = Data(instance.bytes)
    message.retired = retired.map { Data($0.bytes) }
    message.created = created
    message.logs = logs.map(\.message)
    message.recordCount = recordCount
    message.recordByteCount = recordByteCount
    return Canonical.bytes(of: message)
  }

  /// Reads the canonical form, and nothing else: unknown fields, trailing bytes and second
  /// encodings of the same thing are refused.
  ///
  /// - Throws: ``WireError/tooLarge(limit:)`` for more than any limit allows, and
  ///   ``WireError/badField(_:)`` for a field that cannot be, such as runs that overlap or marks
  ///   that do not end their run.
  package init(decoding bytes: [UInt8]) throws(WireError) {
    let message: Martlet_ManifestMessage = try Canonical.message(
      from: bytes, of: .manifest)
    let card: Card
    do { card = try Card(decoding: Array(message.card)) } catch { throw .badField("card") }
    let recipients = message.recipients
    try Canonical.limit(recipients.count, Limits.recipientCount)
    guard !recipients.isEmpty, Set(recipients).count == recipients.count else {
      throw .badField("recipients")
    }
    guard message.sectionHashes.count == recipients.count else {
      throw .badField("section_hashes")
    }
    // Two logs a group.
    try Canonical.limit(message.logs.count, 2 * Limits.groupCount)
    var logs: [CarriedLog] = []
    for log in message.logs { logs.append(try CarriedLog(log)) }
    guard Set(logs.map(\.log)).count == logs.count else { throw .badField("logs") }
    try Canonical.limit(Set(logs.map(\.log.group)).count, Limits.groupCount)
    var total: UInt64 = 0
    for run in logs.lazy.flatMap(\.runs) {
      let (sum, overflow) = total.addingReportingOverflow(UInt64(run.range.count))
      guard !overflow else { throw .badField("runs") }
      total = sum
    }
    guard total == message.recordCount else { throw .badField("record_count") }
    self.init(
      card: card,
      recipients: try Canonical.identifiers(recipients, "recipients"),
      sectionHashes: try Canonical.identifiers(
        message.sectionHashes, "section_hashes", of: DeviceKind.self
      ).map(\.digest),
      headerHash: try Canonical.digest(message.headerHash, "header_hash"),
      instance: InstanceID(try Canonical.digest(message.instance, "instance")),
      retired: try Canonical.identifiers(message.retired, "retired"),
      created: message.created, logs: logs,
      recordCount: message.recordCount, recordByteCount: message.recordByteCount)
    guard encoded == bytes else { throw .notCanonical }
  }
}

extension CarriedLog {
  fileprivate var message: Martlet_CarriedLog {
    var message = Martlet_CarriedLog()
    message.group = Data(log.group.bytes)
    message.class = UInt32(log.objectClass.rawValue)
    message.keys = keys.map { Data($0.bytes) }
    message.runs = runs.map(\.message)
    message.absent = absent.map { Data($0.bytes) }
    return message
  }

  fileprivate init(_ message: Martlet_CarriedLog) throws(WireError) {
    try Canonical.limit(message.runs.count, Limits.runCount)
    var runs: [Run] = []
    runs.reserveCapacity(message.runs.count)
    for next in message.runs {
      let run = try Run(next)
      if let last = runs.last, last.range.upperBound > run.range.lowerBound {
        throw .badField("runs")
      }
      runs.append(run)
    }
    self.init(
      log: try Canonical.log(message.group, message.class),
      keys: try Canonical.identifiers(message.keys, "keys"), runs: runs,
      absent: try Canonical.identifiers(message.absent, "absent"))
  }
}

extension Run {
  fileprivate var message: Martlet_Run {
    var message = Martlet_Run()
    message.start = range.lowerBound
    message.count = range.upperBound - range.lowerBound
    message.chainBefore = Data(chainBefore.digest.bytes)
    message.marks = marks.map { mark in
      var message = Martlet_ChainMark()
      message.position = mark.position
      message.chain = Data(mark.chain.digest.bytes)
      return message
    }
    return message
  }

  fileprivate init(_ message: Martlet_Run) throws(WireError) {
    let range = try Canonical.range(message.start, message.count, "run")
    var marks: [ChainMark] = []
    marks.reserveCapacity(message.marks.count)
    var last = range.lowerBound
    for mark in message.marks {
      guard mark.position > last, mark.position <= range.upperBound,
        mark.position - last <= Run.recordsPerMark
      else { throw .badField("marks") }
      last = mark.position
      marks.append(
        ChainMark(
          position: mark.position, chain: Chain(try Canonical.digest(mark.chain, "chain"))))
    }
    guard last == range.upperBound else { throw .badField("marks") }
    self.init(
      range: range, chainBefore: Chain(try Canonical.digest(message.chainBefore, "chain_before")),
      marks: marks)
  }
}
