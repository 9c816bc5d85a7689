package import SystemPackage

extension FileSystemError {
  package init(_ call: FileSystemCall, _ path: FilePath, _ errno: Errno) {
    self.init(action: call.rawValue, path: path, errno: errno)
  }
}
