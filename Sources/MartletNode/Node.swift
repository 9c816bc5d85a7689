public import MartletSeal
public import SystemPackage

// The public face of Node; each method moves to the file of its concern as it is built.
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

  /// Makes a store with a new identity.
  public static func create(
    at path: FilePath, name: String, passphrase: [UInt8]?
  ) throws(NodeError) { throw .engine("") }

  public init(
    at path: FilePath, for access: Access, passphrase: [UInt8]? = nil,
    clients: [any Client] = []
  ) throws(NodeError) { throw .engine("") }

  public var card: Card { get throws(NodeError) { throw .engine("") } }

  // Peers
  public func peers() throws(NodeError) -> [PeerReport] { throw .engine("") }
  /// `text` is a card's text form. Adding the same again changes nothing; imports what the stranger had sent.
  public func addPeer(_ name: String, card text: String) throws(NodeError) -> PeerReport {
    throw .engine("")
  }
  public func safetyNumber(with peer: String) throws(NodeError) -> String { throw .engine("") }
  public func markVerified(_ peer: String) throws(NodeError) { throw .engine("") }
  public func removePeer(_ peer: String) throws(NodeError) { throw .engine("") }

  // Groups. A group is named by its name, a peer's name (the direct group), or the first digits of its id.
  public func groups() throws(NodeError) -> [GroupReport] { throw .engine("") }
  public func group(_ name: String) throws(NodeError) -> GroupReport { throw .engine("") }
  public func createGroup(_ name: String, with peers: [String]) throws(NodeError) -> GroupReport {
    throw .engine("")
  }
  public func acceptGroup(_ name: String) throws(NodeError) -> GroupReport { throw .engine("") }

  // Messages
  /// Writes a message of any client; durable, and delivered to that client here, once this returns.
  public func send(client: String, body: [UInt8], to group: String) throws(NodeError) -> ObjectID {
    throw .engine("")
  }
  /// The whole id of an object of a group, from its first digits.
  public func objectID(_ digits: String, in group: String) throws(NodeError) -> ObjectID {
    throw .engine("")
  }
  /// Messages of a client that are here and not delivered, and why.
  public func undelivered(_ group: String, client: String) throws(NodeError) -> [UndeliveredMessage]
  { throw .engine("") }
  /// What a client keeps of a group: what its last delivery returned; empty before.
  public func clientState(_ client: String, of group: String) throws(NodeError) -> [UInt8] {
    throw .engine("")
  }
  public enum PutSource {
    case file(FilePath)
    /// A descriptor read to its end, e.g. standard input.
    case descriptor(Int32)
  }
  public enum PutCut: Hashable, Sendable {
    /// Each source is one content.
    case whole
    /// Each line (without its end) is an item.
    case lines
    /// Every so many bytes are an item.
    case records(byteCount: Int)
  }
  /// Writes contents into a group. `onItem` is called with the address (`ID` or `ID/n`) of each item once all of it is durable.
  public func put(
    _ sources: [PutSource], into group: String, cut: PutCut, isBatch: Bool,
    onItem: (_ address: String, _ name: [UInt8], _ byteCount: UInt64) -> Void
  ) throws(NodeError) { throw .engine("") }
  /// Hands out an item's bytes in pieces. `address` is `ID` or `ID/n`; an id may be cut to its first digits if no other starts so.
  public func get(_ address: String, into sink: ([UInt8]) throws(NodeError) -> Void)
    throws(NodeError)
  { throw .engine("") }
  /// Messages of a group from a position on, in the order of its log.
  public func log(
    _ group: String, from position: UInt64, _ body: (MessageReport) throws(NodeError) -> Void
  ) throws(NodeError) { throw .engine("") }

  // Bundles
  public enum Destination {
    case directory(FilePath)
    case file(FilePath)
    case descriptor(Int32)
  }
  public struct ExportOptions: Sendable {
    public var isFull = false
    public var isDryRun = false
    public init() {}
  }
  /// Nil if nothing is lacking and nothing is owed: nothing was written.
  public func export(to peers: [String], _ destination: Destination, _ options: ExportOptions)
    throws(NodeError) -> ExportReport?
  { throw .engine("") }
  /// One report a bundle; of a directory, those that are ours to import. `onReport` as each is done.
  public func importBundles(
    _ sources: [FilePath], onReport: (ImportReport) -> Void
  ) throws(NodeError) { throw .engine("") }
  public func importBundle(from descriptor: Int32) throws(NodeError) -> ImportReport {
    throw .engine("")
  }
  public func sync(
    _ directory: FilePath, with peers: [String]?, isDryRun: Bool
  ) throws(NodeError) -> SyncReport { throw .engine("") }
  public func inspect(_ bundle: FilePath) throws(NodeError) -> InspectReport { throw .engine("") }

  // The store
  public func status() throws(NodeError) -> StatusReport { throw .engine("") }
  public func verify() throws(NodeError) -> VerifyReport { throw .engine("") }
  /// The original is gone: this copy goes on as the one life of the store.
  public static func adopt(at path: FilePath, passphrase: [UInt8]?) throws(NodeError) {
    throw .engine("")
  }
  /// The original lives: this copy becomes a device of its own, with that name.
  public static func adoptAsNew(at path: FilePath, name: String, passphrase: [UInt8]?)
    throws(NodeError)
  { throw .engine("") }
}
