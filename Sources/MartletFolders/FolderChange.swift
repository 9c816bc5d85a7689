package import MartletFileSystem
package import MartletWire

/// The body of a message of client `folder`: what became of some paths, and contents.
package struct FolderChange: Hashable, Sendable {
  package static let client = "folder"
  /// The most entries of one message.
  package static let entryLimit = 65_536
  /// The most blobs that one message names.
  package static let blobLimit = 131_072
  /// The most versions that one entry replaces.
  package static let replacedLimit = 1024
  /// The longest target of a link, in bytes.
  package static let targetByteLimit = 4095

  package struct Entry: Hashable, Sendable {
    package var path: RelativePath
    package var content: Content
    package var modified: Int64
    package var isFound: Bool
    /// The versions that the path showed on the disk where this was made.
    package var replaces: [VersionID]
    /// Of a file: whether its content is given by this message.
    package var isGiven: Bool

    package init(
      path: RelativePath, content: Content, modified: Int64, isFound: Bool = false,
      replaces: [VersionID], isGiven: Bool
    ) {
      self.path = path
      self.content = content
      self.modified = modified
      self.isFound = isFound
      self.replaces = replaces
      self.isGiven = isGiven
    }
  }

  package struct Blob: Hashable, Sendable {
    package var id: ObjectID
    /// Of its plaintext.
    package var byteCount: UInt32

    package init(id: ObjectID, byteCount: UInt32) {
      self.id = id
      self.byteCount = byteCount
    }
  }

  /// A content that was offered before, and is given now.
  package struct Late: Hashable, Sendable {
    package var hash: ContentHash
    package var byteCount: UInt64

    package init(hash: ContentHash, byteCount: UInt64) {
      self.hash = hash
      self.byteCount = byteCount
    }
  }

  /// Strictly ascending by path.
  package var entries: [Entry] = []
  package var late: [Late] = []
  /// The contents given of less than ``ContentHash/sharedLimit``, in the order of entries, then of
  /// ``late``, lie one behind the other in these, from ``sharedSkip`` on.
  package var sharedBlobs: [Blob] = []
  package var sharedSkip: UInt32 = 0
  /// The longer ones each in whole blobs, in the same order.
  package var ownBlobs: [Blob] = []
  package var wanted: [ContentHash] = []

  package init() {}

  /// The contents that it gives, in the order of their places.
  package var given: [Late] {
    var given: [Late] = []
    for entry in entries where entry.isGiven {
      if case .file(let hash, let byteCount, _) = entry.content {
        given.append(Late(hash: hash, byteCount: byteCount))
      }
    }
    return given + late
  }
}
