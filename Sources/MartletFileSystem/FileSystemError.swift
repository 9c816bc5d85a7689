public import SystemPackage

/// A system call that failed, and on what.
public struct FileSystemError: Error, Hashable, Sendable {
  /// What was tried, in words that continue "cannot": "open", "write", "sync".
  public var action: String
  public var path: FilePath
  public var errno: Errno

  public init(action: String, path: FilePath, errno: Errno) {
    self.action = action
    self.path = path
    self.errno = errno
  }
}
