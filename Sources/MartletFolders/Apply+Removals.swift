internal import MartletFileSystem
internal import MartletNode
internal import MartletSeal
internal import SystemPackage

// What is to be gone goes, if it is as it was seen.
extension Apply {
  func remove(_ removals: [RelativePath]) throws(FolderError) {
    for path in removals.reversed() {
      try checkStop()
      guard let shown = folder.state.shown[path] else { continue }
      let isKept = try held.isKept(shown)
      try attempting(path) { () throws(FileSystemError) in
        if try remove(path, shown, isKept: isKept) {
          folder.state.shown[path] = nil
          isStateChanged = true
          if let parent = path.parent { emptied.insert(parent) }
        }
      }
    }
  }

  func remove(
    _ path: RelativePath, _ shown: FolderState.Shown, isKept: Bool
  ) throws(FileSystemError) -> Bool {
    guard let now = try root.information(at: path) else { return true }
    if shown.content == .directory {
      guard now.kind == .directory else { return true }
      emptied.insert(path)
      return true
    }
    guard try isAsShown(shown, at: path, now) else {
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
      try isAsShown(
        shown, at: RelativePath(FolderRules.ownName).appending(aside), there, isRenamed: true)
    else {
      try root.renameKeeping(aside, in: work.directory, to: path.name, in: parent)
      stirred.append(path)
      return false
    }
    try dispose(
      of: aside, as: path.name, showing: shown.content, isKept: isKept, in: work)
    report.removed += 1
    return true
  }

  /// Removes what stands in the work place. What the store does not have goes to where it is waited
  /// for, as the copy beside a conflict, or else into the trash.
  func dispose(
    of name: [UInt8], as original: [UInt8], showing content: Content, isKept: Bool,
    in work: WorkPlace
  ) throws(FileSystemError) {
    if isKept {
      try root.system.remove(name, in: work.directory.number)
    } else if try !keepAsCopy(name, showing: content, in: work) {
      try work.trash(name, as: original, random: folder.node.environment.random)
    }
  }

  /// Whether a copy beside a conflict waits for this very content, and has it now.
  private func keepAsCopy(
    _ name: [UInt8], showing content: Content, in work: WorkPlace
  ) throws(FileSystemError) -> Bool {
    guard
      let index = waiting.firstIndex(where: {
        $0.placed.version.content.isSame(as: content) && folder.state.shown[$0.path] == nil
      })
    else { return false }
    let write = waiting[index]
    let (parent, last) = try place(of: write.path)
    do throws(FileSystemError) {
      try root.renameKeeping(name, in: work.directory, to: last, in: parent)
    } catch {
      if error.errno == .fileExists { return false }
      throw error
    }
    waiting.remove(at: index)
    guard let now = try root.system.information(last, in: parent.number) else { return true }
    note(write, now, isKept: false)
    count(write)
    return true
  }

  /// Removes directories in which nothing stands any more and nothing is to.
  func prune() throws(FolderError) {
    guard !emptied.isEmpty else { return }
    lastParent = nil
    let needed = Parents(above: folder.state.shown.keys)
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
}
