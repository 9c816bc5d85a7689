internal import MartletFileSystem
internal import MartletNode
internal import MartletObjects
internal import MartletSeal
internal import SystemPackage

/// Makes a disk show what the messages of a folder say.
///
/// Nothing that was not seen before is replaced: each path is compared with what was last seen of
/// it immediately before, and what took its place is looked at again. What was done is kept as it goes.
final class Apply {
  /// Files, and bytes, between two commits.
  static let batchCount = 16_384
  static let batchByteCount: UInt64 = 256 << 20

  let folder: OpenFolder
  let root: FolderRoot
  let held: HeldContents
  let catalogue: Catalogue
  let placement: Placement
  var report: ApplyReport
  /// Paths where something stands that was not told yet.
  var stirred: [RelativePath] = []
  /// Files whose content is not here.
  var waiting: [ApplyPlan.Write] = []
  var workPlace: WorkPlace?
  var nextNumber = 0
  var lastParent: (path: RelativePath, directory: Directory)?
  var emptied: Set<RelativePath> = []
  var isStateChanged = false
  private let writer: ClientWriter
  private let chunker: Chunker

  /// - Returns: What was done, and the paths that have to be told first: scan, and apply again.
  static func run(
    _ folder: OpenFolder
  ) throws(FolderError) -> (report: ApplyReport, stirred: [RelativePath]) {
    let root = try folder.root()
    let length = try nodeCall { () throws(NodeError) in
      try folder.node.messageCount(in: folder.group)
    }
    if folder.state.applied == length, !folder.isUnknown {
      return (ApplyReport(folder: folder.name), [])
    }
    try Recovery.run(folder, root)
    do throws(FolderError) {
      let apply = try Apply(folder, root)
      do throws(FolderError) { try apply.run(upTo: length) } catch {
        // What was done until somebody asked to stop is kept.
        if case .node(.interrupted) = error, apply.isStateChanged { try apply.keep() }
        throw error
      }
      return (apply.report, apply.stirred)
    } catch {
      // What is in the way of a full disk goes at once; else the next run sees to it.
      try? Recovery.run(folder, root)
      folder.node.forgetUncommitted()
      throw error
    }
  }

  private init(_ folder: OpenFolder, _ root: FolderRoot) throws(FolderError) {
    self.folder = folder
    self.root = root
    catalogue = try folder.catalogue()
    placement = try folder.placement()
    held = HeldContents(folder, catalogue)
    writer = try folder.writer()
    chunker = writer.chunker()
    report = ApplyReport(folder: folder.name)
  }

  func run(upTo length: UInt64) throws(FolderError) {
    var plan = try ApplyPlan(folder, placement)
    try note(plan.notes)
    try setModes(plan.modes)
    // What a renamed path holds is there already, under its old name.
    try move(&plan)
    waiting = plan.waiting
    try remove(plan.removals)
    try prune()
    // What follows is kept together with this, unless this was much.
    if report.removed + report.moved > Self.batchCount { try keep() }
    try write(plan.writes)
    report.waitingCount = waiting.count
    report.waitingByteCount = try held.missingByteCount(of: waiting)
    let isComplete =
      waiting.isEmpty && stirred.isEmpty && report.refused.isEmpty && folder.isCatalogueWhole
    let applied = isComplete ? length : 0
    if folder.state.applied != applied {
      folder.state.applied = applied
      isStateChanged = true
    }
    reportRefused()
    if try folder.cacheCatalogue(writer) || isStateChanged { try keep() }
    workPlace?.removeIfEmpty()
  }

  /// Says once which paths were passed over since no disk may hold them.
  private func reportRefused() {
    for path in catalogue.refused.dropFirst(folder.state.refusedCount) {
      refuse(path, FolderRules.objection(to: path) ?? "the folder has too many paths")
    }
    guard folder.state.refusedCount != catalogue.refused.count else { return }
    folder.state.refusedCount = catalogue.refused.count
    isStateChanged = true
  }

  /// Makes durable what was done, then says that it was.
  func keep() throws(FolderError) {
    lastParent = nil
    try fileCall { () throws(FileSystemError) in try root.sync() }
    try folder.commit(writer)
    isStateChanged = false
  }

  // MARK: What stands there already

  func note(_ notes: [ApplyPlan.Write]) throws(FolderError) {
    for write in notes {
      guard var shown = folder.state.shown[write.path] else { continue }
      shown.covers = write.placed.covers
      shown.copyOf = write.placed.path == write.path ? nil : write.placed.path
      folder.state.shown[write.path] = shown
      isStateChanged = true
    }
  }

  func setModes(_ modes: [ApplyPlan.Write]) throws(FolderError) {
    for write in modes {
      guard case .file(_, _, let permissions) = write.placed.version.content else { continue }
      guard folder.state.holdsPermissions else {
        folder.state.shown[write.path]?.content = write.placed.version.content
        try note([write])
        continue
      }
      try attempting(write.path) { () throws(FileSystemError) in
        guard let shown = folder.state.shown[write.path],
          let (parent, name) = try standingPlace(of: write.path),
          let now = try root.system.information(name, in: parent.number),
          try isAsShown(shown, at: write.path, now)
        else {
          stirred.append(write.path)
          return
        }
        let file = try root.system.open(name, in: parent.number, .read)
        defer { root.system.close(file) }
        try root.system.setPermissions(file, Self.permissions(permissions, now.permissions))
        try root.system.sync(file)
        note(write, try root.system.information(file), isKept: shown.isKept)
        report.written += 1
      }
    }
  }

  /// The owner's permissions; of the others', those that the owner has no more go, and whoever may
  /// read may run what the owner may.
  static func permissions(_ owner: UInt8, _ before: UInt16) -> UInt16 {
    let owner = UInt16(owner & 7)
    var result = owner << 6
    for shift in [3, 0] as [UInt16] {
      var others = before >> shift & 6
      if others & 4 != 0 { others |= 1 }
      result |= (others & owner) << shift
    }
    return result
  }

  // MARK: Noting

  func noteSeen(
    _ write: ApplyPlan.Write, _ name: [UInt8], in parent: Directory
  ) throws(FileSystemError) {
    guard let now = try root.system.information(name, in: parent.number) else { return }
    note(write, now)
  }

  /// - Parameter isKept: Whether the store was seen to have the content.
  func note(_ write: ApplyPlan.Write, _ now: FileInformation, isKept: Bool = true) {
    folder.state.shown[write.path] = FolderState.Shown(
      copyOf: write.placed.path == write.path ? nil : write.placed.path,
      covers: write.placed.covers, content: write.placed.version.content,
      seen: folder.seen(now), isKept: isKept)
    isStateChanged = true
  }

  func refuse(_ path: RelativePath, _ reason: String) {
    report.refused.append(FolderRefusal(path: path.bytes, reason: reason))
  }

  /// Does something to one path; where that fails for what the path or its place is, it is refused
  /// and the rest goes on.
  func attempting(
    _ path: RelativePath, _ body: () throws(FileSystemError) -> Void
  ) throws(FolderError) {
    do throws(FileSystemError) { try body() } catch {
      switch error.errno {
      case .notDirectory, .tooManySymbolicLinkLevels:
        // Something that was not told yet stands where a directory is to.
        stirred.append(path)
      case .invalidArgument, .illegalByteSequence, .fileNameTooLong, .permissionDenied,
        .notPermitted, .isDirectory, .improperLink, .notSupported, .noFunction, .directoryNotEmpty,
        .noSuchFileOrDirectory, .fileExists, .fileTooLarge:
        refuse(path, error.reason)
      default: throw .file(error)
      }
    }
  }

  // MARK: Looking again

  /// Whether what stands at a path is what was last shown there: by how it looks or, where it was
  /// written so recently that this does not tell, by its content.
  ///
  /// - Parameter isRenamed: Whether it was renamed since, which changes the time of its last change.
  func isAsShown(
    _ shown: FolderState.Shown, at path: RelativePath, _ now: FileInformation,
    isRenamed: Bool = false
  ) throws(FileSystemError) -> Bool {
    guard shown.seen?.isRecent == true else {
      return isRenamed ? shown.isUntouchedButRenamed(now) : shown.isUntouched(now)
    }
    guard shown.hasKind(of: now),
      !folder.state.holdsPermissions || shown.seen?.permissions == now.ownerPermissions
    else { return false }
    var batch = FileLook.Batch(parent: path.parent ?? .root)
    batch.paths = [TreeWalk.Found(path: path, information: now)]
    switch batch.look(root).first?.finding {
    case .link(let target): return shown.content == .link(target: target)
    case .short(_, let found):
      guard case .file(let hash, _, _) = shown.content else { return false }
      return found == hash
    case .long:
      guard case .file(let hash, _, _) = shown.content else { return false }
      let file = try LongFile(path, in: root)
      let found = try? file.hash(chunker, on: folder.node.environment.computing) {
        () throws(FolderError) in
      }
      return found == hash
    default: return false
    }
  }

  // MARK: Places

  /// The directory in which a path stands, made if need be, and the path's name in it.
  func place(
    of path: RelativePath
  ) throws(FileSystemError) -> (parent: Directory, name: [UInt8]) {
    let parent = path.parent ?? .root
    if let lastParent, lastParent.path == parent { return (lastParent.directory, path.name) }
    let directory = try openOrMake(parent)
    lastParent = (parent, directory)
    return (directory, path.name)
  }

  /// The same of a path on which something was shown: nothing is made for what somebody removed.
  ///
  /// - Returns: Nil if its directory does not stand any more.
  func standingPlace(
    of path: RelativePath
  ) throws(FileSystemError) -> (parent: Directory, name: [UInt8])? {
    let parent = path.parent ?? .root
    if let lastParent, lastParent.path == parent { return (lastParent.directory, path.name) }
    do throws(FileSystemError) {
      let directory = try root.open(parent)
      lastParent = (parent, directory)
      return (directory, path.name)
    } catch {
      guard error.errno == .noSuchFileOrDirectory else { throw error }
      return nil
    }
  }

  func openOrMake(_ path: RelativePath) throws(FileSystemError) -> Directory {
    do throws(FileSystemError) { return try root.open(path) } catch {
      guard error.errno == .noSuchFileOrDirectory, let parent = path.parent else { throw error }
      let above = try openOrMake(parent)
      do throws(FileSystemError) {
        try root.system.makeDirectory(path.name, in: above.number, permissions: 0o777)
      } catch {
        if error.errno != .fileExists { throw error }
      }
      return try root.open(path)
    }
  }

  func openWorkPlace() throws(FileSystemError) -> WorkPlace {
    if let workPlace { return workPlace }
    let opened = try WorkPlace(in: root)
    workPlace = opened
    return opened
  }

  func number() -> Int {
    nextNumber += 1
    return nextNumber
  }

  func checkStop() throws(FolderError) {
    if folder.node.shouldStop?() == true { throw .node(.interrupted) }
  }
}
