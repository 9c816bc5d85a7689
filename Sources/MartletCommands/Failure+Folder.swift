internal import MartletFileSystem
package import MartletFolders
internal import MartletNode
internal import MartletStore
internal import SystemPackage

// What each error about a folder ends with, what it says was kept, and what to do about it.

extension Failure {
  /// - Parameter signal: The one that came, for what it interrupted.
  package init(_ error: FolderError, signal: Int32? = nil) {
    switch error {
    case .node(let error): self = Failure(error, signal: signal)
    case .file(let error): self = Failure(NodeError.file(error), signal: signal)
    case .stateDamaged(let what): self = Failure(NodeError.stateDamaged(what))
    case .unknownFolder(let name):
      self.init(
        .failed, "no folder is named \(Escape.text(name))",
        hint: "`martlet folder list` shows the folders, `martlet folder add` adds one")
    case .ambiguousFolder(let name):
      self.init(
        .failed, "more than one folder is named \(Escape.text(name))",
        hint: "name it by the first digits of its id; `martlet folder list` shows them")
    case .notInAFolder(let path):
      self.init(
        .failed, "\(Escape.text(path)) is in no folder that is kept here",
        hint: "`martlet folder list` shows where the folders are", path: path)
    case .keptElsewhere(let name, let path):
      self.init(
        .failed, "the folder \(Escape.text(name)) is kept in \(Escape.text(path)) already",
        hint: "to keep it elsewhere: `martlet folder remove \(Escape.text(name))` first", path: path
      )
    case .overlaps(let path, let name):
      self.init(
        .failed,
        "\(Escape.text(path)) and the folder \(Escape.text(name)) would lie one in the other; "
          + "nothing was changed",
        hint: "name another directory; `martlet folder list` shows where the folders are",
        path: path)
    case .holdsStore(let path):
      self.init(
        .failed, "\(Escape.text(path)) holds the store, or lies in it; nothing was changed",
        hint: "name another directory", path: path)
    case .noDirectory(let path):
      self.init(
        .usage, "\(Escape.text(path)) is not there, or no directory",
        hint: "name a directory that is there", path: path)
    case .rootMissing(let name, let path):
      self.init(
        .inputOutput,
        "the directory \(Escape.text(path)) of the folder \(Escape.text(name)) is gone; "
          + "nothing was scanned, told or deleted",
        hint:
          "mount its disk; if it is gone for good: `martlet folder remove \(Escape.text(name))`",
        path: path)
    case .rootReplaced(let name, let path):
      self.init(
        .inputOutput,
        "another directory or disk stands at \(Escape.text(path)), where the folder "
          + "\(Escape.text(name)) was; nothing was scanned, told or deleted",
        hint: "mount its disk; if this is to be it: `martlet folder remove \(Escape.text(name))`, "
          + "then `martlet folder accept \(Escape.text(name)) DIR`",
        path: path)
    case .manyDeletions(let name, let path, let missing, let count):
      self.init(
        .inputOutput,
        "\(max(0, missing)) of \(Words.count(count, "file")) of the folder \(Escape.text(name)) "
          + "have vanished from \(Escape.text(path)); nothing was told or deleted",
        hint: "mount what is missing; if they are meant to be gone: "
          + "`martlet folder scan \(Escape.text(name)) --confirm-deletes`", path: path)
    case .unknownVersion(let path, ""):
      self.init(
        .failed, "\(Escape.text(path)) has no earlier content; nothing was changed",
        hint: "`martlet folder log \(Escape.text(path))` shows its versions", path: path)
    case .unknownVersion(let path, let version):
      self.init(
        .failed,
        "\(Escape.text(path)) has no version \(Escape.text(version)), or more than one begins so; "
          + "nothing was changed",
        hint: "`martlet folder log \(Escape.text(path))` shows its versions", path: path)
    case .unknownPath(let path):
      self.init(
        .failed, "\(Escape.text(path)) never was in the folder",
        hint: "if it is new: `martlet folder scan`", path: path)
    case .contentMissing(let path, let byteCount):
      self.init(
        .partial,
        "the content of \(Escape.text(path)) is not here: \(Words.bytes(byteCount)) are missing; "
          + "what stands there was left alone",
        hint: "`martlet folder request \(Escape.text(path))` asks for it, then sync", path: path)
    case .notWritten(let path, let reason):
      self.init(
        .partial,
        "\(Escape.text(path)) was brought back for all members, and could not be written here: "
          + Escape.text(reason), hint: "the next `martlet sync` tries again", path: path)
    case .stands(let path):
      self.init(
        .failed, "what stands at \(Escape.text(path)) would be lost; it was left alone",
        hint: "move it away, then do it again", path: path)
    }
  }
}

extension FolderError {
  /// Whether it is the disk of the folder that is not there, as far as can be told.
  var isOfRoot: Bool {
    switch self {
    case .rootMissing, .rootReplaced, .manyDeletions: true
    default: false
    }
  }

  /// Whether it ends all work, not only that on one folder.
  var isOfDevice: Bool {
    switch self {
    case .node(.interrupted): true
    // What is damaged or missing may be one folder's alone, and come again from a peer.
    case .node(.store(.damaged)), .node(.store(.missing)), .node(.store(.objectDamaged)): false
    case .node(.store): true
    case .file(let error): error.errno == .interrupted
    default: false
    }
  }
}
