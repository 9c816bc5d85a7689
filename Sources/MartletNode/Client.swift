/// What gives messages meaning: folder, chat, or yours.
///
/// Each message of its type is handed over exactly once, after all its parents and in the order of
/// the log, also across crashes: what ``deliver(_:state:)`` leaves in its state is committed together with the
/// place up to which was delivered. Effects outside the state may happen again after a crash.
public protocol Client {
  /// 1 to 32 of `a-z`, `0-9` and `-`; the same on every device.
  var type: String { get }

  /// Whether the message is one that this client understands. Must depend on the message alone, so that every
  /// device decides the same.
  func validate(_ message: ClientMessage) -> Validation

  /// Takes an accepted message, own ones included.
  ///
  /// - Parameter state: Of this client in the group, at most 1 MiB; empty at first.
  func deliver(_ message: ClientMessage, state: inout [UInt8])

  /// What a message says, as its reader would have it in a file. The body, where nothing is said
  /// here.
  func contents(of message: ClientMessage) -> [UInt8]
}

extension Client {
  public func contents(of message: ClientMessage) -> [UInt8] { message.body }
}

/// What a client says of a message.
public enum Validation: Hashable, Sendable {
  /// It is delivered.
  case accept
  /// It is never delivered here; others decide for themselves. Its children are delivered all the same.
  case reject
}

/// A message as its client sees it: proven, and all its parents here or absent.
public struct ClientMessage: Hashable, Sendable {
  public let id: ObjectID
  public let group: GroupID
  public let author: DeviceID
  /// Whether this device wrote it.
  public let isOwn: Bool
  /// Unix milliseconds by the author's clock. Decides nothing.
  public let created: UInt64
  public let parents: [ObjectID]
  public let body: [UInt8]

  public init(
    id: ObjectID, group: GroupID, author: DeviceID, isOwn: Bool, created: UInt64,
    parents: [ObjectID], body: [UInt8]
  ) {
    self.id = id
    self.group = group
    self.author = author
    self.isOwn = isOwn
    self.created = created
    self.parents = parents
    self.body = body
  }
}

/// A message that is here and was not delivered.
public struct UndeliveredMessage: Hashable, Sendable {
  public enum Reason: Hashable, Sendable {
    /// These parents are not here, or wait themselves.
    case parentsMissing([ObjectID])
    /// No key opens it yet.
    case keyMissing
    /// Nothing proves yet that its author wrote it.
    case notProven
    /// The group is not accepted.
    case notAccepted
    /// The client refused it.
    case rejected
  }

  public var id: ObjectID
  public var reason: Reason

  public init(id: ObjectID, reason: Reason) {
    self.id = id
    self.reason = reason
  }
}
