package import MartletFileSystem
internal import MartletSeal
package import MartletWire
package import SystemPackage

/// What a device keeps of a folder: what of it is applied on this disk. It is truth, not a cache:
/// without it a scan may add, and never delete or replace.
package struct FolderState: Equatable, Sendable {
  /// The directory, and by what it is known again.
  package struct Root: Hashable, Sendable {
    package var path: FilePath
    package var inode: UInt64
    package var device: UInt64
    /// Nanoseconds since 1970; nil where the file system does not tell.
    package var born: Int64?

    package init(path: FilePath, inode: UInt64, device: UInt64, born: Int64?) {
      self.path = path
      self.inode = inode
      self.device = device
      self.born = born
    }
  }

  /// What a path of the disk shows.
  package struct Shown: Hashable, Sendable {
    /// The path whose versions these are, for a copy beside a conflict; nil where it is this one.
    package var copyOf: RelativePath?
    /// The versions that whoever changes this has seen; the one that stands there first.
    package var covers: [VersionID]
    package var content: Content
    /// How the disk looked then; nil if that tells nothing, and the content is to be looked at.
    package var seen: Seen?
    /// Whether the store was seen to have this very content: it was sealed here, or written from
    /// there. Else it has no more than somebody's word.
    package var isKept: Bool

    package init(
      copyOf: RelativePath?, covers: [VersionID], content: Content, seen: Seen?,
      isKept: Bool = false
    ) {
      self.copyOf = copyOf
      self.covers = covers
      self.content = content
      self.seen = seen
      self.isKept = isKept
    }
  }

  /// By what is seen that nobody changed a file since.
  package struct Seen: Hashable, Sendable {
    /// Stands for a time so recent that an edit within the same tick of the disk's clock would not
    /// show: no file has it.
    package static let recent = Int64.min

    /// Nanoseconds since 1970, or ``recent``.
    package var modified: Int64
    package var isRecent: Bool { modified == Self.recent }
    /// Nanoseconds since 1970, of the last change of name or attributes.
    package var changed: Int64
    package var inode: UInt64
    /// The owner's rwx.
    package var permissions: UInt8

    package init(modified: Int64, changed: Int64, inode: UInt64, permissions: UInt8) {
      self.modified = modified
      self.changed = changed
      self.inode = inode
      self.permissions = permissions
    }
  }

  /// Nil once the folder was removed from this device.
  package var root: Root?
  /// The life of the store that wrote this.
  package var instance: InstanceID
  /// Whether contents travel on request only.
  package var offers: Bool
  package var shown = ShownPaths()

  /// All messages below this position of the group's log are shown; 0 if something waits.
  package var applied: UInt64 = 0
  /// Whether the disk keeps the owner's permissions; FAT does not.
  package var holdsPermissions = true
  /// So many of the catalogue's refused paths were reported.
  package var refusedCount = 0

  /// Paths that are passed over and were named to somebody: once is enough. At most
  /// ``namedLimit``; what is beyond is named again.
  package var named: Set<RelativePath> = []
  package static let namedLimit = 4096

  package init(root: Root?, instance: InstanceID, offers: Bool) {
    self.root = root
    self.instance = instance
    self.offers = offers
  }
}

/// What the paths of a disk show.
package struct ShownPaths: Equatable, Sendable {
  private var dictionary: [RelativePath: FolderState.Shown] = [:]
  /// All paths there were once, ascending; besides them ``added``.
  private var order: [RelativePath] = []
  private var added: Set<RelativePath> = []

  package init() {}

  /// - Parameter paths: Ascending.
  init(ascending paths: [RelativePath]) {
    order = paths
    dictionary.reserveCapacity(paths.count)
  }

  package static func == (left: ShownPaths, right: ShownPaths) -> Bool {
    left.dictionary == right.dictionary
  }

  package subscript(path: RelativePath) -> FolderState.Shown? {
    get { dictionary[path] }
    set {
      let old = dictionary.updateValue(orRemoving: newValue, forKey: path)
      if old == nil, newValue != nil { added.insert(path) }
    }
  }

  /// Sets one of the paths that it was made of.
  mutating func restore(_ path: RelativePath, _ shown: FolderState.Shown) {
    dictionary[path] = shown
  }

  package var count: Int { dictionary.count }
  package var keys: Dictionary<RelativePath, FolderState.Shown>.Keys { dictionary.keys }
  package var values: Dictionary<RelativePath, FolderState.Shown>.Values { dictionary.values }
  package var all: [RelativePath: FolderState.Shown] { dictionary }

  /// All paths, ascending. Quick where few were added since it was made.
  package var ascending: [RelativePath] {
    guard !added.isEmpty || dictionary.count != order.count else { return order }
    let new = added.sorted()
    var result: [RelativePath] = []
    result.reserveCapacity(dictionary.count)
    var next = 0
    for path in order where dictionary[path] != nil && !added.contains(path) {
      while next < new.count, new[next] < path {
        if dictionary[new[next]] != nil { result.append(new[next]) }
        next += 1
      }
      result.append(path)
    }
    for path in new[next...] where dictionary[path] != nil { result.append(path) }
    return result
  }
}

extension Dictionary {
  /// Sets or removes a value, and returns the one before.
  fileprivate mutating func updateValue(orRemoving value: Value?, forKey key: Key) -> Value? {
    if let value { return updateValue(value, forKey: key) }
    return removeValue(forKey: key)
  }
}
