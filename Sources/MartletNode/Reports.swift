public import MartletSeal
public import SystemPackage

/// A peer, as `peer list` shows it.
public struct PeerReport: Hashable, Sendable {
  public var name: String
  public var card: Card
  /// Whether people compared the safety number.
  public var isVerified: Bool
  /// Unix seconds at which the peer was last heard; nil before.
  public var lastHeard: UInt64?
}

/// A group, as `group list` and `group show` show it.
public struct GroupReport: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable {
    case direct, created
    /// Of an identity this device had before: read, never written or shared.
    case archived
  }

  public var id: GroupID
  public var name: String
  public var kind: Kind
  public var isAccepted: Bool
  /// Names of members: peers by the name they have here, others by their card's, ourselves too.
  public var members: [String]
  public var messageCount: UInt64
  public var blobCount: UInt64
  /// Bytes of all its objects.
  public var byteCount: UInt64
  /// Objects held and not placed yet: parents, key or proof missing.
  public var pendingCount: Int
}

/// What a peer lacks, as `status` shows it.
public struct PeerStatus: Hashable, Sendable {
  public struct Lacks: Hashable, Sendable {
    public init() {}
    public var messages: UInt64 = 0
    public var blobs: UInt64 = 0
    public var bytes: UInt64 = 0
  }

  public var name: String
  /// What the peer lacks of what is meant for it.
  public var lacks: Lacks
  /// Objects sent to the peer and not acknowledged.
  public var unacknowledged: UInt64
  /// Of what it lacks, objects that it does not want.
  public var declined: UInt64 = 0
  /// Objects that the peer has for us and had no room for.
  public var offered: UInt64 = 0
  /// Whether an acknowledgement is owed to the peer.
  public var isOwed: Bool
  public var lastHeard: UInt64?
}

/// Everything `status` shows.
public struct StatusReport: Hashable, Sendable {
  public var device: String
  public var peers: [PeerStatus]
  public var groups: [GroupReport]
  /// What opening the store found damaged, in words.
  public var damage: [String]
}

/// A message, as `log` and `chat log` show it.
public struct MessageReport: Hashable, Sendable {
  public enum Body: Hashable, Sendable {
    /// The lengths of a batch's items; the name is bytes.
    case items(byteCounts: [Int], name: [UInt8])
    /// A content in blobs; `missingBlobs` of them are not here yet.
    case file(byteCount: UInt64, name: [UInt8], missingBlobs: Int)
    case grant(groupName: String, members: [String])
    /// Of another client, as it wrote it.
    case client(body: [UInt8])
  }

  public var id: ObjectID
  public var position: UInt64
  /// By the name the author has here; nil for a device not known.
  public var author: String?
  public var authorID: DeviceID
  /// Whether we wrote it.
  public var isOwn: Bool
  /// Unix milliseconds by the author's clock.
  public var created: UInt64
  public var client: String
  public var parents: [ObjectID]
  public var body: Body
}

/// What one bundle carries, or would.
public struct ExportReport: Hashable, Sendable {
  public var peers: [String]
  /// Where it was written; nil for a pipe, or if nothing was lacking, or on a dry run.
  public var path: FilePath?
  public var messages: UInt64
  public var blobs: UInt64
  /// Of the file.
  public var byteCount: UInt64
  /// Whether it only acknowledges.
  public var isReceiptOnly: Bool
  /// What they lack and there was no room for: offered, and to come with the next one.
  public var withheld = PeerStatus.Lacks()
  /// Those of the peers that lack more, of groups that not all of them share.
  public var leftOut: [String] = []
}

/// What became of one bundle.
public struct ImportReport: Hashable, Sendable {
  public enum Outcome: Hashable, Sendable {
    /// Whole, and remembered.
    case imported
    /// Parts were damaged; what was whole was kept.
    case salvaged(reason: String)
    /// Imported before; nothing changed.
    case known
    /// A pipe that brought no byte: an export with nothing to say writes none.
    case empty
    /// One of our own.
    case own
    case notForUs
    /// From a device that is no peer.
    case stranger(name: String, Keeping)
    /// Nothing was changed.
    case refused(reason: String)
  }

  /// Whether a stranger's bundle was kept aside, for the day its card is added.
  public enum Keeping: Hashable, Sendable {
    case kept, keptBefore, noRoom
  }

  public var path: FilePath?
  public var outcome: Outcome
  /// The peer it came from, by its name here.
  public var sender: String?
  /// Objects that were new.
  public var messages: UInt64
  public var blobs: UInt64
  public var byteCount: UInt64
  /// Objects that are held and wait for parents, key or proof.
  public var pending: UInt64
}

/// What one `sync` did.
public struct SyncReport: Hashable, Sendable {
  public var imports: [ImportReport]
  public var exports: [ExportReport]
  /// Our own bundles that are done with and were removed.
  public var removed: [FilePath]
  /// Whether the medium is read-only: nothing was written or removed.
  public var isReadOnly: Bool
}

/// What `verify` found.
public struct VerifyReport: Hashable, Sendable {
  public var objectCount: UInt64
  public var byteCount: UInt64
  /// Each damage in words.
  public var damage: [String]
  /// Objects moved aside; they are asked for from peers.
  public var lost: [ObjectID]
}

/// What `inspect` shows of a bundle without importing it.
public struct InspectReport: Hashable, Sendable {
  public var byteCount: UInt64
  public var version: UInt8
  public var slotCount: Int
  public var isForUs: Bool
  /// Known only if it is for us.
  public var sender: Card?
  public var number: UInt64?
  public var created: UInt64?
  public var recipientCount: Int?
  public var messages: UInt64?
  public var blobs: UInt64?
  public var isImported: Bool
}

/// How far something long has come.
public struct Progress: Hashable, Sendable {
  public enum Activity: String, Hashable, Sendable {
    case putting, exporting, importing, verifying, readingBack, scanning, applying
  }

  public var activity: Activity
  public var bytes: UInt64
  public var totalBytes: UInt64?
  public var objects: UInt64

  package init(activity: Activity, bytes: UInt64, totalBytes: UInt64?, objects: UInt64) {
    self.activity = activity
    self.bytes = bytes
    self.totalBytes = totalBytes
    self.objects = objects
  }
}
