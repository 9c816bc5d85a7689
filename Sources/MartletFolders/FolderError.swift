public import MartletFileSystem
public import MartletNode
public import SystemPackage

/// A reason a folder cannot be dealt with. Each says what was kept.
@nonexhaustive
public enum FolderError: Error, Equatable, Sendable {
  /// The device cannot be read or changed.
  case node(NodeError)
  /// Something in the folder cannot be read or changed.
  case file(FileSystemError)
  /// What the store holds of a folder cannot be read.
  case stateDamaged(String)
  /// No folder has that name.
  case unknownFolder(String)
  /// More than one folder has that name.
  case ambiguousFolder(String)
  /// No folder that is kept here holds that path.
  case notInAFolder(FilePath)
  /// The folder is kept in that directory already.
  case keptElsewhere(String, FilePath)
  /// The directory, or one above or below it, is a folder already.
  case overlaps(FilePath, String)
  /// The store stands in the directory, or the directory in the store.
  case holdsStore(FilePath)
  /// No directory stands there.
  case noDirectory(FilePath)
  /// The folder's directory is gone: nothing was scanned, and nothing told to anybody.
  case rootMissing(String, FilePath)
  /// Another directory stands in its place, or another disk is mounted there.
  case rootReplaced(String, FilePath)
  /// So many of its files have vanished that it looks like a disk that is not there.
  case manyDeletions(String, FilePath, missing: Int, of: Int)
  /// The path has no such version, or more than one begins so.
  case unknownVersion(FilePath, String)
  /// The path was never in the folder.
  case unknownPath(FilePath)
  /// The content of the version is not here: so many bytes are missing.
  case contentMissing(FilePath, byteCount: UInt64)
  /// Something stands at that path that would be lost. The version was told all the same.
  case stands(FilePath)
  /// The disk did not take it. The version was told all the same.
  case notWritten(FilePath, String)
}
