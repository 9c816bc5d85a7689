package import MartletObjects
internal import MartletSeal
internal import MartletStore
internal import MartletSync
package import MartletWire

/// What a client that keeps more than messages writes into a group: blobs, messages, a state of
/// its own, a cache. All of it comes true together, at each ``commit()``.
package final class ClientWriter {
  private let node: Node
  package let group: GroupID
  private let client: String
  private let blobs: NodeLog
  private let secret: SecretKey
  /// Seals chunks of content, on any thread.
  package let sealer: BlobSealer

  init(_ node: Node, _ group: GroupID, client: String) throws(NodeError) {
    guard let state = node.groupStates[group], let secret = state.secret,
      let keyID = state.currentKey, let key = state.keys[keyID]
    else { throw .notGranted(group.hex) }
    self.node = node
    self.group = group
    self.client = client
    self.secret = secret
    sealer = BlobSealer(group: group, key: key)
    blobs = try node.log(LogID(group: group, objectClass: .blobs))
  }

  /// Cuts contents where this group's other members do.
  package func chunker() -> Chunker { Chunker(groupSecret: secret) }

  /// Adds a blob, unless it is here; returns how many bytes that took.
  @discardableResult
  package func add(_ blob: SealedBlob) throws(NodeError) -> UInt64 {
    let place = try node.reading(blobs) { () throws(LogReadError) in
      try blobs.position(of: blob.id)
    }
    guard place == nil else { return 0 }
    try node.append(try node.addObject(blob.id, blob.bytes), to: blobs)
    return UInt64(blob.bytes.count)
  }

  /// Writes a message of the client.
  package func write(_ body: [UInt8]) throws(NodeError) -> ObjectID {
    try node.write(client: client, body: body, to: group)
  }

  /// Replaces what the client keeps of the group. It is truth: what it says was done stays done.
  package func keep(_ state: [UInt8]) throws(NodeError) {
    let transaction = try node.opened()
    try node.stored { () throws(StoreError) in
      try transaction.setState(.client(client, group: group), state)
    }
  }

  /// Replaces what the client would else make again.
  package func cache(_ bytes: [UInt8]) throws(NodeError) {
    try node.opened().writeFile(Node.cachePath(of: client, in: group), bytes)
  }

  /// Makes all of it durable and true.
  package func commit() throws(NodeError) { try node.commit() }

  package func checkStop() throws(NodeError) { try node.checkStop() }
}

/// Seals chunks of content for one group, on any thread.
package struct BlobSealer: Sendable {
  let group: GroupID
  let key: SecretKey

  package func seal(_ chunk: [UInt8]) throws(NodeError) -> SealedBlob {
    do throws(ObjectError) {
      let bytes = try SealedObject.sealBlob(chunk, group: group, key: key).encoded
      return SealedBlob(
        id: SealedObject.id(of: bytes), bytes: bytes, contentByteCount: chunk.count)
    } catch { throw .engine("\(error)") }
  }
}

package struct SealedBlob: Sendable {
  package let id: ObjectID
  package let bytes: [UInt8]
  /// Of the chunk that is sealed in it.
  package let contentByteCount: Int
}

/// A blob that is held, to be read and opened on any thread.
package struct HeldBlob: Sendable {
  private let stored: StoredObject
  private let loose: LooseObjects
  /// Of one that has no file of its own.
  private let bytes: [UInt8]?
  private let keys: GroupKeys

  init(_ stored: StoredObject, in node: Node, keys: GroupKeys) throws(NodeError) {
    self.stored = stored
    self.keys = keys
    loose = node.store.looseObjects
    // What is packed is read in a window of its pack, which one thread has.
    bytes =
      stored.packTag == 0
      ? nil : try? node.store.read(stored, isVerified: false)
  }

  /// The chunk in it; nil if its bytes are damaged, or no key opens it.
  package func content() -> [UInt8]? {
    guard let bytes = bytes ?? loose.bytes(of: stored, isVerified: false) else { return nil }
    return try? SealedObject(parsing: bytes).openBlob(with: keys)
  }
}

extension Node {
  static func cachePath(of client: String, in group: GroupID) -> String {
    "clients/\(client)/\(group.hex)"
  }

  /// Starts to write into a group. Whatever fails, ``forgetUncommitted()`` afterwards.
  package func writer(
    for client: String, in group: GroupID
  ) throws(NodeError) -> ClientWriter {
    guard !isBroken else { throw .store(.mustReopen(path)) }
    let id = try writable(group.hex)
    groupStates[id]?.unlock(with: try identity().sealing)
    return try ClientWriter(self, id, client: client)
  }

  /// Forgets what was not committed, after something failed.
  package func forgetUncommitted() {
    transaction?.discard()
    transaction = nil
    do { try reload() } catch { isBroken = true }
  }

  /// What a client last kept of a group; nil if it never did.
  package func state(of client: String, in group: GroupID) throws(NodeError) -> [UInt8]? {
    try stored { () throws(StoreError) in try store.state(.client(client, group: group)) }
  }

  /// The groups of which a client keeps something. Reads nothing.
  package func groups(of client: String) -> [GroupID] {
    state.groups.filter { store.hasState(.client(client, group: $0)) }
  }

  /// What a client last cached of a group; nil if it is not to be had.
  package func cache(of client: String, in group: GroupID, limit: UInt64) -> [UInt8]? {
    try? store.file(Self.cachePath(of: client, in: group), limit: limit)
  }

  /// The instance that this device is now.
  package var instance: InstanceID { sync.device.instance }

  /// How many messages a group's log has, and the chain over them: who saw both equal saw the same.
  package func messageCount(in group: GroupID) throws(NodeError) -> UInt64 {
    try log(LogID(group: group, objectClass: .messages)).length
  }

  package func messageChain(in group: GroupID, at count: UInt64) throws(NodeError) -> Chain? {
    let log = try log(LogID(group: group, objectClass: .messages))
    guard count <= log.length else { return nil }
    return try reading(log) { () throws(LogReadError) in try log.chain(at: count) }
  }

  /// Hands out the messages of a client from a position of the log on.
  ///
  /// - Returns: Where the log ends, and whether all of it could be read: what is damaged is passed
  ///   over, and may come back.
  package func messages(
    of client: String, in group: GroupID, from position: UInt64,
    _ body: (ObjectID, GroupMessage) throws(NodeError) -> Void
  ) throws(NodeError) -> (end: UInt64, isWhole: Bool) {
    let log = try log(LogID(group: group, objectClass: .messages))
    guard position < log.length else { return (log.length, true) }
    var isWhole = true
    groupStates[group]?.unlock(with: try identity().sealing)
    var position = position
    while position < log.length {
      let objects = try reading(log) { () throws(LogReadError) in
        try log.objects(position..<min(log.length, position + 256))
      }
      for stored in objects {
        try checkStop()
        guard let (_, opened) = try? opened(stored, in: group) else {
          isWhole = false
          continue
        }
        if opened.message.client == client { try body(stored.id, opened.message) }
      }
      position += UInt64(objects.count)
    }
    return (position, isWhole)
  }

  /// Whether one of a group's first messages is of a client; false where that cannot be told.
  package func speaks(_ client: String, in group: GroupID) -> Bool {
    guard let log = try? log(LogID(group: group, objectClass: .messages)),
      let objects = try? log.objects(0..<min(log.length, 8)), let identity = try? identity()
    else { return false }
    groupStates[group]?.unlock(with: identity.sealing)
    return objects.contains { (try? opened($0, in: group))?.1.message.client == client }
  }

  /// A blob to be opened; nil if it is not here.
  package func heldBlob(_ id: ObjectID, in group: GroupID) throws(NodeError) -> HeldBlob? {
    let log = try log(LogID(group: group, objectClass: .blobs))
    let stored = try reading(log) { () throws(LogReadError) -> StoredObject? in
      guard let place = try log.position(of: id), !log.lost.contains(place) else { return nil }
      return try log.object(at: place)
    }
    guard let stored else { return nil }
    groupStates[group]?.unlock(with: try identity().sealing)
    return try HeldBlob(stored, in: self, keys: groupStates[group]?.keys ?? GroupKeys())
  }

  package func holdsBlob(_ id: ObjectID, in group: GroupID) throws(NodeError) -> Bool {
    let log = try log(LogID(group: group, objectClass: .blobs))
    return try reading(log) { () throws(LogReadError) in try log.holds(id) }
  }

  /// A device's name as the cards of a group have it: the same on every member's machine.
  package func cardName(of device: DeviceID, in group: GroupID) -> String? {
    if device == ownID { return state.card.name }
    return groupStates[group]?.members.first { $0.deviceID == device }?.name
  }

  /// What a name of the command line means.
  package func groupID(_ name: String) throws(NodeError) -> GroupID { try find(name).id }
}
