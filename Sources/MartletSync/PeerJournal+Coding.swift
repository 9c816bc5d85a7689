internal import FoundationEssentials
internal import MartletSeal
internal import MartletWire

/// A reason why bytes are not a journal.
package enum JournalFormatError: Error, Equatable {
  /// Not the encoding of a journal, or too long.
  case malformed
  /// A name of the wrong length, or a number out of range or order.
  case invalid(String)
}

extension JournalFormatError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .malformed: "the journal is not readable"
    case .invalid(let what): "the journal has an invalid \(what)"
    }
  }
}

extension PeerJournal {
  /// The bytes to keep; decoding them gives an equal value.
  package func encoded() throws(JournalFormatError) -> [UInt8] {
    var message = Martlet_JournalMessage()
    if let instance { message.instance = .init(instance.bytes) }
    message.retired = retired.sorted().map { .init($0.bytes) }
    message.lastApplied = lastApplied
    message.highestHeard = highestHeard
    message.nextNumber = nextNumber
    message.echoed = echoed
    message.owed = owed
    if let askedAt { message.askedAt = askedAt }
    if let offeredAt { message.offeredAt = offeredAt }
    if let toldAt { message.toldAt = toldAt }
    var group: GroupID?
    for name in logs.keys.sorted() {
      guard var log = logs[name]?.message(name) else { continue }
      // The two logs of a group stand side by side: it is named once.
      if name.group == group { log.group = .init() }
      group = name.group
      message.logs.append(log)
    }
    message.sent = sent.map { bundle in
      var sent = Martlet_JournalSent()
      sent.number = bundle.number
      sent.instance = .init(bundle.instance.bytes)
      sent.time = bundle.time
      sent.carrier = bundle.carrier
      sent.fileName = bundle.fileName
      for name in bundle.runs.keys.sorted() {
        var log = Martlet_JournalSentLog()
        log.group = .init(name.group.bytes)
        log.class = UInt32(name.objectClass.rawValue)
        log.runs = (bundle.runs[name] ?? Intervals()).messages
        sent.logs.append(log)
      }
      return sent
    }
    guard let bytes = message.journalBytes, bytes.count <= Martlet_JournalMessage.byteLimit else {
      throw .malformed
    }
    return bytes
  }

  /// Reads what ``encoded()`` wrote; every number is checked.
  package init(decoding bytes: [UInt8]) throws(JournalFormatError) {
    guard let message = Martlet_JournalMessage(journal: bytes) else { throw .malformed }
    self.init()
    if !message.instance.isEmpty { instance = try name(message.instance, "instance") }
    guard message.retired.count <= SyncLimits.retiredCount,
      message.sent.count <= SentBundle.limit, message.logs.count <= Limits.groupCount * 2
    else { throw .invalid("count") }
    for bytes in message.retired { retired.insert(try name(bytes, "instance")) }
    let numbers = [message.lastApplied, message.highestHeard, message.echoed, message.nextNumber]
    guard message.nextNumber > 0, numbers.allSatisfy({ $0 <= SyncLimits.bundleNumber }) else {
      throw .invalid("bundle number")
    }
    lastApplied = message.lastApplied
    highestHeard = message.highestHeard
    nextNumber = message.nextNumber
    echoed = message.echoed
    owed = message.owed
    askedAt = message.hasAskedAt ? message.askedAt : nil
    offeredAt = message.hasOfferedAt ? message.offeredAt : nil
    toldAt = message.hasToldAt ? message.toldAt : nil
    var group: GroupID?
    for log in message.logs {
      let known = try PeerLog(log)
      let name: LogID
      if log.group.isEmpty, let group {
        name = try logName(group.bytes, log.class)
      } else {
        name = try logName(log.group, log.class)
      }
      group = name.group
      guard logs.updateValue(known, forKey: name) == nil else {
        throw .invalid("log: it is there twice")
      }
    }
    for entry in message.sent {
      guard
        entry.number > sent.last(where: { $0.instance.bytes == Array(entry.instance) })?.number
          ?? 0, entry.number < SyncLimits.bundleNumber
      else { throw .invalid("number of a sent bundle") }
      var runs: [LogID: Intervals] = [:]
      for log in entry.logs {
        runs[try logName(log.group, log.class)] = try Intervals(messages: log.runs)
      }
      sent.append(
        SentBundle(
          number: entry.number, instance: try name(entry.instance, "instance"), time: entry.time,
          carrier: entry.carrier, fileName: entry.fileName, runs: runs))
    }
  }
}

extension PeerLog {
  fileprivate func message(_ name: LogID) -> Martlet_JournalLog {
    var message = Martlet_JournalLog()
    message.group = .init(name.group.bytes)
    message.class = UInt32(name.objectClass.rawValue)
    message.applied = applied.messages
    message.lost = lost.sorted().map { .init($0.bytes) }
    message.wanted = wanted.sorted().map { .init($0.bytes) }
    message.asked = asked.sorted().map { .init($0.bytes) }
    message.lineage = (lineage?.starts ?? []).map { start in
      var message = Martlet_EpochStart()
      message.epoch = .init(start.epoch.bytes)
      message.start = start.position
      return message
    }
    message.void = void.messages
    message.unpaired = unpaired.messages
    message.unpairedEnd = unpairedEnd
    message.pairs = correspondence.runs.map { run in
      var pair = Martlet_JournalPair()
      pair.theirs = run.theirs
      pair.ours = run.ours
      pair.count = run.count
      return pair
    }
    message.unplaced = unplaced.sorted { $0.value < $1.value }.map { id, theirs in
      var message = Martlet_JournalUnplaced()
      message.id = .init(id.bytes)
      message.theirs = theirs
      return message
    }
    message.marks = marks.sorted { $0.key < $1.key }.map { position, chain in
      var mark = Martlet_ChainMark()
      mark.position = position
      // Every log begins with it.
      if position > 0 || chain != .empty { mark.chain = .init(chain.digest.bytes) }
      return mark
    }
    message.requested = requested.messages
    message.declined = declined.messages
    message.asking = asking.messages
    message.refused = refused.messages
    message.offered = offered.map { item in
      var offered = Martlet_JournalOffered()
      offered.position = item.position
      offered.id = .init(item.id.bytes)
      offered.byteCount = item.byteCount
      return offered
    }
    message.told = told
    message.telling = telling.map { bundle in
      var telling = Martlet_JournalTelling()
      telling.bundle = bundle.bundle
      telling.sequence = bundle.sequence
      return telling
    }
    return message
  }

  fileprivate init(_ message: Martlet_JournalLog) throws(JournalFormatError) {
    self.init()
    applied = try Intervals(messages: message.applied)
    void = try Intervals(messages: message.void)
    for bytes in message.lost { lost.insert(try name(bytes, "id")) }
    for bytes in message.wanted { wanted.insert(try name(bytes, "id")) }
    for bytes in message.asked { asked.insert(try name(bytes, "id")) }
    if !message.lineage.isEmpty {
      var starts: [Lineage.Start] = []
      for start in message.lineage {
        guard let epoch = EpochID(start.epoch), start.start < SyncLimits.position else {
          throw .invalid("epoch")
        }
        starts.append(Lineage.Start(epoch: epoch, position: start.start))
      }
      guard let lineage = Lineage(starts) else { throw .invalid("lineage") }
      self.lineage = lineage
    }
    var runs: [Correspondence.Run] = []
    for pair in message.pairs {
      let limit = SyncLimits.position
      guard pair.theirs < limit, pair.ours < limit, (1..<limit).contains(pair.count) else {
        throw .invalid("pair of positions")
      }
      runs.append(.init(theirs: pair.theirs, ours: pair.ours, count: pair.count))
    }
    guard let pairs = Correspondence(runs) else { throw .invalid("pair of positions") }
    correspondence = pairs
    unpaired = try Intervals(messages: message.unpaired)
    unpairedEnd = message.unpairedEnd
    let paired = Intervals(runs.map { $0.theirs..<$0.theirs + $0.count })
    guard paired.intersection(unpaired).isEmpty, unpairedEnd <= SyncLimits.position else {
      throw .invalid("position without a pair")
    }
    held = paired.union(unpaired)
    for entry in message.unplaced {
      guard entry.theirs < SyncLimits.position, !held.contains(entry.theirs) else {
        throw .invalid("position of a pending object")
      }
      unplaced[try name(entry.id, "id")] = entry.theirs
      held.insert(entry.theirs)
    }
    for mark in message.marks {
      guard mark.position <= SyncLimits.position * 2 else { throw .invalid("chain mark") }
      if mark.position == 0, mark.chain.isEmpty {
        marks[0] = .empty
        continue
      }
      let chain: ObjectID = try name(mark.chain, "chain")
      marks[mark.position] = Chain(chain.digest)
    }
    requested = try Intervals(messages: message.requested)
    declined = try Intervals(messages: message.declined)
    asking = try Intervals(messages: message.asking)
    refused = try Intervals(messages: message.refused)
    for item in message.offered {
      guard let id = ShortID(item.id), item.position < SyncLimits.position,
        offered.last.map({ $0.position < item.position }) ?? true
      else { throw .invalid("offer") }
      offered.append(
        OfferedItem(position: item.position, id: id, byteCount: item.byteCount))
    }
    told = message.told
    guard message.telling.count <= Self.tellingLimit else { throw .invalid("count") }
    for bundle in message.telling {
      let last = telling.last ?? Telling(bundle: 0, sequence: told)
      guard bundle.bundle > last.bundle, bundle.sequence > last.sequence,
        bundle.bundle < SyncLimits.bundleNumber
      else { throw .invalid("number of a bundle that told") }
      telling.append(Telling(bundle: bundle.bundle, sequence: bundle.sequence))
    }
  }
}

extension Correspondence {
  /// Nil unless the runs ascend and no position stands twice on either side.
  init?(_ runs: [Run]) {
    self.init()
    var end: UInt64 = 0
    for run in runs {
      guard run.theirs >= end else { return nil }
      end = run.theirs + run.count
    }
    let ours = runs.map { $0.ours..<$0.ours + $0.count }
      .sorted { $0.lowerBound < $1.lowerBound }
    for (one, next) in zip(ours, ours.dropFirst()) where one.upperBound > next.lowerBound {
      return nil
    }
    self.init(checked: runs)
  }
}

extension Intervals {
  fileprivate var messages: [Martlet_JournalInterval] {
    ranges.map { range in
      var message = Martlet_JournalInterval()
      message.start = range.lowerBound
      message.count = range.upperBound - range.lowerBound
      return message
    }
  }

  fileprivate init(messages: [Martlet_JournalInterval]) throws(JournalFormatError) {
    self.init()
    var end: UInt64 = 0
    for message in messages {
      guard message.start >= end, message.start < SyncLimits.position,
        (1..<SyncLimits.position).contains(message.count)
      else { throw .invalid("interval") }
      end = message.start + message.count
      insert(message.start..<end)
    }
  }
}

private func name<Kind>(
  _ bytes: some Collection<UInt8>, _ what: String
) throws(JournalFormatError) -> Identifier<Kind> {
  guard let name = Identifier<Kind>(bytes) else { throw .invalid(what) }
  return name
}

private func logName(
  _ group: some Collection<UInt8>, _ objectClass: UInt32
) throws(JournalFormatError) -> LogID {
  guard let value = UInt8(exactly: objectClass), let objectClass = ObjectClass(rawValue: value)
  else { throw .invalid("class") }
  return LogID(group: try name(group, "group"), objectClass: objectClass)
}
