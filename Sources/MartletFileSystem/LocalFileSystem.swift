internal import CLinux
internal import Synchronization
package import SystemPackage

#if canImport(Darwin)
  internal import Darwin
#else
  internal import Glibc
#endif

/// The file system of this computer.
///
/// Interrupted calls are made again and short ones continued, save `close`. Files are never
/// inherited by programs that we start.
package final class LocalFileSystem: FileSystem {
  struct OpenEntry {
    /// For the words of an error.
    var path: FilePath
    var bypassesCache = false
  }

  let entries = Mutex<[FileNumber: OpenEntry]>([:])
  let blocks = AlignedBlocks()

  package init() {}

  package func open(_ path: FilePath, _ mode: OpenMode) throws(FileSystemError) -> FileNumber {
    let (flags, permissions) = Self.flags(mode)
    return try adopt(
      repeating(.open, path) {
        path.withPlatformString { Self.open($0, flags, permissions) }
      }, path)
  }

  /// Opens `path`, which is relative to `directory` and never leaves it nor passes a link,
  /// whatever others do to the directory meanwhile.
  ///
  /// - Throws: `EXDEV` for a path that leaves, `ELOOP` for one with a link in it, `ENOSYS` where
  ///   the kernel cannot promise this (Linux before 5.6).
  package func open(
    _ path: FilePath, beneath directory: FileNumber, _ mode: OpenMode
  ) throws(FileSystemError) -> FileNumber {
    let (flags, permissions) = Self.flags(mode)
    // EAGAIN: something was renamed while the kernel looked; a few tries, then the caller's turn.
    var tries = 0
    while true {
      do {
        return try adopt(
          repeating(.open, path) {
            path.withPlatformString {
              martlet_open_beneath(directory.rawValue, $0, flags, UInt32(permissions))
            }
          }, path)
      } catch {
        tries += 1
        if error.errno != .resourceTemporarilyUnavailable || tries == 16 { throw error }
      }
    }
  }

  package func close(_ file: FileNumber) {
    // Forgotten first: the number may belong to another file as soon as it is closed.
    entries.withLock { entries in _ = entries.removeValue(forKey: file) }
    #if canImport(Darwin)
      _ = Darwin.close(file.rawValue)
    #else
      _ = Glibc.close(file.rawValue)
    #endif
  }

  package func read(
    _ file: FileNumber, at offset: UInt64, into buffer: inout MutableRawSpan
  ) throws(FileSystemError) -> Int {
    let entry = entry(of: file)
    let path = entry.path
    return try buffer.withUnsafeMutableBytes { bytes throws(FileSystemError) in
      let start = try Self.offset(offset, bytes.count, .read, path)
      if entry.bypassesCache,
        let done = try readPastCache(file, at: start, into: bytes, path)
      {
        return done
      }
      var done = 0
      while done < bytes.count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
        let count = try repeating(.read, path) {
          pread(file.rawValue, rest.baseAddress, min(rest.count, 1 << 30), start + off_t(done))
        }
        if count == 0 { break }
        done += count
      }
      return done
    }
  }

  package func write(
    _ file: FileNumber, at offset: UInt64, _ bytes: RawSpan
  ) throws(FileSystemError) {
    let entry = entry(of: file)
    let path = entry.path
    try bytes.withUnsafeBytes { bytes throws(FileSystemError) in
      let start = try Self.offset(offset, bytes.count, .write, path)
      var done = 0
      if entry.bypassesCache { done = try writePastCache(file, at: start, bytes, path) }
      while done < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
        let count = try repeating(.write, path) {
          pwrite(file.rawValue, rest.baseAddress, min(rest.count, 1 << 30), start + off_t(done))
        }
        // A device that takes nothing and says nothing would keep us here for ever.
        if count == 0 { throw Self.error(.write, path, .ioError) }
        done += count
      }
    }
  }

  package func truncate(_ file: FileNumber, to byteCount: UInt64) throws(FileSystemError) {
    let path = path(of: file)
    let count = try Self.offset(byteCount, 0, .truncate, path)
    _ = try repeating(.truncate, path) { ftruncate(file.rawValue, count) }
  }

  package func sync(_ file: FileNumber) throws(FileSystemError) {
    _ = try repeating(.sync, path(of: file)) { martlet_sync(file.rawValue) }
  }

  package func information(_ file: FileNumber) throws(FileSystemError) -> FileInformation {
    var status = martlet_information()
    _ = try repeating(.information, path(of: file)) {
      martlet_information_of_file(file.rawValue, &status)
    }
    return FileInformation(status)
  }

  package func dropCache(_ file: FileNumber) { martlet_drop_cache(file.rawValue) }

  package func lock(_ file: FileNumber, wait: Bool) throws(FileSystemError) -> Bool {
    do {
      _ = try repeating(.lock, path(of: file)) { martlet_lock(file.rawValue, wait) }
      return true
    } catch {
      if error.errno == .wouldBlock { return false }
      throw error
    }
  }
}

// MARK: - Helpers

extension LocalFileSystem {
  static func error(
    _ call: FileSystemCall, _ path: FilePath, _ errno: Errno
  ) -> FileSystemError {
    FileSystemError(call, path, errno)
  }

  /// Makes a call until it is not interrupted; -1 is a failure.
  func repeating<Result: SignedInteger>(
    _ call: FileSystemCall, _ path: FilePath, _ body: () -> Result
  ) throws(FileSystemError) -> Result {
    while true {
      let result = body()
      if result != -1 { return result }
      let failure = Errno(rawValue: errno)
      if failure != .interrupted { throw Self.error(call, path, failure) }
    }
  }

  func entry(of file: FileNumber) -> OpenEntry {
    entries.withLock { $0[file] } ?? OpenEntry(path: FilePath("(closed file)"))
  }

  func path(of file: FileNumber) -> FilePath { entry(of: file).path }

  private func adopt(_ number: Int32, _ path: FilePath) -> FileNumber {
    let file = FileNumber(rawValue: number)
    entries.withLock { $0[file] = OpenEntry(path: path) }
    return file
  }

  private static func offset(
    _ offset: UInt64, _ count: Int, _ call: FileSystemCall, _ path: FilePath
  ) throws(FileSystemError) -> off_t {
    guard let start = off_t(exactly: offset), !start.addingReportingOverflow(off_t(count)).overflow
    else { throw error(call, path, .fileTooLarge) }
    return start
  }

  private static func flags(_ mode: OpenMode) -> (flags: Int32, permissions: mode_t) {
    switch mode {
    case .read: (O_RDONLY | O_CLOEXEC, 0)
    case .readWrite: (O_RDWR | O_CLOEXEC, 0)
    case .readWriteOrCreate(let permissions): (O_RDWR | O_CREAT | O_CLOEXEC, mode_t(permissions))
    case .createNew(let permissions): (O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(permissions))
    }
  }

  static func open(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: mode_t) -> Int32 {
    #if canImport(Darwin)
      Darwin.open(path, flags, mode)
    #else
      Glibc.open(path, flags, mode)
    #endif
  }
}

extension FileInformation {
  init(_ status: martlet_information) {
    let kind: Kind =
      switch Int(status.kind) {
      case Int(martlet_kind_file): .file
      case Int(martlet_kind_directory): .directory
      case Int(martlet_kind_link): .link
      default: .other
      }
    self.init(
      kind: kind, byteCount: status.byte_count, permissions: status.permissions,
      device: status.device, inode: status.inode, modified: status.modified,
      born: status.has_born ? status.born : nil)
  }
}
