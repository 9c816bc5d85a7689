package import SystemPackage

extension LocalFileSystem {
  /// Whether a directory stands at a path, links followed; false if nothing does.
  package func isDirectory(_ path: FilePath) throws(FileSystemError) -> Bool {
    // A dot behind it makes the system follow a link, and what is no directory is not there then.
    try information(at: path.appending(".")) != nil
  }
}
