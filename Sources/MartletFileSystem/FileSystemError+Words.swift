package import SystemPackage

extension FileSystemError {
  package init(_ call: FileSystemCall, _ path: FilePath, _ errno: Errno) {
    self.init(action: call.rawValue, path: path, errno: errno)
  }

  /// What kind of failure it is, and so what can be done about it.
  @nonexhaustive
  public enum Category: Hashable, Sendable, CaseIterable {
    /// The disk, a quota or the greatest length of a file is used up.
    case noSpace
    /// The file, its directory or the whole medium is not there.
    case gone
    case denied
    /// Somebody else uses it, or the system has no more to give for now.
    case busy
    /// The medium failed: what was written is not to be relied on.
    case io
    /// A name or file that does not fit here: too long, there already, of another kind.
    case unfit
    /// The file system or the kernel cannot do this.
    case unsupported
    case other
  }

  public var category: Category {
    // What a number means with one call and not with the others.
    switch (FileSystemCall(rawValue: action), errno) {
    case (.read, .fileTooLarge), (.open, .fileTooLarge), (.linkTarget, .invalidArgument): .unfit
    case (.makeDirectory, .tooManyLinks), (.rename, .tooManyLinks): .noSpace
    case (.sync, .invalidArgument), (.syncDirectory, .invalidArgument): .unsupported
    case (.syncFileSystem, .invalidArgument), (.lock, .invalidArgument): .unsupported
    default: Self.categories[errno] ?? .other
    }
  }

  /// What went wrong, in a few words, without what was tried.
  public var reason: String {
    switch category {
    case .noSpace: errno == .fileTooLarge ? "the file would be too large" : "no space left"
    case .gone:
      errno == .noSuchFileOrDirectory ? "no such file or directory" : "the medium is gone"
    case .denied:
      errno == .readOnlyFileSystem ? "the file system is read-only" : "permission denied"
    case .busy: "it is in use, or the system is short of resources"
    case .io: "the medium failed"
    case .unfit, .unsupported, .other: errno.description.lowercased()
    }
  }

  /// What to do about it; nil where we do not know.
  public var remedy: String? {
    switch category {
    case .noSpace: "free some space or use another disk, then try again"
    case .gone: "check the path, and that the medium is connected and mounted"
    case .denied: "check who owns it and what its permissions are"
    case .busy: "wait for other programs to finish, then try again"
    case .io: "try again from the source, with another cable or medium if it happens again"
    case .unfit:
      switch errno {
      case .isDirectory: "name a file"
      case .fileTooLarge: "check that it is the right file"
      default: "use another name or place"
      }
    case .unsupported: "use another file system"
    case .other: nil
    }
  }

  private static let categories: [Errno: Category] = [
    .noSpace: .noSpace, .diskQuotaExceeded: .noSpace, .fileTooLarge: .noSpace,
    .noSuchFileOrDirectory: .gone, .noSuchAddressOrDevice: .gone,
    .operationNotSupportedByDevice: .gone, .staleNFSFileHandle: .gone,
    .permissionDenied: .denied, .notPermitted: .denied, .readOnlyFileSystem: .denied,
    .resourceBusy: .busy, .resourceTemporarilyUnavailable: .busy, .textFileBusy: .busy,
    .tooManyOpenFiles: .busy, .tooManyOpenFilesInSystem: .busy, .noMemory: .busy,
    .noLocks: .busy, .deadlock: .busy,
    .ioError: .io,
    .fileExists: .unfit, .notDirectory: .unfit, .isDirectory: .unfit,
    .directoryNotEmpty: .unfit, .fileNameTooLong: .unfit, .tooManySymbolicLinkLevels: .unfit,
    .illegalByteSequence: .unfit, .improperLink: .unfit,
    .noFunction: .unsupported, .notSupported: .unsupported,
  ]
}

extension FileSystemError: CustomStringConvertible {
  /// One sentence without a full stop: what was tried on which path, why not, and what to do.
  /// Control characters in the path are shown as "?", so that a name cannot steer a terminal.
  public var description: String {
    let failure = "cannot \(action) \(path.printable): \(reason)"
    return remedy.map { "\(failure); \($0)" } ?? failure
  }
}
