internal import MartletFileSystem
internal import MartletNode
internal import MartletWorkers
internal import SystemPackage

/// What stands below a folder's root.
struct TreeWalk: Sendable {
  struct Found: Sendable {
    var path: RelativePath
    /// Of a file, a link, or a directory in which nothing stands.
    var information: FileInformation
  }

  var found: [Found] = []
  /// All of them, empty or not.
  var directories: Set<RelativePath> = []
  /// Directories that could not be looked into: what stands below them is not known.
  var unknown: [RelativePath] = []
  /// What does not travel, by what it is.
  var passedOver: [FolderRefusal] = []
  /// What could not be looked at this time.
  var failed: [FolderRefusal] = []

  /// A directory that is passed over wherever it stands: this device's own store.
  struct Excluded: Sendable {
    var inode: UInt64
    var device: UInt64
  }

  private struct Visit: Sendable {
    var found: [Found] = []
    var below: [RelativePath] = []
    var unknown: [RelativePath] = []
    var passedOver: [FolderRefusal] = []
    var failed: [FolderRefusal] = []
  }

  /// Directories that one thread looks into in one go.
  private static let batchCount = 16

  /// Walks level by level, on several threads.
  ///
  /// - Throws: If the root cannot be read.
  init(
    _ root: FolderRoot, excluding excluded: Excluded?, on pipeline: OrderedPipeline,
    isStopped: () -> Bool
  ) throws(FolderError) {
    // The root first, and by itself: what fails there is no matter of one directory.
    let first: Visit
    do throws(FileSystemError) { first = try Self.visit(.root, root, excluded) } catch {
      throw .file(error)
    }
    var level = take(first)
    while !level.isEmpty {
      if isStopped() { throw .node(.interrupted) }
      var next: [RelativePath] = []
      let batches = stride(from: 0, to: level.count, by: Self.batchCount).map { [level] in
        Array(level[$0..<min(level.count, $0 + Self.batchCount)])
      }
      let visits: @Sendable ([RelativePath]) throws(FolderError) -> [Visit] = { paths in
        paths.map { path in
          do throws(FileSystemError) { return try Self.visit(path, root, excluded) } catch {
            // Gone since: that is for the next scan. Whatever it is, nothing below is known.
            return Visit(
              unknown: [path],
              failed: error.errno == .noSuchFileOrDirectory
                ? [] : [FolderRefusal(path: path.bytes, reason: error.reason)])
          }
        }
      }
      try pipeline.run(over: batches, transform: visits) { visits throws(FolderError) in
        for visit in visits { next += take(visit) }
      }
      level = next
    }
  }

  private mutating func take(_ visit: Visit) -> [RelativePath] {
    found += visit.found
    directories.formUnion(visit.below)
    unknown += visit.unknown
    passedOver += visit.passedOver
    failed += visit.failed
    return visit.below
  }

  private static func visit(
    _ path: RelativePath, _ root: FolderRoot, _ excluded: Excluded?
  ) throws(FileSystemError) -> Visit {
    var visit = Visit()
    let directory = try root.open(path)
    let entries = try root.system.entries(of: directory.number)
    visit.found.reserveCapacity(entries.count)
    var isEmpty = true
    for entry in entries {
      if path.isRoot, entry.name == FolderRules.ownName { continue }
      isEmpty = false
      let here = path.appending(entry.name)
      if let objection = FolderRules.objection(toName: entry.name, isFirst: path.isRoot)
        ?? (here.bytes.count > RelativePath.byteLimit ? RelativePath.Flaw.tooLong.rawValue : nil)
      {
        visit.passedOver.append(FolderRefusal(path: here.bytes, reason: objection))
        visit.unknown.append(here)
        continue
      }
      guard let information = try root.system.information(entry.name, in: directory.number) else {
        // Gone since, or replaced in this moment: that is for the next scan.
        visit.unknown.append(here)
        continue
      }
      switch information.kind {
      case .file, .link: visit.found.append(Found(path: here, information: information))
      case .directory:
        if information.device != root.information.device {
          visit.passedOver.append(
            FolderRefusal(path: here.bytes, reason: "another disk is mounted there"))
          visit.unknown.append(here)
        } else if let excluded, excluded.inode == information.inode,
          excluded.device == information.device
        {
          visit.passedOver.append(
            FolderRefusal(path: here.bytes, reason: "this device's own store"))
          visit.unknown.append(here)
        } else {
          visit.below.append(here)
        }
      case .other:
        visit.passedOver.append(
          FolderRefusal(path: here.bytes, reason: "a pipe, socket or device"))
      }
    }
    if isEmpty, !path.isRoot, let information = try? root.system.information(directory.number) {
      visit.found.append(Found(path: path, information: information))
    }
    return visit
  }

  /// Whether nothing can be said of a path.
  func isUnknown(_ path: RelativePath) -> Bool {
    unknown.contains { path == $0 || path.isBelow($0) }
  }
}
