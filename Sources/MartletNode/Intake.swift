internal import MartletBundle
internal import MartletFileSystem
internal import MartletObjects
internal import MartletSeal
internal import MartletStore
internal import MartletSync
internal import MartletWire

/// An object that came in, opened as far as our keys do.
struct Arrival: Sendable {
  var record: DecodedRecord
  /// Nil for what is no message.
  var opened: Result<OpenedMessage, ObjectError>?

  /// How many bytes of bodies are opened ahead in one batch. A body can be 255 times as long as what
  /// was carried of it; what is beyond is opened when its turn comes, one by one.
  private static let openedByteLimit = 16 << 20

  /// The objects of a batch, in order.
  static func all(
    of records: [DecodedRecord], opening keys: [GroupID: GroupKeys]
  ) -> [Arrival] {
    var left = openedByteLimit
    return records.map { record in
      let arrival = Arrival(record, opening: left > 0 ? keys : [:])
      if case .success(let opened) = arrival.opened { left -= opened.message.body.count }
      return arrival
    }
  }

  private init(_ record: DecodedRecord, opening keys: [GroupID: GroupKeys]) {
    self.record = record
    guard record.object.header.objectClass == .messages else { return }
    do throws(ObjectError) {
      let keys = keys[record.object.header.group] ?? GroupKeys()
      opened = .success(try record.object.openMessage(with: keys))
    } catch { opened = .failure(error) }
  }
}

/// Gives the objects of one bundle their places: in a log, on the pending list, or nowhere.
final class Intake {
  private let node: Node
  private let peer: DeviceID
  private let logs: [CarriedLog]
  private let isShared: [Bool]
  private var collector: StretchCollector
  private var reception: Reception

  private(set) var messages: UInt64 = 0
  private(set) var blobs: UInt64 = 0
  private(set) var byteCount: UInt64 = 0
  private(set) var placedCount: UInt64 = 0
  /// Objects that were not taken: of a group not shared with the sender, or beyond a quota.
  private(set) var refusedCount: UInt64 = 0
  /// Whether an object came to be held by it.
  private(set) var changed = false
  /// Logs that something was appended to.
  private var grown: Set<LogID> = []
  /// Positions of the sender's logs that a quota had no room for.
  private var declined: [LogID: Intervals] = [:]

  private var waiting: [GroupID: [ObjectID: Waiting]] = [:]
  /// For an id, the pending ones that name it as a parent.
  private var children: [ObjectID: [(group: GroupID, id: ObjectID)]] = [:]
  /// Groups whose pending objects may open now.
  private var rekeyed: Set<GroupID> = []
  private var uncommittedCount = 0
  private var uncommittedBytes: UInt64 = 0
  private var room: IntakeRoom

  init(
    _ node: Node, from peer: DeviceID, logs: [CarriedLog], reception: Reception
  ) throws(NodeError) {
    self.node = node
    self.peer = peer
    self.logs = logs
    self.reception = reception
    isShared = logs.map { node.sync.peers[peer]?.logs[$0.log] != nil }
    collector = StretchCollector(logs)
    room = IntakeRoom(peer: peer)
    for log in node.state.groups where node.groupStates[log]?.pending.isEmpty == false {
      node.groupStates[log]?.unlock(with: try node.identity().sealing)
      let held = try node.waiting(in: log)
      waiting[log] = held
      // In one order: which of two siblings is placed first is in the log for good.
      for (id, entry) in held.sorted(by: { $0.key < $1.key }) {
        for parent in entry.parents { children[parent, default: []].append((log, id)) }
      }
    }
  }

  /// Places the records of a batch, in order.
  func take(_ arrivals: [Arrival]) throws(NodeError) {
    let proven = try prove(arrivals)
    for (arrival, isProven) in zip(arrivals, proven) {
      let record = arrival.record
      guard isShared[record.logIndex] else {
        refusedCount += 1
        continue
      }
      try node.checkStop()
      let isAccepted = try accept(arrival, isProven: isProven)
      placedCount += 1
      if !isAccepted { refusedCount += 1 }
      if let whole = collector.add(
        log: record.logIndex, run: record.runIndex, position: record.position, id: record.id,
        isAccepted: isAccepted)
      {
        let view = try node.log(whole.log)
        try node.engine { () throws(SyncError) in
          try node.sync.credit(whole.stretch, of: whole.log, view: view, reception: &reception)
        }
      }
      if uncommittedCount >= Node.commitObjectCount || uncommittedBytes >= Node.commitByteCount {
        try commit()
      }
    }
  }

  /// Places what can be placed now, and ends the import of the bundle.
  ///
  /// - Returns: Whether anything was learned or came to be held.
  func finish() throws(NodeError) -> Bool {
    for (group, held) in waiting where !held.isEmpty {
      for id in held.keys.sorted() { try placeIfReady(id, in: group) }
    }
    while let group = rekeyed.popFirst() {
      // What is pending is read again, so it must stand where its list says.
      if uncommittedCount > 0 { try commit() }
      let held = try node.waiting(in: group)
      for (id, entry) in held.sorted(by: { $0.key < $1.key }) {
        try reconsider(id, entry, in: group)
      }
    }
    // Our own word first: where others say the same, nothing has to be followed.
    if changed { try node.summarise() }
    for log in Set(node.sync.peers.values.flatMap(\.logs.keys)).sorted()
    where node.sync.isUnsettled(log) && (grown.contains(log) || isCarried(log)) {
      let view = try node.log(log)
      let unsettled = node.sync.peers.filter { $0.value.logs[log]?.unplaced.isEmpty == false }
      try node.engine { () throws(SyncError) in try node.sync.settle(log, view: view) }
      node.changedPeers.formUnion(unsettled.keys)
      node.changedGroups.insert(log.group)
    }
    for (log, positions) in declined {
      node.sync.decline(positions, of: log, reception: reception)
    }
    node.sync.finish(reception, changed: changed)
    node.changedPeers.insert(peer)
    // In every group: an import that was cut short may have placed what it did not deliver.
    for group in node.state.groups { try node.deliverWaiting(in: group) }
    return changed || reception.changed || reception.isNewer
  }

  // MARK: Proof

  /// Which messages are proven: the last of each author by its signature, those before it because
  /// its chain of first parents names them; one by one where that fails.
  private func prove(_ arrivals: [Arrival]) throws(NodeError) -> [Bool] {
    var proven = [Bool](repeating: false, count: arrivals.count)
    var indexes: [ObjectID: Int] = [:]
    indexes.reserveCapacity(arrivals.count)
    for (index, arrival) in arrivals.enumerated() where arrival.opened != nil {
      indexes[arrival.record.id] = index
    }
    for last in arrivals.indices.reversed() where !proven[last] {
      let arrival = arrivals[last]
      guard case .success(let opened) = arrival.opened,
        isSigned(arrival.record.object, opened)
      else { continue }
      var index = last
      while true {
        proven[index] = true
        guard let parent = arrivals[index].record.object.header.parents.first else { break }
        guard let next = indexes[parent] else {
          provePending(parent, by: opened.message.author, in: arrival.record.object.header.group)
          break
        }
        guard !proven[next], case .success(let before) = arrivals[next].opened,
          before.message.author == opened.message.author
        else { break }
        index = next
      }
    }
    return proven
  }

  private func isSigned(_ object: SealedObject, _ opened: OpenedMessage) -> Bool {
    guard let card = node.card(of: opened.message.author, in: object.header.group) else {
      return false
    }
    return object.isSigned(opened, by: card)
  }

  /// Follows a proven chain into what was pending.
  private func provePending(_ id: ObjectID, by author: DeviceID, in group: GroupID) {
    var id = id
    while let entry = waiting[group]?[id], entry.author == author, !entry.isProven {
      waiting[group]?[id]?.isProven = true
      node.groupStates[group]?.pending[id]?.isProven = true
      node.changedGroups.insert(group)
      guard let parent = entry.parents.first else { return }
      id = parent
    }
  }

  // MARK: Places

  /// - Returns: Whether the object is held now.
  private func accept(_ arrival: Arrival, isProven: Bool) throws(NodeError) -> Bool {
    let record = arrival.record
    let header = record.object.header
    let log = try node.log(LogID(group: header.group, objectClass: header.objectClass))
    let place = try node.reading(log) { () throws(LogReadError) in
      try log.position(of: record.id)
    }
    if let place { return try regain(record, at: place, in: log) }
    if node.groupStates[header.group]?.pending[record.id] != nil {
      node.groupStates[header.group]?.pending[record.id]?.senders.insert(peer)
      if isProven, waiting[header.group]?[record.id]?.isProven == false {
        waiting[header.group]?[record.id]?.isProven = true
        node.groupStates[header.group]?.pending[record.id]?.isProven = true
        try placeIfReady(record.id, in: header.group)
      }
      node.changedGroups.insert(header.group)
      return true
    }
    guard try room.isLeft(for: record, in: header.group, of: node) else {
      declined[log.id, default: Intervals()].insert(record.position)
      return false
    }
    if header.objectClass == .blobs {
      try node.append(try keep(record), to: log)
      blobs += 1
      return true
    }
    return try acceptMessage(arrival, isProven: isProven, to: log)
  }

  private func acceptMessage(
    _ arrival: Arrival, isProven: Bool, to log: NodeLog
  ) throws(NodeError) -> Bool {
    let record = arrival.record
    let header = record.object.header
    var isProven = isProven
    var opened: OpenedMessage?
    switch arrival.opened {
    case .success(let message): opened = message
    case .failure(.keyMissing):
      // The key may have come since, or this may be the grant that brings it.
      opened = try? record.object.openMessage(with: keys(of: header.group))
      if opened == nil { opened = try openGrant(record.object) }
      if let opened { isProven = isSigned(record.object, opened) }
    case .failure, nil: return false
    }
    let absent = node.sync.logs[log.id]?.absent ?? []
    var missing = 0
    for parent in header.parents where !absent.contains(parent) {
      let place = try node.reading(log) { () throws(LogReadError) in
        try log.position(of: parent)
      }
      if place == nil { missing += 1 }
    }
    if let opened, isProven, missing == 0 {
      let position = log.length
      try node.append(try keep(record), to: log)
      grown.insert(log.id)
      messages += 1
      placed(
        record.id, author: opened.message.author, parents: header.parents,
        expires: header.expires, in: header.group)
      node.deliver(
        record.id, opened.message, parents: header.parents, at: position, in: header.group)
      try placeChildren(of: record.id)
      return true
    }
    guard room.takePending(record, in: header.group, of: node) else { return false }
    let stored = try keep(record)
    messages += 1
    node.groupStates[header.group]?.pending[record.id] = GroupState.Pending(
      stored: stored, senders: [peer], isProven: isProven)
    node.changedGroups.insert(header.group)
    log.pending.insert(record.id)
    waiting[header.group, default: [:]][record.id] = Waiting(
      stored: stored, parents: header.parents, expires: header.expires,
      author: opened?.message.author, isProven: isProven)
    for parent in header.parents {
      children[parent, default: []].append((header.group, record.id))
    }
    return true
  }

  /// Notes a message that took its place.
  private func placed(
    _ id: ObjectID, author: DeviceID?, parents: [ObjectID], expires: UInt64, in group: GroupID
  ) {
    node.groupStates[group]?.appended(id, parents: parents, expires: expires)
    // Our own, come back to a store that had lost it.
    if author == node.ownID { node.groupStates[group]?.ownLast = id }
  }

  /// Bytes that were damaged here come back.
  private func regain(
    _ record: DecodedRecord, at place: UInt64, in log: NodeLog
  ) throws(NodeError) -> Bool {
    guard log.lost.contains(place) else { return true }
    _ = try keep(record)
    node.sync.logs[log.id]?.regained(record.id, at: place)
    log.lost = node.sync.logs[log.id]?.lost ?? Intervals()
    node.changedGroups.insert(log.id.group)
    if log.id.objectClass == .messages { messages += 1 } else { blobs += 1 }
    return true
  }

  private func keep(_ record: DecodedRecord) throws(NodeError) -> StoredObject {
    let stored = try node.addObject(record.id, record.bytes)
    let log = LogID(
      group: record.object.header.group, objectClass: record.object.header.objectClass)
    node.sync.logs[log]?.regained(record.id, at: nil)
    byteCount += UInt64(record.bytes.count)
    uncommittedCount += 1
    uncommittedBytes += UInt64(record.bytes.count)
    changed = true
    node.changedGroups.insert(log.group)
    room.take(record, in: log.group, of: node)
    return stored
  }

  private func isCarried(_ log: LogID) -> Bool { logs.contains { $0.log == log } }

  /// Places those whose last missing parent just came, and theirs.
  private func placeChildren(of id: ObjectID) throws(NodeError) {
    var queue = [id]
    while let parent = queue.popLast() {
      guard let list = children.removeValue(forKey: parent) else { continue }
      for child in list where try placeIfReady(child.id, in: child.group, cascade: false) {
        queue.append(child.id)
      }
    }
  }

  /// - Returns: Whether it took its place.
  @discardableResult
  private func placeIfReady(
    _ id: ObjectID, in group: GroupID, cascade: Bool = true
  ) throws(NodeError) -> Bool {
    guard let entry = waiting[group]?[id], entry.isProven, entry.author != nil else {
      return false
    }
    let log = try node.log(LogID(group: group, objectClass: .messages))
    let absent = node.sync.logs[log.id]?.absent ?? []
    for parent in entry.parents where !absent.contains(parent) {
      let place = try node.reading(log) { () throws(LogReadError) in
        try log.position(of: parent)
      }
      if place == nil { return false }
    }
    waiting[group]?[id] = nil
    node.groupStates[group]?.pending[id] = nil
    log.pending.remove(id)
    node.changedGroups.insert(group)
    try node.append(entry.stored, to: log)
    grown.insert(log.id)
    changed = true
    // Its body is not at hand: it is delivered from the log, once that is committed.
    placed(id, author: entry.author, parents: entry.parents, expires: entry.expires, in: group)
    if cascade { try placeChildren(of: id) }
    return true
  }

  /// Looks again at a pending message, after keys or cards came.
  private func reconsider(
    _ id: ObjectID, _ entry: Waiting, in group: GroupID
  ) throws(NodeError) {
    var entry = entry
    guard waiting[group]?[id] != nil else { return }
    if !entry.isProven, let (object, opened) = try? node.opened(entry.stored, in: group) {
      entry.author = opened.message.author
      entry.isProven = isSigned(object, opened)
      if entry.isProven, let parent = entry.parents.first {
        provePending(parent, by: opened.message.author, in: group)
      }
    }
    entry.isProven = entry.isProven || waiting[group]?[id]?.isProven == true
    waiting[group]?[id] = entry
    if node.groupStates[group]?.pending[id]?.isProven == false, entry.isProven {
      node.groupStates[group]?.pending[id]?.isProven = true
      node.changedGroups.insert(group)
    }
    try placeIfReady(id, in: group)
  }

  // MARK: Keys

  private func keys(of group: GroupID) -> GroupKeys {
    node.groupStates[group]?.keys ?? GroupKeys()
  }

  /// Opens a grant for us, if it is one that counts: by the group's founder, as its id says.
  private func openGrant(_ object: SealedObject) throws(NodeError) -> OpenedMessage? {
    let group = object.header.group
    guard !object.boxes.isEmpty, case .created = node.groupStates[group]?.kind else { return nil }
    let identity = try node.identity()
    guard let box = try? GrantBox.open(boxesOf: object, with: identity.sealing),
      let opened = try? object.openMessage(with: GroupKeys([box.key])),
      opened.message.client == GrantContent.client,
      let content = try? GrantContent(decoding: opened.message.body), content.group == group,
      content.isFounded(by: opened.message.author),
      let founder = content.members.first(where: { $0.card.deviceID == opened.message.author }),
      content.members.contains(where: { $0.card.deviceID == node.ownID }),
      object.isSigned(opened, by: founder.card)
    else { return nil }
    node.groupStates[group]?.take(box, for: identity.sealing.publicKey)
    node.groupStates[group]?.founderNonce = content.founderNonce
    node.groupStates[group]?.members = content.members.map(\.card)
    node.groupStates[group]?.name = content.groupName
    // Whoever named the group before its members were known, and is none, hears no more of it.
    let members = Set(content.members.map(\.card.deviceID))
    for other in node.sync.peers.keys where !members.contains(other) {
      for objectClass in ObjectClass.allCases {
        let log = LogID(group: group, objectClass: objectClass)
        if node.sync.peers[other]?.logs.removeValue(forKey: log) != nil {
          node.changedPeers.insert(other)
        }
      }
    }
    node.changedGroups.insert(group)
    rekeyed.insert(group)
    return opened
  }

  private func commit() throws(NodeError) {
    try node.commit(keepsJournals: false)
    uncommittedCount = 0
    uncommittedBytes = 0
  }
}
