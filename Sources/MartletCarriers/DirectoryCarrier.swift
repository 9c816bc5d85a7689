package import MartletFileSystem
package import SystemPackage

/// A bundle as it lies on a medium; whose it is and whether it is whole, nobody looked.
package struct CarriedFile: Hashable, Sendable {
  /// As on the medium: a bundle name.
  package let name: String
  package let path: FilePath
  package let byteCount: UInt64
}

/// Bundles in a directory: a stick, a share, a folder that another program carries on.
///
/// It sees files of bundle names only, and never touches another. It keeps nothing open and
/// remembers nothing, so that the medium may be exchanged between two calls.
package struct DirectoryCarrier: Sendable {
  package let directory: FilePath
  let system: any FileSystem
  private let threadCount: Int
  private let blockByteCount: Int

  /// - Parameters:
  ///   - directory: An existing directory, or a link to one. Nothing in it is changed.
  ///   - threadCount: How many threads write a bundle, and read it back, besides the caller's.
  ///     With none all calls come in one order.
  ///   - blockByteCount: How much of a bundle is written at once.
  /// - Throws: ``CarrierError/noDirectory(_:)``, or what else keeps us from looking.
  package init(
    _ directory: FilePath, on system: any FileSystem, threadCount: Int = 0,
    blockByteCount: Int = OutgoingFile.blockByteCount
  ) throws(CarrierError) {
    self.directory = directory
    self.system = system
    self.threadCount = threadCount
    self.blockByteCount = blockByteCount
    guard try exists() else { throw .noDirectory(directory) }
  }

  /// The bundles here, sorted by name; other files, links and directories are passed over.
  ///
  /// - Throws: ``CarrierError/gone(_:)`` if the directory is there no more. A file removed
  ///   meanwhile is no error and not listed.
  /// - Complexity: One call for the directory and one for each bundle.
  package func list() throws(CarrierError) -> [CarriedFile] {
    let names = try CarrierError.naming { () throws(FileSystemError) in try system.list(directory) }
    var files: [CarriedFile] = []
    for name in names where Self.isBundleName(name.string) {
      let path = directory.appending(name)
      guard let found = try information(at: path), found.kind == .file else { continue }
      files.append(CarriedFile(name: name.string, path: path, byteCount: found.byteCount))
    }
    return files.sorted { $0.name < $1.name }
  }

  /// Whether bundles can be read here, but none made or removed. Tries nothing out.
  package func isReadOnly() -> Bool {
    // Where it cannot be told, the first call that changes something will.
    (try? system.isReadOnly(at: directory)) ?? false
  }

  /// Bytes that may still be written here; nil where the medium does not tell.
  package func freeByteCount() throws(CarrierError) -> UInt64? {
    do { return try system.freeByteCount(at: directory) } catch {
      if error.category == .unsupported { return nil }
      throw CarrierError(error)
    }
  }

  /// Starts a bundle under its final name: on FAT, a rename after the sync loses files to a
  /// power cut that an unrenamed file survives.
  ///
  /// - Parameter name: From ``newName(random:)``.
  /// - Throws: ``CarrierError/exists(_:)`` if something of that name stands here.
  package func create(_ name: String) throws(CarrierError) -> OutgoingFile {
    try OutgoingFile(
      at: path(of: name), on: system, threadCount: threadCount, blockByteCount: blockByteCount)
  }

  /// Opens a bundle for reading.
  ///
  /// - Throws: ``CarrierError/gone(_:)`` if it is there no more, or has become another thing.
  package func open(_ file: CarriedFile) throws(CarrierError) -> OpenFile {
    // Looked at before: to open a pipe would wait for somebody who writes to it.
    guard try information(at: file.path)?.kind == .file else { throw .gone(file.path) }
    return try CarrierError.naming { () throws(FileSystemError) in
      try system.openFile(file.path, .read)
    }
  }

  /// Removes a bundle; durable when it returns. One that is there no more is no error.
  ///
  /// - Throws: ``CarrierError/gone(_:)`` if the directory is there no more.
  package func remove(_ name: String) throws(CarrierError) {
    let path = try path(of: name)
    guard let found = try information(at: path) else {
      if try exists() { return }
      throw .gone(directory)
    }
    guard found.kind == .file else { throw .exists(path) }
    try CarrierError.naming { () throws(FileSystemError) in
      try system.remove(path)
      try system.makeNamesDurable(in: directory)
    }
  }
}

extension DirectoryCarrier {
  /// - Throws: `EINVAL` for a name that is no bundle's, so that a damaged journal cannot lead us
  ///   to other files.
  private func path(of name: String) throws(CarrierError) -> FilePath {
    guard Self.isBundleName(name), let component = FilePath.Component(name) else {
      throw .system(FileSystemError(.open, directory.appending(name), .invalidArgument))
    }
    return directory.appending(component)
  }

  private func information(at path: FilePath) throws(CarrierError) -> FileInformation? {
    try CarrierError.naming { () throws(FileSystemError) in try system.information(at: path) }
  }

  private func exists() throws(CarrierError) -> Bool {
    // The point follows a link, and only a directory has one.
    try information(at: directory.appending("."))?.kind == .directory
  }
}

extension FileSystem {
  /// Makes names made and removed in a directory durable. Some network and user-space file
  /// systems cannot do that for a directory alone; there, the whole file system is synchronised.
  func makeNamesDurable(in directory: FilePath) throws(FileSystemError) {
    do { try syncDirectory(directory) } catch {
      if error.category != .unsupported { throw error }
      try syncFileSystem(at: directory)
    }
  }
}
