package import SystemPackage

/// The one seam to the operating system: the local disk, or a simulated one in tests.
///
/// Nothing written is durable before ``sync(_:)`` of its file returned, and no name before
/// ``syncDirectory(_:)`` of its directory did. A failed sync is final for that file: what was
/// written to it is to be redone from its source, never synced again. Paths are bytes.
///
/// A directory can be held open, and what stands in it be reached by name. Such a name is never
/// followed if it is a link, and an open directory stays the same one wherever it is moved: so
/// nothing leaves it, whatever others rename meanwhile. A name that is empty, `.` or `..`, or that
/// has a "/" or a zero in it, is `EINVAL` before anything is asked of the system.
package protocol FileSystem: Sendable {
  /// Opens a file. The number stays valid until ``close(_:)``.
  func open(_ path: FilePath, _ mode: OpenMode) throws(FileSystemError) -> FileNumber
  func close(_ file: FileNumber)

  /// Reads up to the span's length at `offset`; fewer bytes only at the end of the file.
  func read(
    _ file: FileNumber, at offset: UInt64, into buffer: inout MutableRawSpan
  ) throws(FileSystemError) -> Int
  /// Writes all of `bytes` at `offset`, or throws; a part may then have been written.
  func write(
    _ file: FileNumber, at offset: UInt64, _ bytes: RawSpan
  ) throws(FileSystemError)
  func truncate(_ file: FileNumber, to byteCount: UInt64) throws(FileSystemError)
  func sync(_ file: FileNumber) throws(FileSystemError)
  func information(_ file: FileNumber) throws(FileSystemError) -> FileInformation
  /// Forgets cached pages, so that the next read comes from the medium. A hint.
  func dropCache(_ file: FileNumber)
  /// Until a write ends within a block, reads and writes of this file go between us and the medium,
  /// and leave what others have in the cache alone. For what is long and read or written once, in pieces of about a MiB:
  /// a copy into the cache costs more than everything else that is done to such bytes. A hint.
  func bypassCache(_ file: FileNumber)
  /// Takes the exclusive lock of a file until it is closed; false if somebody else has it.
  func lock(_ file: FileNumber, wait: Bool) throws(FileSystemError) -> Bool

  /// Of what stands at a path, itself not followed if a link; nil if nothing does.
  func information(at path: FilePath) throws(FileSystemError) -> FileInformation?
  /// Names in a directory, without `.` and `..`, in no order.
  func list(_ directory: FilePath) throws(FileSystemError) -> [FilePath.Component]
  /// Makes one directory; one that stands already is no error.
  func makeDirectory(_ path: FilePath, permissions: UInt16) throws(FileSystemError)
  func rename(_ from: FilePath, to: FilePath) throws(FileSystemError)
  /// Removes a file or link; nothing there is no error.
  func remove(_ path: FilePath) throws(FileSystemError)
  func removeDirectory(_ path: FilePath) throws(FileSystemError)
  func syncDirectory(_ path: FilePath) throws(FileSystemError)
  /// Makes durable all that was written to the file system on which a path lies.
  func syncFileSystem(at path: FilePath) throws(FileSystemError)
  /// Whether no file can be made or removed in a directory: its file system is read-only, or it
  /// belongs to somebody else. Changes nothing, and costs one call.
  func isReadOnly(at directory: FilePath) throws(FileSystemError) -> Bool
  /// Bytes that a program without privileges may still write where a path lies.
  func freeByteCount(at path: FilePath) throws(FileSystemError) -> UInt64

  /// Opens a directory to work in; the path itself may pass links.
  ///
  /// The number is closed by ``close(_:)``. ``information(_:)``, ``sync(_:)`` (which makes its
  /// names durable, not what they name), ``setPermissions(_:_:)`` and ``setModified(_:_:)`` take it.
  func openDirectory(_ path: FilePath) throws(FileSystemError) -> FileNumber
  /// Opens a directory below an open one: no step leaves it and none follows a link.
  ///
  /// `path` is one or more names with "/" between them. Of more than 4095 bytes, it is to be
  /// opened in several steps.
  ///
  /// - Throws: `EXDEV` for a path with `..` in it or a "/" before it, `ELOOP` where a link stands,
  ///   `ENOTDIR` where anything else does that is no directory, `ENOENT` where nothing does,
  ///   `EINVAL` for an empty path or name, `.` or a zero.
  func openDirectory(
    _ path: [UInt8], beneath directory: FileNumber
  ) throws(FileSystemError) -> FileNumber
  /// What stands in an open directory, without `.` and `..`, in no order.
  ///
  /// Each call begins anew, also beside another. What is made, renamed or removed meanwhile may
  /// be among it or not, and a name that is moved be missing or come twice.
  func entries(of directory: FileNumber) throws(FileSystemError) -> [DirectoryEntry]
  /// Of what stands under a name in an open directory, itself not followed if a link; nil if
  /// nothing does.
  func information(
    _ name: [UInt8], in directory: FileNumber
  ) throws(FileSystemError) -> FileInformation?
  /// Opens a file in an open directory; a link is not followed (`ELOOP`), and a fifo does not
  /// block. Look at ``information(_:)`` of it: what is no file may have been opened too.
  func open(
    _ name: [UInt8], in directory: FileNumber, _ mode: OpenMode
  ) throws(FileSystemError) -> FileNumber
  /// Where a link leads, at most 4096 bytes.
  ///
  /// - Throws: `EINVAL` if it is no link, `ENAMETOOLONG` if it leads further.
  func linkTarget(
    _ name: [UInt8], in directory: FileNumber
  ) throws(FileSystemError) -> [UInt8]
  /// Makes a link, whether or not anything stands where it leads.
  ///
  /// - Throws: `EEXIST` if anything stands under its name, `EINVAL` if it leads nowhere or to a
  ///   path with a zero, `ENAMETOOLONG` beyond 4095 bytes.
  func makeLink(
    _ name: [UInt8], in directory: FileNumber, to target: [UInt8]
  ) throws(FileSystemError)
  /// Makes one directory; `EEXIST` if anything stands there, a directory too.
  func makeDirectory(
    _ name: [UInt8], in directory: FileNumber, permissions: UInt16
  ) throws(FileSystemError)
  /// Gives what stands under a name another name, in the same or another directory.
  ///
  /// - Throws: `EINVAL` or `ENOSYS` where the file system or the kernel can only replace; `EINVAL`
  ///   also for a directory that would come below itself.
  func rename(
    _ name: [UInt8], in directory: FileNumber, to newName: [UInt8], in newDirectory: FileNumber,
    _ mode: RenameMode
  ) throws(FileSystemError)
  /// Removes a file or link; nothing there is no error.
  func remove(_ name: [UInt8], in directory: FileNumber) throws(FileSystemError)
  func removeDirectory(_ name: [UInt8], in directory: FileNumber) throws(FileSystemError)
  /// Gives an open file or directory these permissions, whatever the mask of this program is.
  func setPermissions(_ file: FileNumber, _ permissions: UInt16) throws(FileSystemError)
  /// Says when an open file or directory was last modified, in nanoseconds since 1970. A file
  /// system may keep less of it.
  func setModified(_ file: FileNumber, _ modified: Int64) throws(FileSystemError)
  /// Makes durable all that was written to the file system on which an open file or directory
  /// lies.
  func syncFileSystem(of file: FileNumber) throws(FileSystemError)
}

/// An open file or directory, as its file system numbers it.
package struct FileNumber: Hashable, Sendable {
  package let rawValue: Int32
  package init(rawValue: Int32) { self.rawValue = rawValue }
}

package enum OpenMode: Hashable, Sendable {
  /// The file must stand.
  case read
  /// The file must stand.
  case readWrite
  /// Made if it does not stand.
  case readWriteOrCreate(permissions: UInt16)
  /// Must not stand yet.
  case createNew(permissions: UInt16)
}

package enum RenameMode: Hashable, Sendable {
  /// A file or link that has the new name is removed, an empty directory by a directory.
  case replacing
  /// What has the new name gets the old one; something must have it.
  case exchanging
  /// `EEXIST` if anything has the new name.
  case keeping
}

/// What stands in a directory.
package struct DirectoryEntry: Hashable, Sendable {
  package var name: [UInt8]
  /// Nil where the file system does not tell.
  package var kind: FileInformation.Kind?

  package init(name: [UInt8], kind: FileInformation.Kind?) {
    self.name = name
    self.kind = kind
  }
}

/// What is known of a file without reading it.
package struct FileInformation: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case file, directory, link, other
  }

  package var kind: Kind
  package var byteCount: UInt64
  package var permissions: UInt16
  package var device: UInt64
  package var inode: UInt64
  /// Nanoseconds since 1970.
  package var modified: Int64
  /// Nanoseconds since 1970, set by nobody: a write, a rename, and new permissions or another
  /// ``modified`` change it.
  package var changed: Int64
  /// Nanoseconds since 1970; nil where the file system does not tell.
  package var born: Int64?

  package init(
    kind: Kind, byteCount: UInt64, permissions: UInt16, device: UInt64, inode: UInt64,
    modified: Int64, changed: Int64, born: Int64?
  ) {
    self.kind = kind
    self.byteCount = byteCount
    self.permissions = permissions
    self.device = device
    self.inode = inode
    self.modified = modified
    self.changed = changed
    self.born = born
  }
}
