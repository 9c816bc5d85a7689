internal import MartletFileSystem
internal import MartletNode
internal import MartletObjects
internal import MartletWire
public import SystemPackage

extension Folders {
  private struct Told {
    var version: Version
    var author: MartletNode.DeviceID
    var created: UInt64
  }

  /// The versions of a path in a folder, the newest first.
  ///
  /// - Complexity: Reads all messages of the folder.
  public func history(of path: FilePath) throws(FolderError) -> [VersionReport] {
    let (group, inside) = try find(path)
    let folder = try folder(group)
    let catalogue = try folder.catalogue()
    let held = HeldContents(folder, catalogue)
    let current = Set(catalogue.paths[inside]?.current.map(\.id) ?? [])
    let shown = Set(
      folder.state.shown.all.filter { $0.key == inside || $0.value.copyOf == inside }.compactMap {
        $0.value.covers.first
      })
    var reports: [VersionReport] = []
    for told in try versions(of: inside, in: folder) {
      var report = VersionReport(
        id: told.version.id.text, kind: .deleted, byteCount: 0, modified: nil,
        created: told.created,
        author: node.cardName(of: told.author, in: group),
        isCurrent: current.contains(told.version.id), isShown: shown.contains(told.version.id),
        isHere: try held.isKept(told.version.content))
      switch told.version.content {
      case .deleted: break
      case .directory: report.kind = .directory
      case .file(_, let byteCount, _):
        report.kind = .file
        report.byteCount = byteCount
        report.modified = told.version.modified
      case .link(let target):
        report.kind = .link
        report.byteCount = UInt64(target.count)
        report.modified = told.version.modified
      }
      reports.append(report)
    }
    guard !reports.isEmpty else { throw .unknownPath(path) }
    return reports
  }

  /// Brings back a version of a path; what stands there becomes a version first.
  ///
  /// - Parameter version: The first digits of its id; of the last content before the present one if nil.
  public func restore(
    _ path: FilePath, at version: String?
  ) throws(FolderError) -> RestoreReport {
    let (group, inside) = try find(path)
    return try attempting(group) { folder throws(FolderError) in
      _ = try Scan.run(folder, isConfirmed: false, isDryRun: false, isShown: false)
      let all = try versions(of: inside, in: folder)
      guard !all.isEmpty else { throw .unknownPath(path) }
      let catalogue = try folder.catalogue()
      let present = catalogue.paths[inside]?.outcome?.winner.version
      let candidates = all.filter { told in
        guard told.version.content.holdsBytes else { return false }
        if let version { return told.version.id.text.hasPrefix(version.lowercased()) }
        return present.map { !$0.content.isSame(as: told.version.content) } ?? true
      }
      guard let chosen = candidates.first?.version,
        version == nil || Set(candidates.map(\.version.id)).count == 1
      else { throw .unknownVersion(path, version ?? "") }
      if case .file(let hash, let byteCount, _) = chosen.content, byteCount > 0 {
        let missing = try HeldContents(folder, catalogue).missingByteCount(
          of: hash, byteCount: byteCount)
        if missing > 0 { throw .contentMissing(path, byteCount: missing) }
      }
      var change = FolderChange()
      let current = catalogue.paths[inside]?.current ?? []
      change.entries = [
        FolderChange.Entry(
          path: inside, content: chosen.content,
          modified: Int64(clamping: node.environment.now()) &* 1_000_000,
          replaces: Array(
            current.filter { Self.isSeen($0, in: folder, at: inside) }.map(\.id)
              .prefix(FolderChange.replacedLimit)),
          isGiven: false)
      ]
      try tell(change, in: folder)
      let (report, stirred) = try Apply.run(folder)
      if stirred.contains(inside) || stirred.contains(where: { inside.isBelow($0) }) {
        throw .stands(path)
      }
      if let refused = report.refused.first(where: { $0.path == inside.bytes }) {
        throw .notWritten(path, refused.reason)
      }
      var byteCount: UInt64 = 0
      if case .file(_, let count, _) = chosen.content { byteCount = count }
      return RestoreReport(path: path, version: chosen.id.text, byteCount: byteCount)
    }
  }

  /// Ends a conflict: what stands at the path stays, the copies beside it go, and can be restored.
  ///
  /// - Returns: How many versions were put aside; 0 if there was no conflict.
  public func resolve(_ path: FilePath) throws(FolderError) -> Int {
    let (group, inside) = try find(path)
    return try attempting(group) { folder throws(FolderError) in
      _ = try Scan.run(folder, isConfirmed: false, isDryRun: false, isShown: false)
      guard let outcome = try folder.catalogue().paths[inside]?.outcome else {
        throw .unknownPath(path)
      }
      // Where a directory stands at the path, all that stand beside it go.
      let isDisplaced = try folder.placement().displaced.contains(inside)
      let aside = isDisplaced ? [outcome.winner] + outcome.losers : outcome.losers
      guard !aside.isEmpty else { return 0 }
      var change = FolderChange()
      change.entries = [
        FolderChange.Entry(
          path: inside, content: .deleted, modified: 0,
          replaces: Array(aside.flatMap(\.covers).prefix(FolderChange.replacedLimit)),
          isGiven: false)
      ]
      try tell(change, in: folder)
      _ = try Apply.run(folder)
      return aside.count
    }
  }

  /// Asks the others for contents that are offered and not here: of one path, of all below a
  /// directory, or of a whole folder.
  ///
  /// - Returns: How many contents were asked for, and how many bytes they have.
  public func request(
    _ path: FilePath
  ) throws(FolderError) -> (count: Int, byteCount: UInt64) {
    let group: MartletNode.GroupID
    var inside = RelativePath.root
    do throws(FolderError) { (group, inside) = try find(path) } catch {
      // The folder's own directory is in none.
      guard case .notInAFolder = error, let kept = try folderAt(path) else { throw error }
      group = kept
    }
    return try attempting(group) { folder throws(FolderError) in
      let catalogue = try folder.catalogue()
      var wanted: [ContentHash: UInt64] = [:]
      for write in try ApplyPlan(folder, folder.placement()).waiting
      where inside.isRoot || write.path == inside || write.path.isBelow(inside) {
        guard case .file(let hash, let byteCount, _) = write.placed.version.content,
          catalogue.contents[hash] == nil
        else { continue }
        wanted[hash] = byteCount
      }
      guard !wanted.isEmpty else { return (0, 0) }
      let hashes = wanted.keys.sorted()
      for start in stride(from: 0, to: hashes.count, by: 16_384) {
        var change = FolderChange()
        change.wanted = Array(hashes[start..<min(hashes.count, start + 16_384)])
        try tell(change, in: folder)
      }
      return (wanted.count, wanted.values.reduce(0, &+))
    }
  }

  private func folderAt(_ path: FilePath) throws(FolderError) -> MartletNode.GroupID? {
    let information = try? node.environment.system.information(
      at: ThisProcess.absolute(path).appending("."))
    guard let information else { return nil }
    for group in node.groups(of: FolderChange.client) {
      if let mark = try folder(group).state.root, mark.inode == information.inode,
        mark.device == information.device
      {
        return group
      }
    }
    return nil
  }

  /// Whether whoever looks at the disk has seen a version, or there is nothing of it to be seen.
  private static func isSeen(
    _ version: Version, in folder: OpenFolder, at path: RelativePath
  ) -> Bool {
    if !version.content.holdsBytes { return true }
    return folder.state.shown.all.contains {
      ($0.key == path || $0.value.copyOf == path) && $0.value.covers.contains(version.id)
    }
  }

  private func tell(_ change: FolderChange, in folder: OpenFolder) throws(FolderError) {
    _ = try folder.catalogue()
    let writer = try folder.writer()
    let id = try nodeCall { () throws(NodeError) in try writer.write(change.encoded) }
    try folder.take(change, from: id)
    folder.state.applied = 0
    try folder.commit(writer)
  }

  /// All that was ever told of a path, the newest first.
  private func versions(
    of path: RelativePath, in folder: OpenFolder
  ) throws(FolderError) -> [Told] {
    var all: [Told] = []
    _ = try nodeCall { () throws(NodeError) in
      try node.messages(of: FolderChange.client, in: folder.group, from: 0) { id, message in
        guard let change = try? FolderChange(decoding: message.body) else { return }
        var low = 0
        var high = change.entries.count
        while low < high {
          let middle = (low + high) / 2
          if change.entries[middle].path < path { low = middle + 1 } else { high = middle }
        }
        guard low < change.entries.count, change.entries[low].path == path else { return }
        let entry = change.entries[low]
        all.append(
          Told(
            version: Version(
              id: VersionID(message: id, entry: UInt32(clamping: low)), content: entry.content,
              modified: entry.modified, isFound: entry.isFound), author: message.author,
            created: message.created))
      }
    }
    return all.reversed()
  }
}
