internal import FoundationEssentials
internal import MartletSeal
internal import MartletStore
internal import MartletSync
internal import MartletWire

extension GroupState {
  func encoded() throws(StateFormatError) -> [UInt8] {
    var message = Martlet_GroupStateMessage()
    message.name = name
    switch kind {
    case .direct(let peer):
      message.kind = 1
      message.peer = Data(peer.bytes)
    case .created: message.kind = 2
    case .archived: message.kind = 3
    }
    message.accepted = isAccepted
    message.founderNonce = Data(founderNonce)
    message.members = members.map { Data($0.encoded) }
    message.keys = sealedKeys.map { Data($0) }
    message.keyIds = keyIDs.map { Data($0.bytes) }
    if let currentKey { message.currentKey = Data(currentKey.bytes) }
    message.groupSecret = Data(sealedSecret)
    message.logs = ObjectClass.allCases.map { objectClass in
      Self.message(self[log: objectClass], objectClass)
    }
    message.heads = heads.map { Data($0.bytes) }
    if let ownLast { message.ownLast = Data(ownLast.bytes) }
    message.pending = pending.sorted { $0.key < $1.key }.map { id, held in
      var stored = Martlet_PendingMessage()
      stored.id = Data(id.bytes)
      stored.byteCount = held.stored.byteCount
      stored.packTag = held.stored.packTag
      stored.offset = held.stored.offset
      stored.senders = held.senders.sorted().map { Data($0.bytes) }
      stored.proven = held.isProven
      return stored
    }
    message.cursors = cursors.sorted { $0.key < $1.key }.map { client, cursor in
      var stored = Martlet_CursorMessage()
      stored.client = client
      stored.position = cursor.position
      stored.state = Data(cursor.state)
      stored.rejected = cursor.rejected.map { Data($0.bytes) }
      stored.skipped = cursor.skipped.sorted()
      return stored
    }
    return try StateCodec.encode(message)
  }

  init(_ id: GroupID, decoding bytes: [UInt8]) throws(StateFormatError) {
    let message: Martlet_GroupStateMessage = try StateCodec.decode(bytes)
    let kind: Kind
    switch message.kind {
    case 1: kind = .direct(with: try StateCodec.name(message.peer))
    case 2: kind = .created
    case 3: kind = .archived
    default: throw StateFormatError(what: "a group of no known kind")
    }
    var logs: [ObjectClass: GroupLogState] = [:]
    for log in message.logs {
      guard let raw = UInt8(exactly: log.class), let objectClass = ObjectClass(rawValue: raw)
      else { throw StateFormatError(what: "a log of no known class") }
      logs[objectClass] = try Self.log(log)
    }
    guard let messages = logs[.messages], let blobs = logs[.blobs] else {
      throw StateFormatError(what: "a group without its logs")
    }
    self.init(
      id: id, name: message.name, kind: kind, isAccepted: message.accepted, messages: messages,
      blobs: blobs)
    founderNonce = [UInt8](message.founderNonce)
    for member in message.members { members.append(try StateCodec.card(member)) }
    sealedKeys = message.keys.map { [UInt8]($0) }
    keyIDs = try StateCodec.names(message.keyIds)
    if !message.currentKey.isEmpty { currentKey = try StateCodec.name(message.currentKey) }
    sealedSecret = [UInt8](message.groupSecret)
    heads = try StateCodec.names(message.heads)
    if !message.ownLast.isEmpty { ownLast = try StateCodec.name(message.ownLast) }
    for stored in message.pending {
      let id: ObjectID = try StateCodec.name(stored.id)
      pending[id] = Pending(
        stored: StoredObject(
          id: id, byteCount: stored.byteCount, packTag: stored.packTag, offset: stored.offset),
        senders: Set(try StateCodec.names(stored.senders)), isProven: stored.proven)
    }
    for stored in message.cursors {
      cursors[stored.client] = Cursor(
        position: stored.position, state: [UInt8](stored.state),
        rejected: try StateCodec.names(stored.rejected), skipped: Set(stored.skipped))
    }
  }

  private static func message(
    _ log: GroupLogState, _ objectClass: ObjectClass
  ) -> Martlet_GroupLogMessage {
    var message = Martlet_GroupLogMessage()
    message.class = UInt32(objectClass.rawValue)
    message.lineage = log.lineage.starts.map { start in
      var stored = Martlet_EpochStart()
      stored.epoch = Data(start.epoch.bytes)
      stored.start = start.position
      return stored
    }
    message.retired = log.retired.sorted().map { Data($0.bytes) }
    message.lost = StateCodec.messages(log.lost)
    message.void = StateCodec.messages(log.void)
    message.absent = log.absent.sorted().map { Data($0.bytes) }
    message.summaries = log.summaries.sorted { $0.key < $1.key }.map { Self.message($0.value) }
    if let own = log.ownSummary { message.ownSummary = Self.message(own) }
    message.summarySequence = log.summarySequence
    return message
  }

  private static func message(_ known: KnownSummary) -> Martlet_StoredSummary {
    var message = Martlet_StoredSummary()
    message.signed = Data(known.signed.encoded)
    message.sequence = known.sequence
    message.sources = known.sources.sorted().map { Data($0.bytes) }
    message.delivered = StateCodec.messages(known.delivered)
    message.missing = known.missing.map { Data($0.bytes) }
    return message
  }

  private static func summary(
    _ message: Martlet_StoredSummary
  ) throws(StateFormatError) -> KnownSummary {
    let signed: SignedSummary
    do throws(WireError) {
      signed = try SignedSummary(decoding: [UInt8](message.signed))
    } catch { throw StateFormatError(what: "an unreadable summary") }
    var known = KnownSummary(signed, sequence: message.sequence)
    known.sources = Set(try StateCodec.names(message.sources))
    known.delivered = try StateCodec.intervals(message.delivered)
    known.missing = try StateCodec.names(message.missing)
    return known
  }

  private static func log(
    _ message: Martlet_GroupLogMessage
  ) throws(StateFormatError) -> GroupLogState {
    var starts: [Lineage.Start] = []
    for stored in message.lineage {
      starts.append(Lineage.Start(epoch: try epoch(stored.epoch), position: stored.start))
    }
    guard let lineage = Lineage(starts) else { throw StateFormatError(what: "a bad lineage") }
    var log = GroupLogState(lineage: lineage)
    for epoch in message.retired { log.retired.insert(try Self.epoch(epoch)) }
    log.lost = try StateCodec.intervals(message.lost)
    log.void = try StateCodec.intervals(message.void)
    log.absent = Set(try StateCodec.names(message.absent))
    for stored in message.summaries {
      let known = try summary(stored)
      log.summaries[known.signed.summary.device] = known
    }
    if message.hasOwnSummary { log.ownSummary = try summary(message.ownSummary) }
    log.summarySequence = message.summarySequence
    return log
  }

  private static func epoch(_ data: Data) throws(StateFormatError) -> EpochID {
    guard let epoch = EpochID(data) else { throw StateFormatError(what: "a short epoch") }
    return epoch
  }
}
