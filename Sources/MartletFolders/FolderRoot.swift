internal import MartletFileSystem
internal import SystemPackage

/// A directory that is held open, and closed when nobody needs it any more.
final class Directory: Sendable {
  let system: any FileSystem
  let number: FileNumber

  init(_ system: any FileSystem, _ number: FileNumber) {
    self.system = system
    self.number = number
  }

  deinit { system.close(number) }
}

/// A folder's directory, held open: everything below is reached from it, and nothing outside.
final class FolderRoot: Sendable {
  let system: any FileSystem
  let path: FilePath
  let directory: Directory
  let information: FileInformation

  init(_ path: FilePath, on system: any FileSystem) throws(FileSystemError) {
    self.system = system
    self.path = path
    directory = Directory(system, try system.openDirectory(path))
    information = try system.information(directory.number)
  }

  /// A directory below; no step to it is a link or leaves.
  func open(_ path: RelativePath) throws(FileSystemError) -> Directory {
    if path.isRoot { return directory }
    return Directory(system, try system.openDirectory(path.bytes, beneath: directory.number))
  }

  /// What stands at a path; nil if nothing does, or no directory above it.
  func information(at path: RelativePath) throws(FileSystemError) -> FileInformation? {
    guard let parent = path.parent else { return information }
    do {
      let parent = try open(parent)
      return try system.information(path.name, in: parent.number)
    } catch {
      switch error.errno {
      case .noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels: return nil
      default: throw error
      }
    }
  }

  /// Renames to where nothing stands.
  ///
  /// - Throws: `EEXIST` if something does. Where the disk cannot promise that nothing is replaced,
  ///   what stands there is looked for immediately before.
  func renameKeeping(
    _ name: [UInt8], in directory: Directory, to newName: [UInt8], in newDirectory: Directory
  ) throws(FileSystemError) {
    do throws(FileSystemError) {
      try system.rename(
        name, in: directory.number, to: newName, in: newDirectory.number, .keeping)
    } catch {
      guard error.isUnsupported else { throw error }
      guard try system.information(newName, in: newDirectory.number) == nil else {
        throw FileSystemError(action: error.action, path: error.path, errno: .fileExists)
      }
      try system.rename(
        name, in: directory.number, to: newName, in: newDirectory.number, .replacing)
    }
  }

  /// Makes durable all that was written to the disk on which the folder lies.
  func sync() throws(FileSystemError) { try system.syncFileSystem(of: directory.number) }

  /// By what the directory is known again. Some file systems say 0 of a birth that they do not know.
  var mark: FolderState.Root {
    FolderState.Root(
      path: path, inode: information.inode, device: information.device,
      born: information.born == 0 ? nil : information.born)
  }

  /// Whether this is the directory it was. Where both times of birth are known they decide: some
  /// file systems number their inodes, and some systems their devices, anew at every mount. The root
  /// of a file system may be born when it is mounted.
  func isSame(as mark: FolderState.Root) -> Bool {
    let isPlaceEqual = information.inode == mark.inode && information.device == mark.device
    if let born = self.mark.born, let before = mark.born {
      return born == before || (isPlaceEqual && information.inode <= 2)
    }
    return isPlaceEqual
  }
}

extension FolderState.Seen {
  init(_ information: FileInformation) {
    self.init(
      modified: information.modified, changed: information.changed, inode: information.inode,
      permissions: information.ownerPermissions)
  }
}

extension FileInformation {
  /// The owner's rwx.
  var ownerPermissions: UInt8 { UInt8(permissions >> 6 & 7) }
}

extension FolderState.Shown {
  /// Whether a file or link that stands there is the one that was seen.
  func isUntouched(_ now: FileInformation) -> Bool {
    guard let seen, seen == FolderState.Seen(now) else { return false }
    return hasKind(of: now)
  }

  /// The same after it was renamed, which changes the time of the last change.
  func isUntouchedButRenamed(_ now: FileInformation) -> Bool {
    guard var seen else { return false }
    seen.changed = now.changed
    return seen == FolderState.Seen(now) && hasKind(of: now)
  }

  func hasKind(of now: FileInformation) -> Bool {
    switch content {
    case .file(_, let byteCount, _): now.kind == .file && now.byteCount == byteCount
    case .link: now.kind == .link
    case .directory: now.kind == .directory
    case .deleted: false
    }
  }
}

extension FileSystemError {
  /// Whether the disk has no such call, or not in this way.
  var isUnsupported: Bool {
    errno == .invalidArgument || errno == .noFunction || errno == .notSupported
  }
}
