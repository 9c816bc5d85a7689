internal import MartletFileSystem
internal import MartletNode
internal import MartletSeal
internal import SystemPackage

// What was made in the work place is put where it belongs, one path at a time.
extension Apply {
  /// Puts what was made where it belongs.
  func put(_ write: ApplyPlan.Write, _ number: Int, in work: WorkPlace) throws(FolderError) {
    let shown = folder.state.shown[write.path]
    let isKept =
      try shown.map { shown throws(FolderError) in try held.isKept(shown) } ?? true
    var isPlaced = false
    try attempting(write.path) { () throws(FileSystemError) in
      let found = try shown == nil ? place(of: write.path) : standingPlace(of: write.path)
      guard let (parent, name) = found else {
        stirred.append(write.path)
        return
      }
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
      count(write)
    } else {
      try? root.system.remove(WorkPlace.newName(number), in: work.directory.number)
    }
  }

  func count(_ write: ApplyPlan.Write) {
    report.written += 1
    if case .file(_, let byteCount, _) = write.placed.version.content {
      report.byteCount += byteCount
    }
    if write.placed.path != write.path, !report.conflicts.contains(write.placed.path.bytes) {
      report.conflicts.append(write.placed.path.bytes)
    }
  }

  func putFile(
    _ write: ApplyPlan.Write, _ number: Int, _ name: [UInt8], in parent: Directory,
    _ shown: FolderState.Shown?, isKept: Bool, _ work: WorkPlace
  ) throws(FileSystemError) -> Bool {
    let system = root.system
    var new = WorkPlace.newName(number)
    guard let shown else {
      do throws(FileSystemError) {
        try root.renameKeeping(new, in: work.directory, to: name, in: parent)
      } catch {
        guard error.errno == .fileExists else { throw error }
        stirred.append(write.path)
        return false
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
    guard let now = try system.information(name, in: parent.number),
      try isAsShown(shown, at: write.path, now)
    else {
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
      guard error.isUnsupported else { throw error }
      // Taken aside first, then: for a moment nothing stands there.
      let aside = WorkPlace.oldName(self.number(), of: name)
      try system.rename(
        name, in: parent.number, to: aside, in: work.directory.number, .replacing)
      guard let displaced = try system.information(aside, in: work.directory.number),
        try isAsShown(
          shown, at: RelativePath(FolderRules.ownName).appending(aside), displaced,
          isRenamed: true),
        try system.information(name, in: parent.number) == nil
      else {
        if try system.information(name, in: parent.number) == nil {
          try system.rename(
            aside, in: work.directory.number, to: name, in: parent.number, .replacing)
        }
        stirred.append(write.path)
        return false
      }
      try system.rename(new, in: work.directory.number, to: name, in: parent.number, .replacing)
      try dispose(of: aside, as: name, showing: shown.content, isKept: isKept, in: work)
      try noteSeen(write, name, in: parent)
      return true
    }
    guard let displaced = try system.information(old, in: work.directory.number),
      try isAsShown(
        shown, at: RelativePath(FolderRules.ownName).appending(old), displaced, isRenamed: true)
    else {
      // Somebody wrote to it in this very moment: that is put back, and told first. What stood
      // there for a moment is cleared up by the scan that tells it.
      try system.rename(old, in: work.directory.number, to: name, in: parent.number, .exchanging)
      stirred.append(write.path)
      return false
    }
    try dispose(of: old, as: name, showing: shown.content, isKept: isKept, in: work)
    try noteSeen(write, name, in: parent)
    return true
  }

  func putDirectory(
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
}
