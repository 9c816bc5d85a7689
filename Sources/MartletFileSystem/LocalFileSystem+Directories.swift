internal import CLinux
package import SystemPackage

#if canImport(Darwin)
  internal import Darwin
#else
  internal import Glibc
#endif

extension LocalFileSystem {
  package func information(at path: FilePath) throws(FileSystemError) -> FileInformation? {
    var status = martlet_information()
    do {
      _ = try repeating(.information, path) {
        path.withPlatformString { martlet_information_at($0, false, &status) }
      }
      return FileInformation(status)
    } catch {
      // A file where a directory was expected: nothing can stand below it.
      if error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory { return nil }
      throw error
    }
  }

  package func list(_ directory: FilePath) throws(FileSystemError) -> [FilePath.Component] {
    var names: [FilePath.Component] = []
    try read(directory) { () -> UnsafeMutableRawPointer? in
      directory.withPlatformString { martlet_open_directory(-1, $0) }
    } each: { name, _ in
      if let name = FilePath.Component(platformString: name), name.kind == .regular {
        names.append(name)
      }
    }
    return names
  }

  /// Hands out each name that a new stream has, with its zero, and closes the stream.
  func read(
    _ path: @autoclosure () -> FilePath, open: () -> UnsafeMutableRawPointer?,
    each body: (UnsafePointer<CChar>, Int32) -> Void
  ) throws(FileSystemError) {
    var stream: UnsafeMutableRawPointer?
    _ = try repeating(.list, path()) {
      stream = open()
      return stream == nil ? -1 : 0 as Int32
    }
    guard let stream else { return }
    defer { martlet_close_directory(stream) }
    while true {
      var kind: Int32 = 0
      guard let name = martlet_next_name(stream, &kind) else {
        let failure = Errno(rawValue: errno)
        if failure.rawValue == 0 { return }
        if failure == .interrupted { continue }
        throw Self.error(.list, path(), failure)
      }
      body(name, kind)
    }
  }

  package func makeDirectory(_ path: FilePath, permissions: UInt16) throws(FileSystemError) {
    do {
      _ = try repeating(.makeDirectory, path) {
        path.withPlatformString { mkdir($0, mode_t(permissions)) }
      }
    } catch {
      var status = martlet_information()
      // A link to a directory will do.
      let found = path.withPlatformString { martlet_information_at($0, true, &status) }
      guard error.errno == .fileExists, found == 0, FileInformation(status).kind == .directory
      else { throw error }
    }
  }

  package func rename(_ from: FilePath, to: FilePath) throws(FileSystemError) {
    _ = try repeating(.rename, from) {
      from.withPlatformString { from in
        to.withPlatformString { to in
          #if canImport(Darwin)
            Darwin.rename(from, to)
          #else
            Glibc.rename(from, to)
          #endif
        }
      }
    }
  }

  package func remove(_ path: FilePath) throws(FileSystemError) {
    do {
      _ = try repeating(.remove, path) { path.withPlatformString { unlink($0) } }
    } catch {
      if error.errno != .noSuchFileOrDirectory && error.errno != .notDirectory { throw error }
    }
  }

  package func removeDirectory(_ path: FilePath) throws(FileSystemError) {
    _ = try repeating(.removeDirectory, path) { path.withPlatformString { rmdir($0) } }
  }

  package func syncDirectory(_ path: FilePath) throws(FileSystemError) {
    try withDirectory(path, .syncDirectory) { martlet_sync($0) }
  }

  package func syncFileSystem(at path: FilePath) throws(FileSystemError) {
    let file = try repeating(.syncFileSystem, path) {
      path.withPlatformString { Self.open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0) }
    }
    defer { close(FileNumber(rawValue: file)) }
    _ = try repeating(.syncFileSystem, path) { martlet_sync_file_system(file) }
  }

  package func isReadOnly(at directory: FilePath) throws(FileSystemError) -> Bool {
    do {
      _ = try repeating(.information, directory) {
        directory.withPlatformString { martlet_may_write($0) }
      }
      return false
    } catch {
      if error.category == .denied { return true }
      throw error
    }
  }

  package func freeByteCount(at path: FilePath) throws(FileSystemError) -> UInt64 {
    var count: UInt64 = 0
    _ = try repeating(.freeByteCount, path) {
      path.withPlatformString { martlet_free_byte_count($0, &count) }
    }
    return count
  }

  private func withDirectory(
    _ path: FilePath, _ call: FileSystemCall, _ body: (Int32) -> Int32
  ) throws(FileSystemError) {
    let file = try repeating(call, path) {
      path.withPlatformString { Self.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) }
    }
    defer { close(FileNumber(rawValue: file)) }
    _ = try repeating(call, path) { body(file) }
  }
}
