package import SystemPackage

extension FileSystem {
  package func isReadOnly(at directory: FilePath) throws(FileSystemError) -> Bool { false }

  /// Reads up to `count` bytes at `offset`; fewer only at the end of the file.
  ///
  /// `count` is allocated: compare it with a limit before.
  package func read(
    _ file: FileNumber, at offset: UInt64, count: Int
  ) throws(FileSystemError) -> [UInt8] {
    var failure: FileSystemError?
    let bytes = [UInt8](unsafeUninitializedCapacity: max(0, count)) { buffer, read in
      // Nothing is read before it was written: the span is only filled.
      let raw = UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: max(0, count))
      var span = raw.mutableBytes
      do throws(FileSystemError) { read = try self.read(file, at: offset, into: &span) } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  package func write(
    _ file: FileNumber, at offset: UInt64, _ bytes: [UInt8]
  ) throws(FileSystemError) {
    try write(file, at: offset, bytes.span.bytes)
  }

  /// All of a file.
  ///
  /// - Throws: `EFBIG` if it has more than `limit` bytes, before anything is allocated.
  package func readAll(_ path: FilePath, limit: Int) throws(FileSystemError) -> [UInt8] {
    try openFile(path, .read).readAll(limit: limit)
  }

  /// Opens a file that is closed when the last reference to it goes.
  package func openFile(_ path: FilePath, _ mode: OpenMode) throws(FileSystemError) -> OpenFile {
    OpenFile(fileSystem: self, path: path, number: try open(path, mode))
  }

  /// Puts a file in the place of another so that a power cut leaves the one or the other whole.
  ///
  /// Durable when it returns. `path` with `.new` behind it is used on the way, and may stay
  /// behind where this throws.
  package func replace(
    _ path: FilePath, with bytes: [UInt8], permissions: UInt16
  ) throws(FileSystemError) {
    guard let name = path.lastComponent,
      let newName = FilePath.Component(name.string + ".new")
    else { throw FileSystemError(.open, path, .invalidArgument) }
    let directory = path.removingLastComponent()
    let new = directory.appending(newName)
    try remove(new)
    let file = try openFile(new, .createNew(permissions: permissions))
    try file.write(at: 0, bytes)
    try file.sync()
    try rename(new, to: path)
    try syncDirectory(directory.isEmpty ? "." : directory)
  }
}

/// An open file that is closed, and its lock given up, when the last reference to it goes.
package final class OpenFile: Sendable {
  package let fileSystem: any FileSystem
  package let path: FilePath
  package let number: FileNumber

  init(fileSystem: any FileSystem, path: FilePath, number: FileNumber) {
    self.fileSystem = fileSystem
    self.path = path
    self.number = number
  }

  deinit { fileSystem.close(number) }

  package func read(at offset: UInt64, count: Int) throws(FileSystemError) -> [UInt8] {
    try fileSystem.read(number, at: offset, count: count)
  }

  package func read(
    at offset: UInt64, into buffer: inout MutableRawSpan
  ) throws(FileSystemError) -> Int {
    try fileSystem.read(number, at: offset, into: &buffer)
  }

  /// All of the file; `EFBIG` if it has more than `limit` bytes, `EISDIR` if it is a directory.
  package func readAll(limit: Int) throws(FileSystemError) -> [UInt8] {
    let found = try information()
    guard found.kind != .directory else { throw FileSystemError(.read, path, .isDirectory) }
    guard let count = Int(exactly: found.byteCount), count <= limit else {
      throw FileSystemError(.read, path, .fileTooLarge)
    }
    return try read(at: 0, count: count)
  }

  package func write(at offset: UInt64, _ bytes: [UInt8]) throws(FileSystemError) {
    try fileSystem.write(number, at: offset, bytes.span.bytes)
  }

  package func write(at offset: UInt64, _ bytes: RawSpan) throws(FileSystemError) {
    try fileSystem.write(number, at: offset, bytes)
  }

  package func truncate(to byteCount: UInt64) throws(FileSystemError) {
    try fileSystem.truncate(number, to: byteCount)
  }

  package func sync() throws(FileSystemError) { try fileSystem.sync(number) }

  package func information() throws(FileSystemError) -> FileInformation {
    try fileSystem.information(number)
  }

  package func dropCache() { fileSystem.dropCache(number) }

  package func bypassCache() { fileSystem.bypassCache(number) }

  package func lock(wait: Bool) throws(FileSystemError) -> Bool {
    try fileSystem.lock(number, wait: wait)
  }
}
