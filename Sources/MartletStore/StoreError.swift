public import MartletFileSystem
public import MartletWire
public import SystemPackage

/// A reason the store cannot do what was asked.
@nonexhaustive
public enum StoreError: Error, Hashable, Sendable {
  /// No store stands here, or one whose creation was cut short; creating it again is safe.
  case notAStore(FilePath)
  /// A store stands here already; it was left alone.
  case alreadyAStore(FilePath)
  /// The store was written in a format this version does not know.
  case unsupportedFormat(FilePath)
  /// Somebody else is writing to the store.
  case busy(FilePath)
  /// The store was opened for reading.
  case readOnly(FilePath)
  /// A transaction is open already.
  case inTransaction(FilePath)
  /// A system call failed; what was committed stands.
  case system(FileSystemError)
  /// A system call failed within a transaction, which was discarded: the store is as it was.
  case discarded(FileSystemError)
  /// The commit entry could be neither made durable nor taken back: the store holds all of the
  /// transaction or nothing of it. Nothing more is written before it is opened again.
  case outcomeUnknown(FileSystemError)
  /// An earlier failure leaves it open what the disk holds; open the store again.
  case mustReopen(FilePath)
  /// Bytes that were committed are not there as they were written; nothing was cut.
  case damaged(FilePath, offset: UInt64)
  /// The object is in no pack and in no file.
  case missing(ObjectID)
  /// The object's bytes do not match its name.
  case objectDamaged(ObjectID, FilePath)
  /// A file of this name is not the caller's to write.
  case notAName(String)
  /// What was handed in is longer than the limit, in bytes.
  case tooLarge(byteCount: UInt64, limit: UInt64)
}

extension StoreError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notAStore(let path): "no store at \(path)"
    case .alreadyAStore(let path): "a store stands at \(path) already; it was left alone"
    case .unsupportedFormat(let path): "\(path) names a format this version does not know"
    case .busy(let path): "\(path) is locked: somebody else is writing to the store"
    case .readOnly(let path): "the store at \(path) is open for reading only"
    case .inTransaction(let path): "the store at \(path) is in a transaction already"
    case .system(let error): "\(Self.words(error)); what was committed stands"
    case .discarded(let error): "\(Self.words(error)); the store is as it was before"
    case .outcomeUnknown(let error):
      "\(Self.words(error)); the store holds all of it or nothing, which opening it again tells"
    case .mustReopen(let path):
      "the store at \(path) takes nothing more after a failed write; open it again"
    case .damaged(let path, let offset):
      "\(path) is damaged at byte \(offset); nothing was cut"
    case .missing(let id): "object \(id) is not here"
    case .objectDamaged(let id, let path): "object \(id) in \(path) is damaged"
    case .notAName(let name):
      "\(name.debugDescription) is not a name that may be written in a store"
    case .tooLarge(let byteCount, let limit): "\(byteCount) bytes are more than \(limit)"
    }
  }

  private static func words(_ error: FileSystemError) -> String {
    "cannot \(error.action) \(error.path): \(error.errno)"
  }
}

/// Something that was committed and is not there as it was.
public struct StoreDamage: Hashable, Sendable {
  @nonexhaustive
  public enum Kind: Hashable, Sendable {
    /// Shorter than was committed, or gone; `kept` bytes are there.
    case short(committed: UInt64, kept: UInt64)
    /// Does not match its checksum or name, at this byte.
    case altered(offset: UInt64)
  }

  /// Relative to the store.
  public var path: String
  public var kind: Kind
  /// The object, where it is known which.
  public var object: ObjectID?

  init(path: String, kind: Kind, object: ObjectID? = nil) {
    self.path = path
    self.kind = kind
    self.object = object
  }
}

extension StoreDamage: CustomStringConvertible {
  /// Which file, and what is wrong with it. Lower case, no full stop.
  public var description: String {
    let what =
      switch kind {
      case .short(let committed, let kept):
        "\(path) has \(kept) of the \(committed) bytes that were committed"
      case .altered(let offset): "\(path) is damaged at byte \(offset)"
      }
    return object.map { "\(what) (object \($0))" } ?? what
  }
}
