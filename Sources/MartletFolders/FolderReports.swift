internal import MartletFileSystem
public import MartletNode
public import SystemPackage

/// A folder, as `folder list` shows it.
public struct FolderReport: Hashable, Sendable {
  public enum Standing: String, Hashable, Sendable {
    /// Kept in step with a directory here.
    case kept
    /// A peer shares it, and it was not accepted.
    case waiting
    /// It was removed from this device; its group goes on.
    case removed
  }

  public var name: String
  public var id: MartletNode.GroupID
  public var standing: Standing
  /// Nil unless it is kept here.
  public var root: FilePath?
  /// Names of members, ourselves among them.
  public var members: [String]
  /// Whether contents travel on request only.
  public var offers: Bool
  /// Files and links that the folder has, and their bytes.
  public var fileCount: Int
  public var byteCount: UInt64
  /// Paths with more than one version that nobody replaced, as bytes.
  public var conflicts: [[UInt8]]
  /// Files that are known and not here: their paths, and how many bytes of content are missing.
  public var waiting: [[UInt8]]
  public var waitingByteCount: UInt64
}

/// Something that was passed over, and why; the rest was done.
public struct FolderRefusal: Hashable, Sendable {
  /// Relative to the folder, as bytes.
  public var path: [UInt8]
  public var reason: String

  public init(path: [UInt8], reason: String) {
    self.path = path
    self.reason = reason
  }
}

/// What a scan found, and told the group.
public struct ScanReport: Hashable, Sendable {
  public var folder: String
  public var added: Int
  public var changed: Int
  public var deleted: Int
  /// Files and links that stand there.
  public var fileCount: Int
  /// Bytes of contents that are new to the group.
  public var newByteCount: UInt64
  /// Pipes, sockets and devices, names nobody may have, files that changed while they were read.
  public var passedOver: [FolderRefusal]

  public var isUnchanged: Bool { added == 0 && changed == 0 && deleted == 0 }
}

/// What was made of a folder's messages on this disk.
public struct ApplyReport: Hashable, Sendable {
  public var folder: String
  /// Files, links and directories written, moved and removed.
  public var written: Int
  public var moved: Int
  public var removed: Int
  public var byteCount: UInt64
  /// Paths with a conflict that is new here, as bytes: both versions stand side by side.
  public var conflicts: [[UInt8]]
  /// Files whose content is not here yet, and how many bytes of it are missing.
  public var waitingCount: Int
  public var waitingByteCount: UInt64
  /// What cannot be written here, or may not.
  public var refused: [FolderRefusal]

  init(folder: String) {
    self.folder = folder
    (written, moved, removed, byteCount) = (0, 0, 0, 0)
    conflicts = []
    (waitingCount, waitingByteCount) = (0, 0)
    refused = []
  }

  /// Adds what another apply of the same folder did after this one.
  mutating func add(_ other: ApplyReport) {
    written += other.written
    moved += other.moved
    removed += other.removed
    byteCount &+= other.byteCount
    for path in other.conflicts where !conflicts.contains(path) { conflicts.append(path) }
    waitingCount = other.waitingCount
    waitingByteCount = other.waitingByteCount
    // What is refused is refused each time, paths that no disk may hold the first time only.
    refused =
      refused.filter { FolderRules.objection(to: RelativePath($0.path)) != nil } + other.refused
  }

  public var isUnchanged: Bool { written == 0 && moved == 0 && removed == 0 && conflicts.isEmpty }
}

/// A version of a path, as `folder log` shows it, the newest first.
public struct VersionReport: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable {
    case deleted, directory, file, link
  }

  /// To name it by: the id of its message, and `/n` for one of several.
  public var id: String
  public var kind: Kind
  public var byteCount: UInt64
  /// Unix nanoseconds by the disk it was found on; nil for a deletion or directory.
  public var modified: Int64?
  /// Unix milliseconds at which it was told, by its author's clock.
  public var created: UInt64
  /// By the name the author has here; nil for a device not known.
  public var author: String?
  /// Whether nobody replaced it.
  public var isCurrent: Bool
  /// Whether this disk shows it.
  public var isShown: Bool
  /// Whether its content is here.
  public var isHere: Bool
}

/// What a restore or resolve did.
public struct RestoreReport: Hashable, Sendable {
  /// Where it was written.
  public var path: FilePath
  public var version: String
  public var byteCount: UInt64
}
