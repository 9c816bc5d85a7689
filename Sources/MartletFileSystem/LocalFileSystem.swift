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
    var place: OpenPlace
    var bypassesCache = false

    var path: FilePath { place.path }
  }

  let openEntries = Mutex<[FileNumber: OpenEntry]>([:])
  let blocks = AlignedBlocks()
  let walksStepByStep: Bool

  /// - Parameter walksStepByStep: Whether a directory below another is opened name by name even
  ///   where the kernel opens a whole path and leaves nothing.
  package init(walksStepByStep: Bool = false) { self.walksStepByStep = walksStepByStep }

  package func open(_ path: FilePath, _ mode: OpenMode) throws(FileSystemError) -> FileNumber {
    let (flags, permissions) = Self.flags(mode)
    return try adopt(
      repeating(.open, path) {
        path.withPlatformString { Self.open($0, flags, permissions) }
      }, .path(path))
  }

  package func close(_ file: FileNumber) {
    // Forgotten first: the number may belong to another file as soon as it is closed.
    openEntries.withLock { entries in _ = entries.removeValue(forKey: file) }
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
    return try buffer.withUnsafeMutableBytes { bytes throws(FileSystemError) in
      let start = try Self.offset(offset, bytes.count, .read, entry.path)
      if entry.bypassesCache,
        let done = try readPastCache(file, at: start, into: bytes, entry)
      {
        return done
      }
      var done = 0
      while done < bytes.count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
        let count = try repeating(.read, entry.path) {
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
    try bytes.withUnsafeBytes { bytes throws(FileSystemError) in
      let start = try Self.offset(offset, bytes.count, .write, entry.path)
      var done = 0
      if entry.bypassesCache { done = try writePastCache(file, at: start, bytes, entry) }
      while done < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
        let count = try repeating(.write, entry.path) {
          pwrite(file.rawValue, rest.baseAddress, min(rest.count, 1 << 30), start + off_t(done))
        }
        // A device that takes nothing and says nothing would keep us here for ever.
        if count == 0 { throw Self.error(.write, entry.path, .ioError) }
        done += count
      }
    }
  }

  package func truncate(_ file: FileNumber, to byteCount: UInt64) throws(FileSystemError) {
    let count = try Self.offset(byteCount, 0, .truncate, path(of: file))
    _ = try repeating(.truncate, path(of: file)) { ftruncate(file.rawValue, count) }
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

  /// Makes a call until it is not interrupted; -1 is a failure, and only then the path is asked for.
  func repeating<Result: SignedInteger>(
    _ call: FileSystemCall, _ path: @autoclosure () -> FilePath, _ body: () -> Result
  ) throws(FileSystemError) -> Result {
    while true {
      let result = body()
      if result != -1 { return result }
      let failure = Errno(rawValue: errno)
      if failure != .interrupted { throw Self.error(call, path(), failure) }
    }
  }

  func entry(of file: FileNumber) -> OpenEntry {
    openEntries.withLock { $0[file] } ?? OpenEntry(place: .path("(closed file)"))
  }

  func path(of file: FileNumber) -> FilePath { entry(of: file).path }

  func adopt(_ number: Int32, _ place: OpenPlace) -> FileNumber {
    let file = FileNumber(rawValue: number)
    openEntries.withLock { $0[file] = OpenEntry(place: place) }
    return file
  }

  private static func offset(
    _ offset: UInt64, _ count: Int, _ call: FileSystemCall, _ path: @autoclosure () -> FilePath
  ) throws(FileSystemError) -> off_t {
    guard let start = off_t(exactly: offset), !start.addingReportingOverflow(off_t(count)).overflow
    else { throw error(call, path(), .fileTooLarge) }
    return start
  }

  static func flags(_ mode: OpenMode) -> (flags: Int32, permissions: mode_t) {
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
    self.init(
      kind: Kind(status.kind) ?? .other, byteCount: status.byte_count,
      permissions: status.permissions,
      device: status.device, inode: status.inode, modified: status.modified,
      changed: status.changed, born: status.has_born ? status.born : nil)
  }
}

extension FileInformation.Kind {
  /// Nil if it is not known.
  init?(_ kind: Int32) {
    switch Int(kind) {
    case Int(martlet_kind_file): self = .file
    case Int(martlet_kind_directory): self = .directory
    case Int(martlet_kind_link): self = .link
    case Int(martlet_kind_unknown): return nil
    default: self = .other
    }
  }
}
