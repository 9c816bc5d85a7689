internal import MartletFileSystem
public import MartletNode
internal import MartletSeal
internal import MartletWire
public import SystemPackage

/// The folders of a device: directories that are kept in step with those of others.
///
/// What a call reports is durable when it returns. One that throws has left every file as it was
/// or as another version has it; call it again and it goes on.
public final class Folders {
  public let node: Node
  private var opened: [MartletNode.GroupID: OpenFolder] = [:]

  /// How often an apply looks again at what was edited meanwhile.
  private static let roundCount = 3

  public init(_ node: Node) { self.node = node }

  // MARK: Making and ending

  /// Makes a directory a folder shared with peers, and scans it.
  ///
  /// - Parameters:
  ///   - name: The directory's own if nil.
  ///   - offers: Whether contents travel on request only.
  public func add(
    _ directory: FilePath, name: String?, with peers: [String], offers: Bool
  ) throws(FolderError) -> ScanReport {
    let (root, path) = try openRoot(directory)
    let name = name ?? path.lastComponent?.string ?? ""
    let group = try foundGroup(name, with: peers)
    try bind(group, name, root, path, offers: offers)
    return try attempting(group) { folder throws(FolderError) in
      // Whoever gets it sees by its first message that this is a folder, also an empty one.
      let writer = try folder.writer()
      _ = try folder.catalogue()
      let change = FolderChange()
      let id = try nodeCall { () throws(NodeError) in try writer.write(change.encoded) }
      try folder.take(change, from: id)
      // Nothing was told yet that could be shown.
      folder.state.applied = try nodeCall { () throws(NodeError) in
        try node.messageCount(in: group)
      }
      try folder.commit(writer)
      return try Scan.run(folder, isConfirmed: false, isDryRun: false)
    }
  }

  /// Keeps a folder that a peer shares in a directory, which is made if nothing stands there: what
  /// is in it already stays, and is told to the others.
  public func accept(
    _ name: String, in directory: FilePath
  ) throws(FolderError) -> (scan: ScanReport, apply: ApplyReport) {
    let report = try shared(name)
    if let root = try keptRoot(report.id) {
      guard try isSame(root, directory) else { throw .keptElsewhere(report.name, root) }
    } else {
      try makeDirectory(directory)
      let (root, path) = try openRoot(directory)
      if !report.isAccepted {
        _ = try nodeCall { () throws(NodeError) in try node.acceptGroup(report.id.hex) }
      }
      try bind(report.id, report.name, root, path, offers: false)
    }
    let scan = try attempting(report.id) { folder throws(FolderError) in
      try Scan.run(folder, isConfirmed: false, isDryRun: false)
    }
    return (scan, try apply(report.id))
  }

  /// The group of a folder that is shared with this device, by its name: a direct group is none.
  public func shared(_ name: String) throws(FolderError) -> GroupReport {
    let all = try nodeCall { () throws(NodeError) in try node.groups() }
    let digits = name.lowercased()
    let isDigits = digits.utf8.count >= 6
    let matching = all.filter { group in
      guard group.kind == .created else { return false }
      return group.name == name || (isDigits && group.id.hex.hasPrefix(digits))
    }
    let folders = matching.filter {
      node.groups(of: FolderChange.client).contains($0.id)
        || node.speaks(FolderChange.client, in: $0.id)
    }
    guard let first = folders.first else { throw .unknownFolder(name) }
    guard folders.count == 1 else { throw .ambiguousFolder(name) }
    return first
  }

  /// Stops keeping a folder here. Its files stay, and what was told stays told.
  public func remove(_ name: String) throws(FolderError) {
    let group = try kept(name)
    try attempting(group) { folder throws(FolderError) in
      folder.state.root = nil
      folder.state.shown = ShownPaths()
      folder.state.applied = 0
      try folder.commit(try folder.writer())
    }
    opened[group] = nil
  }

  /// The group of a new folder; one that was made for it before a crash is used.
  private func foundGroup(
    _ name: String, with peers: [String]
  ) throws(FolderError) -> MartletNode.GroupID {
    do throws(NodeError) { return try node.createGroup(name, with: peers).id } catch {
      guard case .nameTaken = error, let group = try? node.group(name), group.kind == .created,
        group.isAccepted, group.messageCount == 1,
        try Set(group.members) == memberNames(with: peers),
        !node.groups(of: FolderChange.client).contains(group.id)
      else { throw .node(error) }
      return group.id
    }
  }

  private func memberNames(with peers: [String]) throws(FolderError) -> Set<String> {
    Set(peers + [node.card.name])
  }

  private func bind(
    _ group: MartletNode.GroupID, _ name: String, _ root: FolderRoot, _ path: FilePath,
    offers: Bool
  ) throws(FolderError) {
    var mark = root.mark
    mark.path = path
    var state = FolderState(root: mark, instance: node.instance, offers: offers)
    try fileCall { () throws(FileSystemError) in
      let work = try WorkPlace(in: root)
      state.holdsPermissions = work.holdsPermissions()
      work.removeIfEmpty()
    }
    let folder = OpenFolder(group, of: node, name: name, state: state)
    opened[group] = folder
    try attempting(group) { folder throws(FolderError) in
      try folder.commit(try folder.writer())
    }
  }

  // MARK: Scanning and applying

  /// Looks for what changed on disk, and tells it.
  ///
  /// - Parameters:
  ///   - name: One folder; all that are kept here if nil. Of several, one that fails does not keep
  ///     the others from being scanned: the first failure is thrown in the end.
  ///   - confirmsDeletions: Whether it is known that most of its files are meant to be gone.
  ///   - isDryRun: Whether it only says what it would tell.
  public func scan(
    _ name: String? = nil, confirmsDeletions: Bool = false, isDryRun: Bool = false,
    onReport: (ScanReport) -> Void
  ) throws(FolderError) {
    try forEach(name) { group throws(FolderError) in
      // What only would be told is not to be remembered.
      defer { if isDryRun { opened[group] = nil } }
      onReport(
        try attempting(group) { folder throws(FolderError) in
          try Scan.run(folder, isConfirmed: confirmsDeletions, isDryRun: isDryRun)
        })
    }
  }

  /// Makes the disk show what has come; what was edited here meanwhile is told first.
  public func apply(
    _ name: String? = nil, onReport: (ApplyReport) -> Void
  ) throws(FolderError) {
    try forEach(name) { group throws(FolderError) in onReport(try apply(group)) }
  }

  private func apply(_ group: MartletNode.GroupID) throws(FolderError) -> ApplyReport {
    try attempting(group) { folder throws(FolderError) in
      if folder.isUnknown {
        _ = try Scan.run(folder, isConfirmed: false, isDryRun: false, isShown: false)
      }
      var sum: ApplyReport?
      for round in 1...Self.roundCount {
        var (report, stirred) = try Apply.run(folder)
        if var before = sum {
          before.add(report)
          report = before
        }
        sum = report
        guard !stirred.isEmpty else { break }
        if round == Self.roundCount {
          for path in stirred {
            sum?.refused.append(
              FolderRefusal(
                path: path.bytes, reason: "something else stands there, or it is being changed"))
          }
        } else {
          _ = try Scan.run(folder, isConfirmed: false, isDryRun: false, isShown: false)
        }
      }
      // What others asked for goes with the next bundle, if it stands here.
      let wanted = try folder.catalogue().wanted
      if !wanted.isEmpty, folder.shows(anyOf: wanted) {
        _ = try Scan.run(folder, isConfirmed: false, isDryRun: false, isShown: false)
      }
      return sum ?? ApplyReport(folder: folder.name)
    }
  }

  private func forEach(
    _ name: String?, _ body: (MartletNode.GroupID) throws(FolderError) -> Void
  ) throws(FolderError) {
    if let name { return try body(try kept(name)) }
    var failure: FolderError?
    for group in node.groups(of: FolderChange.client) {
      do throws(FolderError) {
        guard try keptRoot(group) != nil else { continue }
        try body(group)
      } catch {
        if case .node(.interrupted) = error { throw error }
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
  }

  // MARK: Finding

  /// A folder that is kept here, by its name.
  func kept(_ name: String) throws(FolderError) -> MartletNode.GroupID {
    let id: MartletNode.GroupID
    do throws(NodeError) { id = try node.groupID(name) } catch {
      switch error {
      case .unknownGroup: throw .unknownFolder(name)
      case .ambiguousGroup: throw .ambiguousFolder(name)
      default: throw .node(error)
      }
    }
    guard try keptRoot(id) != nil else { throw .unknownFolder(name) }
    return id
  }

  /// Where a group is kept as a folder here; nil if it is not.
  func keptRoot(_ group: MartletNode.GroupID) throws(FolderError) -> FilePath? {
    guard node.groups(of: FolderChange.client).contains(group) else { return nil }
    return try folder(group).state.root?.path
  }

  func folder(_ group: MartletNode.GroupID) throws(FolderError) -> OpenFolder {
    // An import may have made this another life of the store.
    if let folder = opened[group], folder.isUnknown || folder.state.instance == node.instance {
      return folder
    }
    let name = try nodeCall { () throws(NodeError) in try node.group(group.hex).name }
    let folder = try OpenFolder(group, of: node, name: name)
    opened[group] = folder
    return folder
  }

  /// Does something with a folder; if that fails, what is in memory of it is forgotten.
  func attempting<Result>(
    _ group: MartletNode.GroupID, _ body: (OpenFolder) throws(FolderError) -> Result
  ) throws(FolderError) -> Result {
    let folder = try folder(group)
    do throws(FolderError) { return try body(folder) } catch {
      opened[group] = nil
      node.forgetUncommitted()
      throw error
    }
  }

  /// The folder that holds a path of the disk, and the path in it.
  func find(_ path: FilePath) throws(FolderError) -> (
    group: MartletNode.GroupID, path: RelativePath
  ) {
    var marks: [(group: MartletNode.GroupID, mark: FolderState.Root)] = []
    for group in node.groups(of: FolderChange.client) {
      if let root = try folder(group).state.root { marks.append((group, root)) }
    }
    var here = ThisProcess.absolute(path)
    var names: [[UInt8]] = []
    while let last = here.lastComponent {
      names.insert(FilePath(root: nil, [last]).bytes, at: 0)
      here.removeLastComponent()
      let information = try? node.environment.system.information(at: here.appending("."))
      for (group, mark) in marks
      where here == mark.path
        || (information?.inode == mark.inode && information?.device == mark.device
          && information?.born == mark.born)
      {
        return (group, RelativePath(Array(names.joined(separator: [0x2F]))))
      }
    }
    throw .notInAFolder(path)
  }

  // MARK: Directories

  /// Opens a directory that is to be a folder: it must stand, and overlap neither another folder nor
  /// the store.
  private func openRoot(_ directory: FilePath) throws(FolderError) -> (FolderRoot, FilePath) {
    let path = ThisProcess.absolute(directory)
    let system = node.environment.system
    let root: FolderRoot
    do throws(FileSystemError) { root = try FolderRoot(path, on: system) } catch {
      switch error.errno {
      case .noSuchFileOrDirectory, .notDirectory: throw .noDirectory(directory)
      default: throw .file(error)
      }
    }
    let above = ancestors(of: path)
    let store = try? system.information(at: node.path)
    if let store, above.contains(where: { $0.inode == store.inode && $0.device == store.device }) {
      throw .holdsStore(directory)
    }
    for group in node.groups(of: FolderChange.client) {
      let folder = try folder(group)
      guard let mark = folder.state.root else { continue }
      let isBelow = above.contains { $0.inode == mark.inode && $0.device == mark.device }
      let isAbove = ancestors(of: mark.path).contains {
        $0.inode == root.information.inode && $0.device == root.information.device
      }
      if isBelow || isAbove { throw .overlaps(directory, folder.name) }
    }
    return (root, path)
  }

  /// A directory and all above it.
  private func ancestors(of path: FilePath) -> [FileInformation] {
    var found: [FileInformation] = []
    var here = path
    while true {
      if let information = try? node.environment.system.information(at: here.appending(".")) {
        found.append(information)
      }
      guard here.lastComponent != nil else { return found }
      here.removeLastComponent()
    }
  }

  private func isSame(_ one: FilePath, _ other: FilePath) throws(FolderError) -> Bool {
    try fileCall { () throws(FileSystemError) in
      let one = try node.environment.system.information(at: one.appending("."))
      let other = try node.environment.system.information(at: other.appending("."))
      return one != nil && one?.inode == other?.inode && one?.device == other?.device
    }
  }

  /// Makes a directory if nothing stands there; the one above it must stand.
  private func makeDirectory(_ path: FilePath) throws(FolderError) {
    let system = node.environment.system
    let path = ThisProcess.absolute(path)
    do throws(FileSystemError) {
      if try system.information(at: path.appending(".")) == nil {
        try system.makeDirectory(path, permissions: 0o777)
        try system.syncDirectory(path.removingLastComponent())
      }
    } catch {
      if error.errno == .noSuchFileOrDirectory {
        throw .noDirectory(path.removingLastComponent())
      }
      throw .file(error)
    }
  }
}
