package import SystemPackage

/// The one seam to the operating system: the local disk, or a simulated one in tests.
///
/// Nothing written is durable before ``sync(_:)`` of its file returned, and no name before
/// ``syncDirectory(_:)`` of its directory did. A failed sync is final for that file: what was
/// written to it is to be redone from its source, never synced again. Paths are bytes.
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
}

/// An open file, as its file system numbers it.
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
  /// Nanoseconds since 1970; nil where the file system does not tell.
  package var born: Int64?

  package init(
    kind: Kind, byteCount: UInt64, permissions: UInt16, device: UInt64, inode: UInt64,
    modified: Int64, born: Int64?
  ) {
    self.kind = kind
    self.byteCount = byteCount
    self.permissions = permissions
    self.device = device
    self.inode = inode
    self.modified = modified
    self.born = born
  }
}
