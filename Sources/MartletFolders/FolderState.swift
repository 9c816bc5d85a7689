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

    package init(
      copyOf: RelativePath?, covers: [VersionID], content: Content, seen: Seen?
    ) {
      self.copyOf = copyOf
      self.covers = covers
      self.content = content
      self.seen = seen
    }
  }

  /// By what is seen that nobody changed a file since.
  package struct Seen: Hashable, Sendable {
    /// Nanoseconds since 1970.
    package var modified: Int64
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
  package var shown: [RelativePath: Shown] = [:]

  /// All messages below this position of the group's log are shown; 0 if something waits.
  package var applied: UInt64 = 0

  package init(root: Root?, instance: InstanceID, offers: Bool) {
    self.root = root
    self.instance = instance
    self.offers = offers
  }
}
