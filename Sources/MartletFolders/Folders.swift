public import MartletNode
public import SystemPackage

/// The folders of a device: directories that are kept in step with those of others.
///
/// What a call reports is durable when it returns. One that throws has left every file as it was
/// or as another version has it; call it again and it goes on.
public final class Folders {
  public let node: Node

  public init(_ node: Node) { self.node = node }

  /// All folders: kept here, removed, and those that peers share and wait to be accepted.
  public func list() throws(FolderError) -> [FolderReport] { [] }

  /// Makes a directory a folder shared with peers, and scans it.
  ///
  /// - Parameters:
  ///   - name: The directory's own if nil.
  ///   - offers: Whether contents travel on request only.
  public func add(
    _ directory: FilePath, name: String?, with peers: [String], offers: Bool
  ) throws(FolderError) -> ScanReport { throw .unknownFolder("") }

  /// Keeps a folder that a peer shares in a directory, which is made if nothing stands there: what
  /// is in it already stays, and is told to the others.
  public func accept(
    _ name: String, in directory: FilePath
  ) throws(FolderError) -> (scan: ScanReport, apply: ApplyReport) { throw .unknownFolder("") }

  /// Looks for what changed on disk, and tells it.
  ///
  /// - Parameters:
  ///   - name: One folder; all that are kept here if nil. Of several, one that fails does not keep
  ///     the others from being scanned: the first failure is thrown in the end.
  ///   - confirmsDeletions: Whether it is known that most of its files are meant to be gone.
  ///   - isDryRun: Whether it only says what it would tell.
  public func scan(
    _ name: String? = nil, confirmsDeletions: Bool = false, isDryRun: Bool = false,
    onReport: (ScanReport) -> Void
  ) throws(FolderError) {}

  /// Makes the disk show what has come; what was edited here meanwhile is told first.
  public func apply(
    _ name: String? = nil, onReport: (ApplyReport) -> Void
  ) throws(FolderError) {}

  /// The versions of a path in a folder, the newest first.
  public func history(of path: FilePath) throws(FolderError) -> [VersionReport] { [] }

  /// Brings back a version of a path; what stands there becomes a version first.
  ///
  /// - Parameter version: The first digits of its id; of the last content before the present one if nil.
  public func restore(
    _ path: FilePath, at version: String?
  ) throws(FolderError) -> RestoreReport { throw .unknownPath(path) }

  /// Ends a conflict: what stands at the path stays, the copies beside it go, and can be restored.
  ///
  /// - Returns: How many versions were put aside; 0 if there was no conflict.
  public func resolve(_ path: FilePath) throws(FolderError) -> Int { 0 }

  /// Asks the others for contents that are offered and not here: of one path, of all below a
  /// directory, or of a whole folder.
  ///
  /// - Returns: How many contents were asked for, and how many bytes they have.
  public func request(
    _ path: FilePath
  ) throws(FolderError) -> (count: Int, byteCount: UInt64) { (0, 0) }

  /// Stops keeping a folder here. Its files stay, and what was told stays told.
  public func remove(_ name: String) throws(FolderError) {}
}
