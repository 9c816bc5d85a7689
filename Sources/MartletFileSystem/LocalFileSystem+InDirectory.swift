internal import CLinux
package import SystemPackage

#if canImport(Darwin)
  internal import Darwin
#else
  internal import Glibc
#endif

extension LocalFileSystem {
  package func openDirectory(_ path: FilePath) throws(FileSystemError) -> FileNumber {
    try adopt(
      repeating(.openDirectory, path) {
        path.withPlatformString { Self.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) }
      }, .path(path))
  }

  package func openDirectory(
    _ path: [UInt8], beneath directory: FileNumber
  ) throws(FileSystemError) -> FileNumber {
    if let failure = EntryName.failure(ofBeneath: path) {
      throw error(.openDirectory, path, in: directory, failure)
    }
    let place = OpenPlace.below(entry(of: directory).place, path)
    if walksStepByStep { return try adopt(walk(path, beneath: directory), place) }
    // EAGAIN: something was renamed while the kernel looked; a few tries, then the caller's turn.
    var tries = 0
    while true {
      do {
        return try adopt(
          repeating(.openDirectory, path, in: directory) {
            martlet_open_beneath(directory.rawValue, $0)
          }, place)
      } catch {
        tries += 1
        switch error.errno {
        // Some that confine programs refuse what they do not know with the latter.
        case .noFunction, .notPermitted:
          return try adopt(walk(path, beneath: directory), place)
        case .resourceTemporarilyUnavailable where tries < 16: continue
        default: throw error
        }
      }
    }
  }

  package func entries(of directory: FileNumber) throws(FileSystemError) -> [DirectoryEntry] {
    var entries: [DirectoryEntry] = []
    try read(path(of: directory)) { () -> UnsafeMutableRawPointer? in
      // Opened anew: a copy of the number would share the place that was read to.
      martlet_open_directory(directory.rawValue, ".")
    } each: { start, kind in
      let name = [UInt8](UnsafeRawBufferPointer(start: start, count: strlen(start)))
      if EntryName.isValid(name) {
        entries.append(DirectoryEntry(name: name, kind: FileInformation.Kind(kind)))
      }
    }
    return entries
  }

  package func information(
    _ name: [UInt8], in directory: FileNumber
  ) throws(FileSystemError) -> FileInformation? {
    try check(.information, name, in: directory)
    var status = martlet_information()
    do {
      _ = try repeating(.information, name, in: directory) {
        martlet_information_in(directory.rawValue, $0, &status)
      }
      return FileInformation(status)
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw error
    }
  }

  package func open(
    _ name: [UInt8], in directory: FileNumber, _ mode: OpenMode
  ) throws(FileSystemError) -> FileNumber {
    try check(.open, name, in: directory)
    let (flags, permissions) = Self.flags(mode)
    let number = try repeating(.open, name, in: directory) {
      martlet_open_in(directory.rawValue, $0, flags, UInt32(permissions))
    }
    return adopt(number, .below(entry(of: directory).place, name))
  }

  package func linkTarget(
    _ name: [UInt8], in directory: FileNumber
  ) throws(FileSystemError) -> [UInt8] {
    try check(.linkTarget, name, in: directory)
    let limit = EntryName.pathByteCountLimit
    var target: [UInt8] = []
    let count = try repeating(.linkTarget, name, in: directory) { name in
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: limit + 1) { buffer in
        let count = martlet_link_target(
          directory.rawValue, name, buffer.baseAddress, UInt(buffer.count))
        // Copied, so that it takes no more room than it has bytes.
        target = [UInt8](UnsafeRawBufferPointer(buffer).prefix(max(0, count)))
        return count
      }
    }
    if count > limit { throw error(.linkTarget, name, in: directory, .fileNameTooLong) }
    return target
  }

  package func makeLink(
    _ name: [UInt8], in directory: FileNumber, to target: [UInt8]
  ) throws(FileSystemError) {
    try check(.makeLink, name, in: directory)
    if let failure = EntryName.failure(ofTarget: target) {
      throw error(.makeLink, name, in: directory, failure)
    }
    _ = try repeating(.makeLink, name, in: directory) { name in
      target.withZero { martlet_make_link($0, directory.rawValue, name) }
    }
  }

  package func makeDirectory(
    _ name: [UInt8], in directory: FileNumber, permissions: UInt16
  ) throws(FileSystemError) {
    try check(.makeDirectory, name, in: directory)
    _ = try repeating(.makeDirectory, name, in: directory) {
      martlet_make_directory_in(directory.rawValue, $0, UInt32(permissions))
    }
  }

  package func rename(
    _ name: [UInt8], in directory: FileNumber, to newName: [UInt8], in newDirectory: FileNumber,
    _ mode: RenameMode
  ) throws(FileSystemError) {
    try check(.rename, name, in: directory)
    try check(.rename, newName, in: newDirectory)
    let how =
      switch mode {
      case .replacing: martlet_rename_replacing
      case .exchanging: martlet_rename_exchanging
      case .keeping: martlet_rename_keeping
      }
    _ = try repeating(.rename, name, in: directory) { name in
      newName.withZero {
        martlet_rename_in(directory.rawValue, name, newDirectory.rawValue, $0, Int32(how))
      }
    }
  }

  package func remove(_ name: [UInt8], in directory: FileNumber) throws(FileSystemError) {
    try check(.remove, name, in: directory)
    do {
      _ = try repeating(.remove, name, in: directory) {
        martlet_remove_in(directory.rawValue, $0, false)
      }
    } catch {
      if error.errno != .noSuchFileOrDirectory { throw error }
    }
  }

  package func removeDirectory(
    _ name: [UInt8], in directory: FileNumber
  ) throws(FileSystemError) {
    try check(.removeDirectory, name, in: directory)
    _ = try repeating(.removeDirectory, name, in: directory) {
      martlet_remove_in(directory.rawValue, $0, true)
    }
  }

  package func setPermissions(
    _ file: FileNumber, _ permissions: UInt16
  ) throws(FileSystemError) {
    _ = try repeating(.setPermissions, path(of: file)) {
      martlet_set_permissions(file.rawValue, UInt32(permissions))
    }
  }

  package func setModified(_ file: FileNumber, _ modified: Int64) throws(FileSystemError) {
    _ = try repeating(.setModified, path(of: file)) {
      martlet_set_modified(file.rawValue, modified)
    }
  }

  package func syncFileSystem(of file: FileNumber) throws(FileSystemError) {
    _ = try repeating(.syncFileSystem, path(of: file)) {
      martlet_sync_file_system(file.rawValue)
    }
  }
}

// MARK: - Helpers

extension LocalFileSystem {
  /// Opens one directory after the other, none of them through a link.
  private func walk(
    _ path: [UInt8], beneath directory: FileNumber
  ) throws(FileSystemError) -> Int32 {
    var opened = directory
    for name in EntryName.names(ofBeneath: path) {
      let from = opened
      // Only the last one stays open.
      defer { if from != directory { close(from) } }
      do throws(FileSystemError) {
        opened = FileNumber(
          rawValue: try repeating(.openDirectory, name, in: from) {
            martlet_open_step(from.rawValue, $0)
          })
      } catch {
        throw self.error(.openDirectory, path, in: directory, error.errno)
      }
    }
    return opened.rawValue
  }

  private func error(
    _ call: FileSystemCall, _ name: [UInt8], in directory: FileNumber, _ errno: Errno
  ) -> FileSystemError {
    Self.error(call, OpenPlace.below(entry(of: directory).place, name).path, errno)
  }

  private func check(
    _ call: FileSystemCall, _ name: [UInt8], in directory: FileNumber
  ) throws(FileSystemError) {
    if let failure = EntryName.failure(of: name) { throw error(call, name, in: directory, failure) }
  }

  /// Makes a call with a name and the zero behind it, until it is not interrupted; -1 is a failure.
  private func repeating<Result: SignedInteger>(
    _ call: FileSystemCall, _ name: [UInt8], in directory: FileNumber,
    _ body: (UnsafePointer<CChar>?) -> Result
  ) throws(FileSystemError) -> Result {
    var failure: Int32 = 0
    let result = name.withZero { name in
      while true {
        let result = body(name)
        // Kept at once: what is done on the way out may fail too.
        failure = errno
        if result != -1 || failure != Errno.interrupted.rawValue { return result }
      }
    }
    if result == -1 { throw error(call, name, in: directory, Errno(rawValue: failure)) }
    return result
  }
}

extension [UInt8] {
  /// These bytes and a zero, on the stack if they are a name.
  fileprivate func withZero<Result>(_ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { buffer in
      UnsafeMutableRawBufferPointer(buffer).copyBytes(from: self)
      buffer[count] = 0
      return body(UnsafePointer(buffer.baseAddress))
    }
  }
}
