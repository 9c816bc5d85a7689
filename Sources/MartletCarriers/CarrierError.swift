package import MartletFileSystem
package import SystemPackage

/// A reason a carrier cannot move a bundle.
///
/// Nothing that somebody else put on the medium was touched, and of a bundle that was being
/// written nothing is left, save where the medium is gone or no longer takes changes.
package enum CarrierError: Error, Equatable, Sendable {
  /// No directory stands at the path.
  case noDirectory(FilePath)
  /// The medium is mounted read-only.
  case readOnly(FilePath)
  /// The file does not fit: no space is left, or it would be too large for the medium.
  /// `needed` is how many bytes it has at least, where that is known.
  case full(FilePath, needed: UInt64?)
  /// The medium, its directory or the file went away while we used it.
  case gone(FilePath)
  /// Another system call failed.
  case system(FileSystemError)
  /// What was written does not read back as it was; it was removed.
  case doesNotReadBack(FilePath)
  /// Something that is not ours to replace stands there.
  case exists(FilePath)
}

extension CarrierError {
  /// What a failed system call means to a carrier.
  ///
  /// - Parameter needed: How many bytes were to be written, all told.
  package init(_ error: FileSystemError, needed: UInt64? = nil) {
    switch error.errno {
    case .readOnlyFileSystem: self = .readOnly(error.path)
    case .fileExists: self = .exists(error.path)
    default:
      self =
        switch error.category {
        case .noSpace: .full(error.path, needed: needed)
        case .gone: .gone(error.path)
        default: .system(error)
        }
    }
  }

  /// Makes system calls, and says what their failure means.
  static func naming<Result>(
    needed: UInt64? = nil, _ body: () throws(FileSystemError) -> Result
  ) throws(CarrierError) -> Result {
    do { return try body() } catch { throw CarrierError(error, needed: needed) }
  }

  /// The path that the failure is about.
  package var path: FilePath {
    switch self {
    case .noDirectory(let path), .readOnly(let path), .full(let path, _), .gone(let path),
      .doesNotReadBack(let path), .exists(let path):
      path
    case .system(let error): error.path
    }
  }
}

extension CarrierError: CustomStringConvertible {
  /// What is wrong with which path; what was kept; what to do. Lower case, no full stop.
  package var description: String {
    let path = path.printable
    return switch self {
    case .noDirectory:
      "cannot use \(path): it is not a directory; nothing was changed; "
        + "check the path, and that the medium is mounted"
    case .readOnly:
      "cannot write to \(path): the medium is read-only; it was left as it is; "
        + "unlock it, or use another"
    case .full(_, let needed):
      "cannot write \(path): it does not fit"
        + (needed.map { ", it has \($0) bytes or more" } ?? "")
        + "; what was written of it was removed, and nothing else was touched; "
        + "free some space or use another medium, then try again"
    case .gone:
      "cannot reach \(path): the medium or the file is gone; "
        + "what was finished before is kept; connect it again, then try again"
    case .system(let error):
      "\(error); nothing else on the medium was touched"
    case .doesNotReadBack:
      "\(path) does not read back as it was written; it was removed, and nothing else was "
        + "touched; the medium is failing: use another"
    case .exists:
      "cannot write \(path): something stands there that is not ours; it was left as it is; "
        + "use another name"
    }
  }
}
