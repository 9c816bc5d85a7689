internal import MartletFileSystem
internal import MartletNode
internal import MartletSeal
internal import MartletWire
internal import MartletWorkers
internal import SystemPackage

/// Looks for what changed on disk since it was last shown, and tells it.
struct Scan {
  let folder: OpenFolder
  let root: FolderRoot
  let walk: TreeWalk
  var report: ScanReport
  var writer: ChangeWriter?
  var placement: Placement
  var catalogue = Catalogue()
  /// Versions that were put aside beside a conflict: their copies were removed or edited.
  var dismissed: [RelativePath: [VersionID]] = [:]
  var isShownChanged = false
  var wasAllShown = false
  let isDryRun: Bool
  let isShown: Bool

  /// - Parameters:
  ///   - isConfirmed: Whether it is known that most files are meant to be gone.
  ///   - isShown: Whether somebody sees the report: what was named once is not named again.
  /// - Throws: What the root guard says; nothing was told then.
  static func run(
    _ folder: OpenFolder, isConfirmed: Bool, isDryRun: Bool, isShown: Bool = true
  ) throws(FolderError) -> ScanReport {
    let root = try folder.root()
    if !isDryRun { try Recovery.run(folder, root) }
    var scan = try Scan(folder, root, isDryRun: isDryRun, isShown: isShown)
    do throws(FolderError) {
      try scan.run(isConfirmed: isConfirmed)
      return scan.report
    } catch {
      scan.writer?.stop()
      folder.node.forgetUncommitted()
      throw error
    }
  }

  private init(
    _ folder: OpenFolder, _ root: FolderRoot, isDryRun: Bool, isShown: Bool
  ) throws(FolderError) {
    self.isShown = isShown
    self.folder = folder
    self.root = root
    self.isDryRun = isDryRun
    let store = try fileCall { () throws(FileSystemError) in
      try folder.system.information(at: folder.node.path)
    }
    let node = folder.node
    walk = try TreeWalk(
      root, excluding: store.map { TreeWalk.Excluded(inode: $0.inode, device: $0.device) },
      on: node.environment.reading, isStopped: { node.shouldStop?() == true })
    placement = Placement(Catalogue()) { _ in nil }
    report = ScanReport(
      folder: folder.name, added: 0, changed: 0, deleted: 0,
      fileCount: walk.found.count { $0.information.kind != .directory }, newByteCount: 0,
      passedOver: walk.passedOver + walk.failed)
  }

  mutating func run(isConfirmed: Bool) throws(FolderError) {
    let length = try messageCount()
    wasAllShown = !folder.isUnknown && folder.state.applied == length
    var changed: [TreeWalk.Found] = []
    var untouchedCount = 0
    for found in walk.found {
      if folder.state.shown[found.path]?.isUntouched(found.information) == true {
        untouchedCount += 1
      } else {
        changed.append(found)
      }
    }
    var missing: [RelativePath] = []
    if untouchedCount < folder.state.shown.count {
      let stands = Set(walk.found.lazy.map(\.path))
      for (path, shown) in folder.state.shown.all where !stands.contains(path) {
        if shown.content == .directory, walk.directories.contains(path) { continue }
        if !walk.isUnknown(path) { missing.append(path) }
      }
    }
    let moved = movedContents(missing)
    if !isConfirmed { try guardRoot(missing, changed, moved) }
    if !changed.isEmpty || !missing.isEmpty {
      catalogue = try folder.catalogue()
      placement = try folder.placement()
      try tell(changed.sorted { $0.path < $1.path }, missing.sorted(), moved)
    }
    try giveWanted()
    try finish()
  }

  // MARK: The root guard

  /// An unmounted disk must never delete everybody's files.
  func guardRoot(
    _ missing: [RelativePath], _ changed: [TreeWalk.Found], _ moved: [MovedKey: Content]
  ) throws(FolderError) {
    let reappeared = changed.count { moved[MovedKey($0.information)] != nil }
    let shown = folder.state.shown.values.count { $0.content.holdsBytes }
    let gone = missing.count { folder.state.shown[$0]?.content.holdsBytes == true } - reappeared
    let isEmptied = walk.found.isEmpty && walk.directories.isEmpty && shown > 1
    guard isEmptied || (gone > 20 && gone > shown / 2) else { return }
    throw .manyDeletions(folder.name, root.path, missing: gone, of: shown)
  }

  // MARK: Renamed directories

  /// A file that a renamed directory took along is the same file: not even its last change differs.
  struct MovedKey: Hashable {
    var inode: UInt64
    var modified: Int64
    var changed: Int64
    var byteCount: UInt64

    init(_ information: FileInformation) {
      inode = information.inode
      modified = information.modified
      changed = information.changed
      byteCount = information.byteCount
    }

    init(_ seen: FolderState.Seen, byteCount: UInt64) {
      inode = seen.inode
      modified = seen.modified
      changed = seen.changed
      self.byteCount = byteCount
    }
  }

  func movedContents(_ missing: [RelativePath]) -> [MovedKey: Content] {
    var moved: [MovedKey: Content] = [:]
    for path in missing {
      guard let shown = folder.state.shown[path], let seen = shown.seen,
        case .file(_, let byteCount, _) = shown.content
      else { continue }
      moved[MovedKey(seen, byteCount: byteCount)] = shown.content
    }
    return moved
  }

  // MARK: Looking and telling

  mutating func tell(
    _ changed: [TreeWalk.Found], _ missing: [RelativePath], _ moved: [MovedKey: Content]
  ) throws(FolderError) {
    var gone = missing[...]
    let root = root
    var rest = changed[...]
    // What is read ahead, besides what is being hashed.
    let stage = OrderedStage(folder.node.environment.reading) {
      (batch: FileLook.Batch) throws(FolderError) -> [FileLook] in batch.look(root)
    }
    defer { stage.stop() }
    while true {
      let looks = try stage.next { () throws(FolderError) -> FileLook.Batch? in
        Self.nextBatch(&rest)
      }
      guard let looks else { break }
      for look in looks {
        try checkStop()
        var look = look
        // Only where reading is dear, and only by times that no other file has by chance.
        if case .long = look.finding, folder.state.shown[look.path] == nil,
          !look.information.modified.isMultiple(of: 1_000_000_000),
          let content = moved[MovedKey(look.information)], case .file = content
        {
          look.finding = .moved(content)
        }
        while let path = gone.first, path < look.path {
          try tellMissing(path)
          gone.removeFirst()
        }
        try tell(look)
      }
    }
    for path in gone { try tellMissing(path) }
  }

  private static func nextBatch(_ rest: inout ArraySlice<TreeWalk.Found>) -> FileLook.Batch? {
    guard let first = rest.first else { return nil }
    let parent = first.path.parent ?? .root
    var batch = FileLook.Batch(parent: parent)
    repeat {
      let found = rest.removeFirst()
      batch.byteCount += found.information.byteCount
      batch.paths.append(found)
    } while rest.first.map { batch.takes($0, below: $0.path.parent ?? .root) } ?? false
    return batch
  }

  mutating func tell(_ look: FileLook) throws(FolderError) {
    var permissions: UInt8 = 0
    if look.information.kind == .file {
      // A disk without them shows the same for every file.
      permissions = folder.state.holdsPermissions ? look.information.ownerPermissions : 6
    }
    switch look.finding {
    case .gone: return
    case .failed(let reason):
      pass(over: look.path, reason)
    case .directory: try tell(look, .directory, giving: .nothing)
    case .link(let target): try tell(look, .link(target: target), giving: .nothing)
    case .moved(.file(let hash, let byteCount, _)):
      try tell(
        look, .file(hash: hash, byteCount: byteCount, permissions: permissions), giving: .nothing)
    case .moved: return
    case .short(let bytes, let hash):
      try tell(
        look,
        .file(hash: hash, byteCount: UInt64(bytes.count), permissions: permissions),
        giving: .bytes(bytes))
    case .long: try tellLong(look, permissions)
    }
  }

  /// What an entry can give of its content.
  enum Giving {
    case nothing
    /// Of a short file, if nobody gave them yet.
    case bytes([UInt8])
    /// Those that the writer has just made of a long file.
    case ownBlobs
  }

  /// Whether a content is neither what is to stand at the path nor what stood there.
  func isNews(_ look: FileLook, _ content: Content) -> Bool {
    if let placed = placement.placed(at: look.path), content.isSame(as: placed.version.content) {
      return false
    }
    return folder.state.shown[look.path].map { !content.isSame(as: $0.content) } ?? true
  }

  /// Decides what a path says that was looked at.
  mutating func tell(
    _ look: FileLook, _ content: Content, giving: Giving
  ) throws(FolderError) {
    let path = look.path
    let shown = folder.state.shown[path]
    let placed = placement.placed(at: path)
    let seen = folder.seen(look.information)
    let isModeChanged = isModeChanged(look.information, shown)
    // Of a file that was written or whose permissions were set before a crash, other permissions
    // than were shown are no news.
    let isModeNews =
      isModeChanged && content != placed?.version.content
      && shown.map { content.isSame(as: $0.content) } == true
    if !isModeNews, let placed, content.isSame(as: placed.version.content) {
      // It stands as it is to stand: written before a crash, equal from the beginning, or touched.
      // Other permissions are for the next apply.
      if content != placed.version.content {
        wasAllShown = false
        folder.state.applied = 0
      }
      show(
        path,
        FolderState.Shown(
          copyOf: placed.path == path ? nil : placed.path, covers: placed.covers,
          content: content, seen: seen))
      return
    }
    if !isModeChanged, var shown, content.isSame(as: shown.content) {
      shown.seen = seen
      show(path, shown)
      return
    }
    var content = content
    if !isModeChanged, case .file(_, _, let before) = shown?.content,
      case .file(let hash, let byteCount, _) = content
    {
      // What the disk cannot hold is not taken from it.
      content = .file(hash: hash, byteCount: byteCount, permissions: before)
    }
    var replaces = shown?.covers ?? []
    var isFound = false
    if let shown, let original = shown.copyOf {
      // An edited copy is a file of its own.
      dismissed[original, default: []] += shown.covers
      replaces = voidVersions(at: path)
    } else if shown == nil {
      replaces = voidVersions(at: path)
      isFound = folder.isUnknown && catalogue.paths[path]?.current.isEmpty == false
    }
    report.added += shown == nil ? 1 : 0
    report.changed += shown == nil ? 0 : 1
    guard !isDryRun else { return }
    let writer = try openWriter()
    var isGiven = false
    if case .file(let hash, let byteCount, _) = content, byteCount > 0, !folder.state.offers,
      try writer.isWanting(hash)
    {
      switch giving {
      case .nothing: break
      case .bytes(let bytes):
        try writer.give(bytes, hash)
        isGiven = true
      case .ownBlobs: isGiven = true
      }
    }
    try writer.add(
      FolderChange.Entry(
        path: path, content: content,
        modified: content.holdsBytes ? look.information.modified : 0, isFound: isFound,
        replaces: replaces, isGiven: isGiven),
      ChangeWriter.Effect(content: content, seen: seen))
    progress()
  }

  /// Versions at a path of which a disk shows nothing: whoever puts something there has seen them.
  func voidVersions(at path: RelativePath) -> [VersionID] {
    guard let current = catalogue.paths[path]?.current,
      current.allSatisfy({ !$0.content.holdsBytes })
    else { return [] }
    return current.map(\.id)
  }

  mutating func tellMissing(_ path: RelativePath) throws(FolderError) {
    guard let shown = folder.state.shown[path] else { return }
    guard placement.placed(at: path) != nil else {
      // It is to be gone.
      show(path, nil)
      return
    }
    if let original = shown.copyOf {
      dismissed[original, default: []] += shown.covers
      show(path, nil)
      return
    }
    let current = Set(catalogue.paths[path]?.current.map(\.id) ?? [])
    guard shown.covers.contains(where: { current.contains($0) }) else {
      // Replaced by what has come and was not written here yet: it will be.
      show(path, nil)
      return
    }
    // An editor may just have put another file in its place.
    let now = try fileCall { () throws(FileSystemError) in try root.information(at: path) }
    guard now == nil || now?.kind == .directory else {
      return pass(over: path, FileLook.isChanging)
    }
    report.deleted += 1
    guard !isDryRun else { return }
    try openWriter().add(
      FolderChange.Entry(
        path: path, content: .deleted, modified: 0, replaces: shown.covers, isGiven: false),
      ChangeWriter.Effect(content: nil, seen: nil))
  }

  // MARK: Small things

  mutating func openWriter() throws(FolderError) -> ChangeWriter {
    if let writer { return writer }
    let writer = try ChangeWriter(folder, root)
    self.writer = writer
    return writer
  }

  mutating func show(_ path: RelativePath, _ shown: FolderState.Shown?) {
    guard folder.state.shown[path] != shown else { return }
    folder.state.shown[path] = shown
    isShownChanged = true
  }

  /// Whether somebody changed the owner's permissions of what is shown.
  func isModeChanged(
    _ information: FileInformation, _ shown: FolderState.Shown?
  ) -> Bool {
    guard folder.state.holdsPermissions, information.kind == .file, let seen = shown?.seen,
      case .file = shown?.content
    else {
      return false
    }
    return seen.permissions != information.ownerPermissions
  }

  func checkStop() throws(FolderError) {
    try nodeCall { () throws(NodeError) in
      if folder.node.shouldStop?() == true { throw NodeError.interrupted }
    }
  }

  func progress() {
    let count = report.added + report.changed
    guard count.isMultiple(of: 256) else { return }
    folder.node.progress?(
      Progress(
        activity: .scanning, bytes: writer?.newByteCount ?? 0, totalBytes: nil,
        objects: UInt64(max(0, count))))
  }
}
