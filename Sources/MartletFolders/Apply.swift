internal import MartletFileSystem
internal import MartletNode
internal import MartletSeal
internal import SystemPackage

/// Makes a disk show what the messages of a folder say.
///
/// Nothing that was not seen before is replaced: each path is compared with what was last seen of
/// it immediately before, and what took its place is looked at again. What was done is kept as it goes.
final class Apply {
  /// Files, and bytes, between two commits.
  private static let batchCount = 16_384
  private static let batchByteCount: UInt64 = 256 << 20

  private let folder: OpenFolder
  private let root: FolderRoot
  private let held: HeldContents
  private let catalogue: Catalogue
  private let placement: Placement
  private var report: ApplyReport
  /// Paths where something stands that was not told yet.
  private(set) var stirred: [RelativePath] = []
  private var workPlace: WorkPlace?
  private var nextNumber = 0
  private var lastParent: (path: RelativePath, directory: Directory)?
  private var emptied: Set<RelativePath> = []
  private var isStateChanged = false

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
      try apply.run(upTo: length)
      return (apply.report, apply.stirred)
    } catch {
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
    report = ApplyReport(folder: folder.name)
  }

  private func run(upTo length: UInt64) throws(FolderError) {
    var plan = try ApplyPlan(folder, placement)
    report.waitingCount = plan.waiting.count
    report.waitingByteCount = plan.waitingByteCount
    let writer = try folder.writer()
    try note(plan.notes)
    try setModes(plan.modes)
    // What a renamed path holds is there already, under its old name.
    try move(&plan)
    try remove(plan.removals)
    try prune()
    // What follows is kept together with this, unless this was much.
    if report.removed + report.moved > Self.batchCount { try keep(writer) }
    try write(plan.writes, writer)
    let isComplete = plan.waiting.isEmpty && stirred.isEmpty && report.refused.isEmpty
    let applied = isComplete ? length : 0
    if folder.state.applied != applied {
      folder.state.applied = applied
      isStateChanged = true
    }
    reportRefused()
    if try folder.cacheCatalogue(writer) || isStateChanged { try keep(writer) }
    workPlace?.removeIfEmpty()
  }

  /// Says once which paths were passed over since no disk may hold them.
  private func reportRefused() {
    for path in catalogue.refused.dropFirst(folder.state.refusedCount) {
      refuse(path, FolderRules.objection(to: path) ?? "")
    }
    guard folder.state.refusedCount != catalogue.refused.count else { return }
    folder.state.refusedCount = catalogue.refused.count
    isStateChanged = true
  }

  /// Makes durable what was done, then says that it was.
  private func keep(_ writer: ClientWriter) throws(FolderError) {
    lastParent = nil
    try fileCall { () throws(FileSystemError) in try root.sync() }
    try folder.commit(writer)
    isStateChanged = false
  }

  // MARK: What stands there already

  private func note(_ notes: [ApplyPlan.Write]) throws(FolderError) {
    for write in notes {
      guard var shown = folder.state.shown[write.path] else { continue }
      shown.covers = write.placed.covers
      shown.copyOf = write.placed.path == write.path ? nil : write.placed.path
      folder.state.shown[write.path] = shown
      isStateChanged = true
    }
  }

  private func setModes(_ modes: [ApplyPlan.Write]) throws(FolderError) {
    for write in modes {
      guard case .file(_, _, let permissions) = write.placed.version.content else { continue }
      try attempting(write.path) { () throws(FileSystemError) in
        let (parent, name) = try place(of: write.path)
        guard let shown = folder.state.shown[write.path],
          let now = try root.system.information(name, in: parent.number), shown.isUntouched(now)
        else {
          stirred.append(write.path)
          return
        }
        let file = try root.system.open(name, in: parent.number, .read)
        defer { root.system.close(file) }
        try root.system.setPermissions(file, Self.permissions(permissions, now.permissions))
        try root.system.sync(file)
        note(write, try root.system.information(file))
        report.written += 1
      }
    }
  }

  /// The owner's permissions; of the others', those that the owner has no more go, and whoever may
  /// read may run what the owner may.
  private static func permissions(_ owner: UInt8, _ before: UInt16) -> UInt16 {
    let owner = UInt16(owner & 7)
    var result = owner << 6
    for shift in [3, 0] as [UInt16] {
      var others = before >> shift & 6
      if others & 4 != 0 { others |= 1 }
      result |= (others & owner) << shift
    }
    return result
  }

  // MARK: Renaming

  private func move(_ plan: inout ApplyPlan) throws(FolderError) {
    var sources: [ContentHash: [RelativePath]] = [:]
    for path in plan.removals.reversed() {
      if case .file(let hash, let byteCount, _) = folder.state.shown[path]?.content, byteCount > 0 {
        sources[hash, default: []].append(path)
      }
    }
    guard !sources.isEmpty else { return }
    var moved: Set<RelativePath> = []
    var arrived: Set<RelativePath> = []
    func attempt(_ write: ApplyPlan.Write) throws(FolderError) {
      guard folder.state.shown[write.path] == nil,
        case .file(let hash, _, _) = write.placed.version.content,
        let source = sources[hash]?.last, !write.path.isBelow(source),
        folder.state.shown[source]?.content.isSame(as: write.placed.version.content) == true
      else { return }
      sources[hash]?.removeLast()
      var isMoved = false
      try attempting(write.path) { () throws(FileSystemError) in
        isMoved = try move(source, to: write)
      }
      guard isMoved else { return }
      moved.insert(source)
      arrived.insert(write.path)
    }
    for write in plan.writes { try attempt(write) }
    for write in plan.waiting { try attempt(write) }
    guard !moved.isEmpty else { return }
    plan.removals.removeAll { moved.contains($0) }
    plan.writes.removeAll { arrived.contains($0.path) }
    plan.waiting.removeAll { arrived.contains($0.path) }
    report.waitingCount = plan.waiting.count
    if plan.waiting.isEmpty { report.waitingByteCount = 0 }
  }

  /// Renames a file that is as it was seen; else leaves everything as it is.
  private func move(
    _ source: RelativePath, to write: ApplyPlan.Write
  ) throws(FileSystemError) -> Bool {
    guard let shown = folder.state.shown[source] else { return false }
    let from = try root.open(source.parent ?? .root)
    guard let now = try root.system.information(source.name, in: from.number),
      shown.isUntouched(now)
    else { return false }
    let (parent, name) = try place(of: write.path)
    do throws(FileSystemError) {
      try root.system.rename(source.name, in: from.number, to: name, in: parent.number, .keeping)
    } catch {
      if error.errno == .fileExists || Self.isUnsupported(error.errno) { return false }
      throw error
    }
    guard let there = try root.system.information(name, in: parent.number),
      shown.isUntouchedButRenamed(there)
    else {
      // Somebody changed it meanwhile: it goes back, and is told first.
      try root.system.rename(name, in: parent.number, to: source.name, in: from.number, .keeping)
      stirred.append(source)
      return false
    }
    folder.state.shown[source] = nil
    if let directory = source.parent { emptied.insert(directory) }
    try adjust(name, in: parent, to: write, there)
    report.moved += 1
    return true
  }

  /// Gives a renamed file the permissions and the time of the version that it shows now.
  private func adjust(
    _ name: [UInt8], in parent: Directory, to write: ApplyPlan.Write, _ now: FileInformation
  ) throws(FileSystemError) {
    guard case .file(_, _, let permissions) = write.placed.version.content else { return }
    let isModeRight = now.ownerPermissions == permissions
    guard !isModeRight || now.modified != write.placed.version.modified else {
      return note(write, now)
    }
    let file = try root.system.open(name, in: parent.number, .read)
    defer { root.system.close(file) }
    if !isModeRight {
      try root.system.setPermissions(file, Self.permissions(permissions, now.permissions))
    }
    try root.system.setModified(file, write.placed.version.modified)
    note(write, try root.system.information(file))
  }

  // MARK: Removing

  private func remove(_ removals: [RelativePath]) throws(FolderError) {
    for path in removals.reversed() {
      try checkStop()
      guard let shown = folder.state.shown[path] else { continue }
      let isKept = try held.isKept(shown.content)
      try attempting(path) { () throws(FileSystemError) in
        if try remove(path, shown, isKept: isKept) {
          folder.state.shown[path] = nil
          isStateChanged = true
          if let parent = path.parent { emptied.insert(parent) }
        }
      }
    }
  }

  private func remove(
    _ path: RelativePath, _ shown: FolderState.Shown, isKept: Bool
  ) throws(FileSystemError) -> Bool {
    guard let now = try root.information(at: path) else { return true }
    if shown.content == .directory {
      guard now.kind == .directory else { return true }
      emptied.insert(path)
      return true
    }
    guard shown.isUntouched(now) else {
      // A directory that took its place is no file of ours any more.
      if now.kind == .directory { return true }
      stirred.append(path)
      return false
    }
    let parent = try root.open(path.parent ?? .root)
    let work = try openWorkPlace()
    let aside = WorkPlace.oldName(number(), of: path.name)
    try root.system.rename(
      path.name, in: parent.number, to: aside, in: work.directory.number, .replacing)
    guard let there = try root.system.information(aside, in: work.directory.number),
      shown.isUntouchedButRenamed(there)
    else {
      try root.system.rename(
        aside, in: work.directory.number, to: path.name, in: parent.number, .keeping)
      stirred.append(path)
      return false
    }
    try dispose(of: aside, as: path.name, isKept: isKept, in: work)
    report.removed += 1
    return true
  }

  /// Removes what stands in the work place, or trashes what the store does not have.
  private func dispose(
    of name: [UInt8], as original: [UInt8], isKept: Bool, in work: WorkPlace
  ) throws(FileSystemError) {
    if isKept {
      try root.system.remove(name, in: work.directory.number)
    } else {
      try work.trash(name, as: original, random: folder.node.environment.random)
    }
  }

  /// Removes directories in which nothing stands any more and nothing is to.
  private func prune() throws(FolderError) {
    guard !emptied.isEmpty else { return }
    lastParent = nil
    var needed: Set<RelativePath> = []
    for path in folder.state.shown.keys { Self.climb(path, &needed) }
    for path in emptied.sorted().reversed() {
      var here = path
      while !here.isRoot, !needed.contains(here),
        placement.placed(at: here)?.version.content != .directory
      {
        guard let parent = here.parent else { break }
        var isGone = false
        try attempting(here) { () throws(FileSystemError) in
          do throws(FileSystemError) {
            let directory = try root.open(parent)
            try root.system.removeDirectory(here.name, in: directory.number)
            isGone = true
          } catch {
            switch error.errno {
            case .noSuchFileOrDirectory: isGone = true
            case .directoryNotEmpty, .notDirectory, .fileExists: isGone = false
            default: throw error
            }
          }
        }
        guard isGone else { break }
        here = parent
      }
    }
    emptied = []
  }

  private static func climb(_ path: RelativePath, _ parents: inout Set<RelativePath>) {
    var parent = path.parent
    while let here = parent, !here.isRoot, parents.insert(here).inserted { parent = here.parent }
  }

  // MARK: Writing

  private func write(
    _ writes: [ApplyPlan.Write], _ writer: ClientWriter
  ) throws(FolderError) {
    var rest = sortedByPlace(writes)[...]
    while !rest.isEmpty {
      var batch: [ApplyPlan.Write] = []
      var byteCount: UInt64 = 0
      while let write = rest.first, batch.count < Self.batchCount, byteCount < Self.batchByteCount {
        batch.append(write)
        if case .file(_, let count, _) = write.placed.version.content { byteCount += count }
        rest.removeFirst()
      }
      try write(batch: batch, writer)
    }
  }

  /// In the order in which contents lie in blobs, so that each blob is opened once.
  private func sortedByPlace(_ writes: [ApplyPlan.Write]) -> [ApplyPlan.Write] {
    let places = writes.map { write -> (UInt32, UInt32) in
      guard case .file(let hash, _, _) = write.placed.version.content,
        let place = catalogue.contents[hash]
      else { return (0, 0) }
      return (place.blob, place.skip)
    }
    return writes.indices.sorted { places[$0] < places[$1] }.map { writes[$0] }
  }

  private func write(
    batch: [ApplyPlan.Write], _ writer: ClientWriter
  ) throws(FolderError) {
    let work = try fileCall { () throws(FileSystemError) in try openWorkPlace() }
    var items: [Checkout.Item] = []
    var numbers: [Int] = []
    for write in batch {
      let number = number()
      numbers.append(number)
      guard case .file(let hash, let byteCount, let permissions) = write.placed.version.content
      else { continue }
      items.append(
        Checkout.Item(
          number: number, hash: hash, byteCount: byteCount, permissions: permissions,
          modified: write.placed.version.modified,
          place: catalogue.contents[hash] ?? Catalogue.Place(blob: 0, skip: 0, byteCount: 0)))
    }
    let node = folder.node
    var done = report.byteCount
    let results = try Checkout(folder, catalogue, in: work).write(items) { byteCount in
      done += byteCount
      node.progress?(
        Progress(activity: .applying, bytes: done, totalBytes: nil, objects: UInt64(batch.count)))
    }
    // Whole on the disk before anybody sees them under their names.
    try fileCall { () throws(FileSystemError) in try root.sync() }
    let order = batch.indices.sorted { batch[$0].path < batch[$1].path }
    for index in order {
      let write = batch[index]
      let number = numbers[index]
      try checkStop()
      if case .failed(let failure) = results[number] {
        refuse(write.path, failure.words)
        try? root.system.remove(WorkPlace.newName(number), in: work.directory.number)
        continue
      }
      try put(write, number, in: work)
    }
    try keep(writer)
  }

  /// Puts what was made where it belongs.
  private func put(
    _ write: ApplyPlan.Write, _ number: Int, in work: WorkPlace
  ) throws(FolderError) {
    let shown = folder.state.shown[write.path]
    let isKept =
      try shown.map { shown throws(FolderError) in try held.isKept(shown.content) } ?? true
    var isPlaced = false
    try attempting(write.path) { () throws(FileSystemError) in
      let (parent, name) = try place(of: write.path)
      switch write.placed.version.content {
      case .deleted: return
      case .directory:
        isPlaced = try putDirectory(write, name, in: parent, shown, isKept: isKept, work)
      case .link(let target):
        try root.system.makeLink(WorkPlace.newName(number), in: work.directory.number, to: target)
        isPlaced = try putFile(write, number, name, in: parent, shown, isKept: isKept, work)
      case .file:
        isPlaced = try putFile(write, number, name, in: parent, shown, isKept: isKept, work)
      }
    }
    if isPlaced {
      report.written += 1
      if case .file(_, let byteCount, _) = write.placed.version.content {
        report.byteCount += byteCount
      }
      if write.placed.path != write.path, !report.conflicts.contains(write.placed.path.bytes) {
        report.conflicts.append(write.placed.path.bytes)
      }
    } else {
      try? root.system.remove(WorkPlace.newName(number), in: work.directory.number)
    }
  }

  private func putFile(
    _ write: ApplyPlan.Write, _ number: Int, _ name: [UInt8], in parent: Directory,
    _ shown: FolderState.Shown?, isKept: Bool, _ work: WorkPlace
  ) throws(FileSystemError) -> Bool {
    let system = root.system
    var new = WorkPlace.newName(number)
    guard let shown else {
      do throws(FileSystemError) {
        try system.rename(new, in: work.directory.number, to: name, in: parent.number, .keeping)
      } catch {
        guard Self.isUnsupported(error.errno) else {
          if error.errno == .fileExists {
            stirred.append(write.path)
            return false
          }
          throw error
        }
        guard try system.information(name, in: parent.number) == nil else {
          stirred.append(write.path)
          return false
        }
        try system.rename(new, in: work.directory.number, to: name, in: parent.number, .replacing)
      }
      try noteSeen(write, name, in: parent)
      return true
    }
    if shown.content == .directory {
      // It goes if nothing stands in it.
      do throws(FileSystemError) { try system.removeDirectory(name, in: parent.number) } catch {
        if error.errno != .noSuchFileOrDirectory {
          stirred.append(write.path)
          return false
        }
      }
      folder.state.shown[write.path] = nil
      return try putFile(write, number, name, in: parent, nil, isKept: true, work)
    }
    guard let now = try system.information(name, in: parent.number), shown.isUntouched(now) else {
      stirred.append(write.path)
      return false
    }
    // From now on it may hold what somebody wrote: it goes only if that is kept.
    let old = WorkPlace.oldName(number, of: name)
    try system.rename(
      new, in: work.directory.number, to: old, in: work.directory.number, .replacing)
    new = old
    do throws(FileSystemError) {
      try system.rename(new, in: work.directory.number, to: name, in: parent.number, .exchanging)
    } catch {
      guard Self.isUnsupported(error.errno) else { throw error }
      if !isKept {
        try system.rename(
          name, in: parent.number, to: WorkPlace.oldName(self.number(), of: name),
          in: work.directory.number, .replacing)
      }
      try system.rename(new, in: work.directory.number, to: name, in: parent.number, .replacing)
      try noteSeen(write, name, in: parent)
      return true
    }
    guard let displaced = try system.information(old, in: work.directory.number),
      shown.isUntouchedButRenamed(displaced)
    else {
      // Somebody wrote to it in this very moment: that is put back, and told first.
      try system.rename(old, in: work.directory.number, to: name, in: parent.number, .exchanging)
      try system.remove(old, in: work.directory.number)
      stirred.append(write.path)
      return false
    }
    try dispose(of: old, as: name, isKept: isKept, in: work)
    try noteSeen(write, name, in: parent)
    return true
  }

  private func putDirectory(
    _ write: ApplyPlan.Write, _ name: [UInt8], in parent: Directory,
    _ shown: FolderState.Shown?, isKept: Bool, _ work: WorkPlace
  ) throws(FileSystemError) -> Bool {
    let system = root.system
    if let shown, shown.content.holdsBytes,
      try !remove(write.path, shown, isKept: isKept)
    {
      return false
    }
    do throws(FileSystemError) {
      try system.makeDirectory(name, in: parent.number, permissions: 0o777)
    } catch {
      guard error.errno == .fileExists else { throw error }
      guard try system.information(name, in: parent.number)?.kind == .directory else {
        stirred.append(write.path)
        return false
      }
    }
    try noteSeen(write, name, in: parent)
    return true
  }

  // MARK: Noting

  private func noteSeen(
    _ write: ApplyPlan.Write, _ name: [UInt8], in parent: Directory
  ) throws(FileSystemError) {
    guard let now = try root.system.information(name, in: parent.number) else { return }
    note(write, now)
  }

  private func note(_ write: ApplyPlan.Write, _ now: FileInformation) {
    folder.state.shown[write.path] = FolderState.Shown(
      copyOf: write.placed.path == write.path ? nil : write.placed.path,
      covers: write.placed.covers, content: write.placed.version.content,
      seen: folder.seen(now))
    isStateChanged = true
  }

  private func refuse(_ path: RelativePath, _ reason: String) {
    report.refused.append(FolderRefusal(path: path.bytes, reason: reason))
  }

  /// Does something to one path; where that fails for what the path or its place is, it is refused
  /// and the rest goes on.
  private func attempting(
    _ path: RelativePath, _ body: () throws(FileSystemError) -> Void
  ) throws(FolderError) {
    do throws(FileSystemError) { try body() } catch {
      switch error.errno {
      case .notDirectory, .tooManySymbolicLinkLevels:
        // Something that was not told yet stands where a directory is to.
        stirred.append(path)
      case .invalidArgument, .illegalByteSequence, .fileNameTooLong, .permissionDenied,
        .notPermitted, .isDirectory, .improperLink, .notSupported, .directoryNotEmpty,
        .noSuchFileOrDirectory, .fileExists, .fileTooLarge:
        refuse(path, error.reason)
      default: throw .file(error)
      }
    }
  }

  private static func isUnsupported(_ errno: Errno) -> Bool {
    errno == .invalidArgument || errno == .noFunction || errno == .notSupported
  }

  // MARK: Places

  /// The directory in which a path stands, made if need be, and the path's name in it.
  private func place(
    of path: RelativePath
  ) throws(FileSystemError) -> (parent: Directory, name: [UInt8]) {
    let parent = path.parent ?? .root
    if let lastParent, lastParent.path == parent { return (lastParent.directory, path.name) }
    let directory = try openOrMake(parent)
    lastParent = (parent, directory)
    return (directory, path.name)
  }

  private func openOrMake(_ path: RelativePath) throws(FileSystemError) -> Directory {
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

  private func openWorkPlace() throws(FileSystemError) -> WorkPlace {
    if let workPlace { return workPlace }
    let opened = try WorkPlace(in: root)
    workPlace = opened
    return opened
  }

  private func number() -> Int {
    nextNumber += 1
    return nextNumber
  }

  private func checkStop() throws(FolderError) {
    if folder.node.shouldStop?() == true { throw .node(.interrupted) }
  }
}
