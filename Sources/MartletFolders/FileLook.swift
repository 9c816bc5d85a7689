internal import MartletFileSystem
internal import MartletSeal
internal import SystemPackage

/// A closer look at what a walk found: what stands there, by its content.
struct FileLook: Sendable {
  enum Finding: Sendable {
    /// A file shorter than ``ContentHash/sharedLimit``, whole.
    case short(bytes: [UInt8], hash: ContentHash)
    /// A longer file, to be read in pieces.
    case long
    case link(target: [UInt8])
    case directory
    /// It is what another path showed: a directory above it was renamed.
    case moved(Content)
    /// It cannot be told now.
    case failed(String)
    /// It is gone since.
    case gone
  }

  var path: RelativePath
  var information: FileInformation
  var finding: Finding

  /// What one thread looks at in one go: paths of one directory, of about a MiB.
  struct Batch: Sendable {
    static let byteLimit: UInt64 = 1 << 20
    static let countLimit = 64

    var parent: RelativePath
    var paths: [TreeWalk.Found] = []
    var byteCount: UInt64 = 0

    /// Whether another path goes along.
    func takes(_ found: TreeWalk.Found, below parent: RelativePath) -> Bool {
      parent == self.parent && paths.count < Self.countLimit
        && byteCount + found.information.byteCount <= Self.byteLimit
    }

    /// Runs on any thread.
    func look(_ root: FolderRoot) -> [FileLook] {
      let directory: Directory
      do throws(FileSystemError) { directory = try root.open(parent) } catch {
        let finding: Finding =
          error.errno == .noSuchFileOrDirectory ? .gone : .failed(error.reason)
        return paths.map {
          FileLook(path: $0.path, information: $0.information, finding: finding)
        }
      }
      return paths.map { found in
        var look = FileLook(path: found.path, information: found.information, finding: .gone)
        do throws(FileSystemError) { try look.look(in: directory) } catch {
          look.finding = error.errno == .noSuchFileOrDirectory ? .gone : .failed(error.reason)
        }
        return look
      }
    }
  }

  /// Why a file is left to the next scan.
  static let isChanging = "it changes while it is read; the next scan takes it"

  private mutating func look(in directory: Directory) throws(FileSystemError) {
    let system = directory.system
    switch information.kind {
    case .directory: finding = .directory
    case .link:
      finding = .link(target: try system.linkTarget(path.name, in: directory.number))
      if let now = try system.information(path.name, in: directory.number) { information = now }
    case .file:
      let number = try system.open(path.name, in: directory.number, .read)
      defer { system.close(number) }
      information = try system.information(number)
      guard information.kind == .file else {
        finding = .failed(FileLook.isChanging)
        return
      }
      guard information.byteCount < ContentHash.sharedLimit else {
        finding = .long
        return
      }
      // One byte more than is expected would show that it grows.
      let bytes = try system.read(number, at: 0, count: Int(information.byteCount) + 1)
      let after = try system.information(number)
      guard after == information, bytes.count == Int(information.byteCount) else {
        finding = .failed(FileLook.isChanging)
        return
      }
      finding = .short(bytes: bytes, hash: ContentHash(short: bytes))
    case .other: finding = .failed("a pipe, socket or device")
    }
  }
}
