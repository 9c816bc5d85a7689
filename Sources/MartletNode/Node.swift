internal import MartletFileSystem
internal import MartletObjects
public import MartletSeal
internal import MartletStore
internal import MartletSync
internal import MartletWire
public import SystemPackage

/// A device: its store, its peers and groups, and what passes between it and others.
///
/// What a call that changes something reports is durable when it returns. One that throws has
/// changed nothing, unless it says otherwise. Not for use from several threads at once.
public final class Node {
  public enum Access: Hashable, Sendable {
    /// Takes no lock and writes nothing.
    case reading
    /// Takes the lock: at once, or once the other writer is done.
    case writing(wait: Bool)
  }

  /// Called every so often with how far something long has come.
  public var progress: ((Progress) -> Void)?
  /// Asked between objects; true ends the work cleanly with ``NodeError/interrupted``.
  public var shouldStop: (() -> Bool)?

  public let path: FilePath
  package let environment: NodeEnvironment
  let store: Store
  let clients: [String: any Client]
  let isWriting: Bool
  private let passphrase: Passphrase?

  var state: NodeState
  var groupStates: [GroupID: GroupState] = [:]
  /// Device and logs are loaded from the start, journals by ``loadJournals()``.
  var sync: SyncState
  var hasJournals = false
  /// Bytes that groups not accepted yet may hold; nil for what ``IntakeRoom`` says.
  package var unacceptedRoom: UInt64?
  private var openedIdentity: Identity?
  private var openLogs: [LogID: NodeLog] = [:]

  // What the next commit is to keep; see Node+Change.swift.
  var transaction: Transaction?
  var changedGroups: Set<GroupID> = []
  var changedPeers: Set<DeviceID> = []
  var isStateChanged = false
  /// After a failure that left the state in memory unknown.
  var isBroken = false

  /// Opens a device's store.
  ///
  /// - Parameters:
  ///   - passphrase: Of the identity file, where it has one. Looked at when the identity is
  ///     first needed: neither status nor an export with nothing to say needs it.
  ///   - clients: Who is handed messages while this node is open.
  /// - Throws: For writing ``NodeError/copied(_:_:)`` if the store was copied or restored.
  public convenience init(
    at path: FilePath, for access: Access, passphrase: [UInt8]? = nil,
    clients: [any Client] = []
  ) throws(NodeError) {
    try self.init(
      at: path, for: access, passphrase: passphrase, clients: clients, in: .local())
  }

  package convenience init(
    at path: FilePath, for access: Access, passphrase: [UInt8]? = nil,
    clients: [any Client] = [], in environment: NodeEnvironment
  ) throws(NodeError) {
    try self.init(at: path, access, passphrase, clients, environment)
    guard access != .reading else { return }
    if let sign = try copySign() { throw .copied(path, sign) }
    try renumberIfShort()
  }

  init(
    at path: FilePath, _ access: Access, _ passphrase: [UInt8]?, _ clients: [any Client],
    _ environment: NodeEnvironment
  ) throws(NodeError) {
    self.path = path
    self.environment = environment
    isWriting = access != .reading
    self.passphrase = passphrase.flatMap { Passphrase($0) }
    self.clients = Dictionary(clients.map { ($0.type, $0) }) { first, _ in first }
    do throws(StoreError) {
      switch access {
      case .reading:
        store = try Store(
          at: path, on: environment.system, for: .reading, limits: environment.storeLimits)
      case .writing(let wait):
        store = try Store(
          at: path, on: environment.system, for: .writing(wait: wait),
          limits: environment.storeLimits)
      }
    } catch { throw .store(error) }
    guard let state = try Self.readState(of: store) else { throw .store(.notAStore(path)) }
    self.state = state
    sync = SyncState(device: state.device)
    try loadGroups()
  }

  /// Makes a store with a new identity; durable afterwards.
  ///
  /// One whose making was cut short is made anew, with the identity it had.
  /// - Throws: ``NodeError/card(_:)`` for a name no card may have.
  public static func create(
    at path: FilePath, name: String, passphrase: [UInt8]?
  ) throws(NodeError) {
    try create(at: path, name: name, passphrase: passphrase, in: .local())
  }

  package static func create(
    at path: FilePath, name: String, passphrase: [UInt8]?, in environment: NodeEnvironment
  ) throws(NodeError) {
    var identity = Identity(random: environment.random)
    // The name is checked before anything is written.
    _ = try card(of: identity, name: name, environment)
    var file = try identityFile(identity, passphrase: passphrase, environment)
    defer { Secrets.wipe(&file) }
    do throws(StoreError) {
      try Store.create(at: path, on: environment.system, identity: file)
    } catch {
      guard case .alreadyAStore = error else { throw .store(error) }
    }
    do {
      let store = try Store(at: path, on: environment.system, for: .writing(wait: false))
      guard try store.state(.node) == nil else { throw StoreError.alreadyAStore(path) }
      var kept = try store.identity()
      defer { Secrets.wipe(&kept) }
      identity = try IdentityFile.decode(
        kept, passphrase: passphrase.flatMap { Passphrase($0) })
      let state = NodeState(
        card: try card(of: identity, name: name, environment),
        device: DeviceState(instance: InstanceID(environment.random.digest())),
        root: try root(of: path, environment))
      let transaction = try store.transaction()
      try transaction.setState(.node, try state.encoded())
      try transaction.commit()
    } catch {
      throw nodeError(error, path)
    }
  }

  /// This device's card.
  public var card: Card { state.card }

  var ownID: DeviceID { state.card.deviceID }

  /// The secret keys; opened the first time, which asks for the passphrase.
  func identity() throws(NodeError) -> Identity {
    if let openedIdentity { return openedIdentity }
    do {
      var bytes = try store.identity()
      defer { Secrets.wipe(&bytes) }
      var identity = try IdentityFile.decode(bytes, passphrase: passphrase)
      if identity.deviceID != ownID {
        // An adoption was cut short between its commit and the end.
        var next = try store.file(Self.nextIdentity, limit: 1 << 20)
        defer { Secrets.wipe(&next) }
        identity = try IdentityFile.decode(next, passphrase: passphrase)
        guard identity.deviceID == ownID else {
          throw NodeError.identityDamaged(path.appending("identity"))
        }
        if isWriting { try store.replaceIdentity(with: Self.nextIdentity) }
      }
      openedIdentity = identity
      return identity
    } catch {
      throw Self.nodeError(error, path)
    }
  }

  /// A group's log, with what was appended and not committed yet.
  func log(_ id: LogID) throws(NodeError) -> NodeLog {
    if let log = openLogs[id] { return log }
    do throws(StoreError) {
      let log = NodeLog(try store.log(id), of: store)
      log.lost = sync.logs[id]?.lost ?? Intervals()
      if id.objectClass == .messages, let group = groupStates[id.group] {
        log.pending = Set(group.pending.keys)
      }
      openLogs[id] = log
      return log
    } catch { throw .store(error) }
  }

  /// Views of the logs shared with a peer.
  func views(of peer: DeviceID) throws(NodeError) -> [LogID: NodeLog] {
    var views: [LogID: NodeLog] = [:]
    for id in (sync.peers[peer]?.logs ?? [:]).keys { views[id] = try log(id) }
    return views
  }

  /// Unix seconds.
  var now: UInt64 { environment.now() / 1000 }

  // MARK: Loading

  func loadJournals() throws(NodeError) {
    guard !hasJournals else { return }
    for peer in state.peers {
      sync.peers[peer.card.deviceID] = try journal(of: peer.card.deviceID) ?? PeerJournal()
    }
    hasJournals = true
  }

  func journal(of peer: DeviceID) throws(NodeError) -> PeerJournal? {
    let bytes: [UInt8]?
    do throws(StoreError) { bytes = try store.state(.journal(peer: peer)) } catch {
      throw .store(error)
    }
    guard let bytes else { return nil }
    do throws(JournalFormatError) { return try PeerJournal(decoding: bytes) } catch {
      throw .stateDamaged("the journal of peer \(peer): \(error)")
    }
  }

  /// Forgets what is in memory and reads what is committed.
  func reload() throws(NodeError) {
    openLogs = [:]
    changedGroups = []
    changedPeers = []
    isStateChanged = false
    guard let state = try Self.readState(of: store) else { throw .store(.notAStore(path)) }
    self.state = state
    sync = SyncState(device: state.device)
    hasJournals = false
    groupStates = [:]
    try loadGroups()
  }

  private func loadGroups() throws(NodeError) {
    for id in state.groups {
      guard let bytes = try stored({ () throws(StoreError) in try store.state(.group(id)) })
      else { continue }
      let group: GroupState
      do throws(StateFormatError) { group = try GroupState(id, decoding: bytes) } catch {
        throw .stateDamaged("group \(id): \(error.what)")
      }
      groupStates[id] = group
      for log in group.logs { sync.logs[log] = group[log: log.objectClass] }
    }
  }

  private static func readState(of store: Store) throws(NodeError) -> NodeState? {
    let bytes: [UInt8]?
    do throws(StoreError) { bytes = try store.state(.node) } catch { throw .store(error) }
    guard let bytes else { return nil }
    do throws(StateFormatError) { return try NodeState(decoding: bytes) } catch {
      throw .stateDamaged("this device: \(error.what)")
    }
  }

  // MARK: Identity

  static func card(
    of identity: Identity, name: String, _ environment: NodeEnvironment
  ) throws(NodeError) -> Card {
    do throws(CardError) {
      return try Card(identity: identity, name: name, created: environment.now() / 1000)
    } catch { throw .card(error) }
  }

  static func identityFile(
    _ identity: Identity, passphrase: [UInt8]?, _ environment: NodeEnvironment
  ) throws(NodeError) -> [UInt8] {
    guard let passphrase else { return IdentityFile.encode(identity) }
    guard let secret = Passphrase(passphrase) else { throw .badPassphrase }
    do throws(IdentityFileError) {
      return try IdentityFile.encode(identity, passphrase: secret, random: environment.random)
    } catch { throw .engine(error.description) }
  }

  /// What the layers below threw, in this one's words.
  static func nodeError(_ error: any Error, _ path: FilePath) -> NodeError {
    switch error {
    case let error as NodeError: return error
    case let error as StoreError: return .store(error)
    case let error as StateFormatError: return .stateDamaged(error.what)
    case let error as IdentityFileError:
      let file = path.appending("identity")
      switch error {
      case .passphraseNeeded: return .passphraseNeeded(file)
      case .wrongPassphrase: return .wrongPassphrase(file)
      default: return .identityDamaged(file)
      }
    default: return .engine("\(error)")
    }
  }

  // MARK: Copies

  static func root(
    of path: FilePath, _ environment: NodeEnvironment
  ) throws(NodeError) -> NodeState.Root {
    do throws(FileSystemError) {
      let information = try environment.system.information(at: path)
      return NodeState.Root(
        machine: environment.machine, inode: information?.inode ?? 0, born: information?.born)
    } catch { throw .file(error) }
  }

  /// By what the store is seen to be a copy; nil if it is not, or nothing tells.
  ///
  /// Where both times of birth are known they decide: some file systems number their inodes anew
  /// at every mount. A machine's name alone proves nothing, as it changes with every new system.
  private func copySign() throws(NodeError) -> NodeError.CopySign? {
    let root = try Self.root(of: path, environment)
    if let born = root.born, let before = state.root.born {
      guard born != before else { return nil }
      return root.machine == state.root.machine ? .restored : .otherMachine
    }
    guard root.inode != state.root.inode else { return nil }
    return root.machine == state.root.machine ? .moved : .otherMachine
  }
}
