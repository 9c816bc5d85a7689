internal import MartletObjects
internal import MartletSeal
internal import MartletStore
internal import MartletSync
internal import MartletWire

/// What a device keeps of one group beside its two logs.
struct GroupState: Sendable {
  enum Kind: Equatable, Sendable {
    /// Of us and one other device.
    case direct(with: DeviceID)
    case created
    /// Of an identity that this device no longer has: read, never written or shared.
    case archived
  }

  /// A held object that is not in the log: parents, key or proof are missing.
  struct Pending: Sendable {
    var stored: StoredObject
    var senders: Set<DeviceID>
    var isProven = false
  }

  /// How far a client was handed the messages of its type.
  struct Cursor: Sendable {
    /// Everything below is delivered or was rejected.
    var position: UInt64 = 0
    var state: [UInt8] = []
    /// The last ones, for the view of the undelivered.
    var rejected: [ObjectID] = []
    /// Positions below that were damaged when their turn came, and are handed over once they are
    /// back.
    var skipped: Set<UInt64> = []
    static let skippedLimit = 4096
    static let rejectedLimit = 1024
    static let stateLimit = 1 << 20
  }

  /// Objects and bytes that one sender may have pending in a group.
  static let pendingLimit = 100_000
  static let pendingByteLimit: UInt64 = 1 << 30
  /// The most heads that are kept; a message names the newest of them as its parents.
  static let headLimit = 1024

  let id: GroupID
  var name: String
  var kind: Kind
  var isAccepted: Bool
  /// 32 bytes for a created group whose grant is here, else none.
  var founderNonce: [UInt8] = []
  /// Ascending by device id, ourselves among them.
  var members: [Card] = []
  /// Keys, each sealed to this device; ``unlock(with:)`` opens them.
  var sealedKeys: [[UInt8]] = []
  var sealedSecret: [UInt8] = []
  var keyIDs: [KeyID] = []
  var currentKey: KeyID?
  var messages: GroupLogState
  var blobs: GroupLogState
  /// Messages that no other names as a parent, newest last.
  var heads: [ObjectID] = []
  /// Our own last message.
  var ownLast: ObjectID?
  var pending: [ObjectID: Pending] = [:]
  var cursors: [String: Cursor] = [:]

  /// The open keys; empty until unlocked.
  var keys = GroupKeys()
  var secret: SecretKey?

  init(
    id: GroupID, name: String, kind: Kind, isAccepted: Bool, random: any RandomSource
  ) {
    self.id = id
    self.name = name
    self.kind = kind
    self.isAccepted = isAccepted
    messages = GroupLogState(epoch: EpochID(random: random))
    blobs = GroupLogState(epoch: EpochID(random: random))
  }

  init(
    id: GroupID, name: String, kind: Kind, isAccepted: Bool, messages: GroupLogState,
    blobs: GroupLogState
  ) {
    self.id = id
    self.name = name
    self.kind = kind
    self.isAccepted = isAccepted
    self.messages = messages
    self.blobs = blobs
  }

  subscript(log objectClass: ObjectClass) -> GroupLogState {
    get { objectClass == .messages ? messages : blobs }
    set { if objectClass == .messages { messages = newValue } else { blobs = newValue } }
  }

  var logs: [LogID] {
    ObjectClass.allCases.map { LogID(group: id, objectClass: $0) }
  }

  /// Opens the keys; nothing happens the second time.
  mutating func unlock(with sealing: SealingKeyPair) {
    guard keys.ids.count < sealedKeys.count || secret == nil else { return }
    for sealed in sealedKeys {
      if let key = sealing.openKey(sealed) { keys.insert(key) }
    }
    secret = sealing.openKey(sealedSecret)
  }

  /// Takes a key that was given to us, and writes with it from now on.
  mutating func take(_ box: GrantBox, for sealing: SealingPublicKey) {
    if secret == nil {
      secret = box.groupSecret
      sealedSecret = sealing.seal(box.groupSecret) ?? []
    }
    let id = GroupKeys.id(of: box.key)
    currentKey = id
    guard keys[id] == nil, let sealed = sealing.seal(box.key) else { return }
    keys.insert(box.key)
    sealedKeys.append(sealed)
    keyIDs.append(id)
  }

  /// Seals the keys anew, to another identity of this device.
  mutating func reseal(to sealing: SealingPublicKey) {
    keyIDs = keys.ids
    sealedKeys = keyIDs.compactMap { keys[$0] }.compactMap { sealing.seal($0) }
    if let secret { sealedSecret = sealing.seal(secret) ?? [] }
  }

  /// Notes a message that was appended to the log.
  mutating func appended(_ id: ObjectID, parents: [ObjectID], expires: UInt64) {
    heads.removeAll { parents.contains($0) }
    // One that expires is never named as a parent.
    guard expires == 0 else { return }
    heads.append(id)
    if heads.count > Self.headLimit { heads.removeFirst(heads.count - Self.headLimit) }
  }

  /// Parents of our next message: our own last one first.
  var nextParents: [ObjectID] {
    var parents = ownLast.map { [$0] } ?? []
    for head in heads.reversed() where head != ownLast && parents.count < Limits.parentCount {
      parents.append(head)
    }
    return parents
  }
}
