internal import MartletFileSystem
internal import MartletSeal
package import MartletWire

/// Names a version of a path: the entry of the change message that made it.
package struct VersionID: Hashable, Comparable, Sendable {
  package var message: ObjectID
  package var entry: UInt32

  package init(message: ObjectID, entry: UInt32) {
    self.message = message
    self.entry = entry
  }

  package static func < (left: VersionID, right: VersionID) -> Bool {
    left.message == right.message ? left.entry < right.entry : left.message < right.message
  }

  /// What people name it by: the message's id and the entry, as far as needed to tell it from others.
  package var text: String { entry == 0 ? message.hex : "\(message.hex)/\(entry)" }
}

/// What stands at a path, or that nothing does.
package enum Content: Hashable, Sendable {
  case deleted
  /// An empty directory; one that holds something is there because of what it holds.
  case directory
  /// - Parameter permissions: The owner's rwx, 0 to 7.
  case file(hash: ContentHash, byteCount: UInt64, permissions: UInt8)
  case link(target: [UInt8])

  package var isDeleted: Bool { self == .deleted }

  /// Whether it holds something that is to be kept beside a winner: a deletion and an empty
  /// directory hold nothing.
  package var holdsBytes: Bool {
    switch self {
    case .deleted, .directory: false
    case .file, .link: true
    }
  }

  /// Whether nobody would miss the one beside the other: permissions do not count.
  package func isSame(as other: Content) -> Bool {
    switch (self, other) {
    case (.file(let hash, let byteCount, _), .file(let otherHash, let otherByteCount, _)):
      hash == otherHash && byteCount == otherByteCount
    default: self == other
    }
  }

  /// Of two that nobody replaced, the one of higher rank stands at the path.
  package var rank: Int {
    switch self {
    case .deleted: 0
    case .directory: 1
    case .file, .link: 2
    }
  }

  /// By which a content is known again that was replaced.
  package var fingerprint: UInt64 {
    switch self {
    case .deleted: 0
    case .directory: 1
    case .file(let hash, let byteCount, _):
      hash.digest.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } ^ byteCount
    case .link(let target): Checksum.of(target.span.bytes, seed: 2)
    }
  }
}

/// One version of a path.
package struct Version: Hashable, Sendable {
  package var id: VersionID
  package var content: Content
  /// Nanoseconds since 1970, by the disk it was found on; 0 for a deletion and a directory.
  package var modified: Int64
  /// Whether it was found on a disk of which nothing was known: it is nothing new if its content
  /// is one that was replaced.
  package var isFound: Bool

  package init(id: VersionID, content: Content, modified: Int64, isFound: Bool) {
    self.id = id
    self.content = content
    self.modified = modified
    self.isFound = isFound
  }

  /// Which of two that nobody replaced stands at the path, the same everywhere: content before an
  /// empty directory before a deletion, then the later, then the larger id.
  package func isBeaten(by other: Version) -> Bool {
    if content.rank != other.content.rank { return content.rank < other.content.rank }
    if modified != other.modified { return modified < other.modified }
    return id < other.id
  }
}
