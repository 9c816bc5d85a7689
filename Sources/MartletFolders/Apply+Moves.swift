internal import MartletFileSystem
internal import MartletNode
internal import MartletSeal
internal import SystemPackage

// What a renamed path holds is on the disk already, under its old name.
extension Apply {
  func move(_ plan: inout ApplyPlan) throws(FolderError) {
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
  }

  /// Renames a file that is as it was seen; else leaves everything as it is.
  private func move(
    _ source: RelativePath, to write: ApplyPlan.Write
  ) throws(FileSystemError) -> Bool {
    guard let shown = folder.state.shown[source] else { return false }
    let from = try root.open(source.parent ?? .root)
    guard let now = try root.system.information(source.name, in: from.number),
      try isAsShown(shown, at: source, now)
    else { return false }
    let (parent, name) = try place(of: write.path)
    do throws(FileSystemError) {
      try root.renameKeeping(source.name, in: from, to: name, in: parent)
    } catch {
      if error.errno == .fileExists { return false }
      throw error
    }
    guard let there = try root.system.information(name, in: parent.number),
      try isAsShown(shown, at: write.path, there, isRenamed: true)
    else {
      // Somebody changed it meanwhile: it goes back, and is told first.
      try root.renameKeeping(name, in: parent, to: source.name, in: from)
      stirred.append(source)
      return false
    }
    folder.state.shown[source] = nil
    if let directory = source.parent { emptied.insert(directory) }
    try adjust(name, in: parent, to: write, there, isKept: shown.isKept)
    report.moved += 1
    return true
  }

  /// Gives a renamed file the permissions and the time of the version that it shows now.
  private func adjust(
    _ name: [UInt8], in parent: Directory, to write: ApplyPlan.Write, _ now: FileInformation,
    isKept: Bool
  ) throws(FileSystemError) {
    guard case .file(_, _, let permissions) = write.placed.version.content else { return }
    let isModeRight =
      !folder.state.holdsPermissions || now.ownerPermissions == permissions
    guard !isModeRight || now.modified != write.placed.version.modified else {
      return note(write, now, isKept: isKept)
    }
    let file = try root.system.open(name, in: parent.number, .read)
    defer { root.system.close(file) }
    if !isModeRight {
      try root.system.setPermissions(file, Self.permissions(permissions, now.permissions))
    }
    try root.system.setModified(file, write.placed.version.modified)
    note(write, try root.system.information(file), isKept: isKept)
  }
}
