package import MartletFileSystem
package import SystemPackage

/// A file that is being written where it will stay, and is removed unless it is finished.
///
/// After a power cut it may be there in part, under its final name: whoever reads it must be
/// able to tell, and a bundle can.
package final class OutgoingFile {
  package let path: FilePath
  /// Bytes written so far.
  package private(set) var byteCount: UInt64 = 0

  private let system: any FileSystem
  /// Nil once it is finished or abandoned.
  private var file: OpenFile?

  /// Makes the file; nothing may stand at its path. Others may read it: it may be for them.
  init(at path: FilePath, on system: any FileSystem) throws(CarrierError) {
    self.path = path
    self.system = system
    file = try CarrierError.naming { () throws(FileSystemError) in
      try system.openFile(path, .createNew(permissions: 0o644))
    }
  }

  deinit { abandon() }

  /// Starts a file at a path that the user named.
  ///
  /// - Throws: ``CarrierError/exists(_:)`` if anything stands there, which is then as it was, or
  ///   ``CarrierError/noDirectory(_:)`` if its directory does not.
  package static func create(
    at path: FilePath, on system: any FileSystem
  ) throws(CarrierError) -> OutgoingFile {
    // What has only the path of a directory, such as "/", has no name to write.
    guard path.lastComponent?.kind == .regular else { throw .exists(path) }
    _ = try DirectoryCarrier(directory(of: path), on: system)
    return try OutgoingFile(at: path, on: system)
  }

  /// Appends to the file. Where it throws, the file was abandoned.
  package func write(_ bytes: [UInt8]) throws(CarrierError) {
    guard let file else { throw .gone(path) }
    let (end, isTooLong) = byteCount.addingReportingOverflow(UInt64(bytes.count))
    do throws(CarrierError) {
      if isTooLong { throw .full(path, needed: nil) }
      try CarrierError.naming(needed: end) { () throws(FileSystemError) in
        try file.write(at: byteCount, bytes)
      }
      byteCount = end
    } catch {
      abandon()
      throw error
    }
  }

  /// Makes the file and its name durable, then has it read back from the medium.
  ///
  /// When it returns, a power cut or a pulled stick takes nothing of it. Where it throws, the file
  /// was abandoned.
  ///
  /// - Parameter verify: Reads the file, opened anew with nothing cached, and says whether it is
  ///   as it should be. Its length was compared already.
  /// - Throws: ``CarrierError/doesNotReadBack(_:)`` if `verify` says it is not, and what `verify`
  ///   throws.
  package func finish(
    verify: (OpenFile) throws(CarrierError) -> Bool
  ) throws(CarrierError) {
    guard let file else { throw .gone(path) }
    do throws(CarrierError) {
      try makeDurable(file)
      guard try verify(readBack()) else { throw .doesNotReadBack(path) }
    } catch {
      abandon()
      throw error
    }
    self.file = nil
  }

  /// Removes the file if it is not finished.
  package func abandon() {
    guard file != nil else { return }
    file = nil
    // What stays is an incomplete bundle, which the next sync removes.
    try? system.remove(path)
    try? system.makeNamesDurable(in: Self.directory(of: path))
  }
}

extension OutgoingFile {
  private func makeDurable(_ file: OpenFile) throws(CarrierError) {
    try CarrierError.naming(needed: byteCount) { () throws(FileSystemError) in
      try file.sync()
      try system.makeNamesDurable(in: Self.directory(of: path))
      file.dropCache()
    }
  }

  private func readBack() throws(CarrierError) -> OpenFile {
    let (file, found) = try CarrierError.naming { () throws(FileSystemError) in
      let file = try system.openFile(path, .read)
      return (file, try file.information().byteCount)
    }
    guard found == byteCount else { throw .doesNotReadBack(path) }
    return file
  }

  private static func directory(of path: FilePath) -> FilePath {
    let directory = path.removingLastComponent()
    return directory.isEmpty ? "." : directory
  }
}
