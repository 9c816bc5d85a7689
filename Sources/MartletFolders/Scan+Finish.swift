internal import MartletFileSystem
internal import MartletNode
internal import MartletSeal
internal import MartletWire
internal import SystemPackage

// What a scan found is told as a whole, and what is passed over is named.
extension Scan {
  mutating func finish() throws(FolderError) {
    report.passedOver.sort { RelativePath($0.path) < RelativePath($1.path) }
    guard !isDryRun else { return }
    if isShown { nameOnce() }
    if !dismissed.isEmpty { try tellDismissed() }
    guard writer != nil || isShownChanged || folder.isUnknown else { return }
    let writer = try openWriter()
    folder.becomeKnown()
    try writer.flushAll()
    // What is told here is what the disk shows, unless it stands beside something else: then another
    // version may win, or another name be due.
    if wasAllShown, dismissed.isEmpty, placement.conflicts.isEmpty {
      folder.state.applied = try messageCount()
    }
    try folder.cacheCatalogue(writer.writer)
    try writer.commit()
    report.newByteCount = writer.newByteCount
    self.writer = nil
  }

  /// Leaves out what was named before, save what may be otherwise the next time.
  mutating func nameOnce() {
    let lasting = Set(walk.passedOver.map { RelativePath($0.path) })
    report.passedOver.removeAll {
      let path = RelativePath($0.path)
      return lasting.contains(path) && folder.state.named.contains(path)
    }
    let named =
      lasting.count <= FolderState.namedLimit
      ? lasting : Set(lasting.sorted().prefix(FolderState.namedLimit))
    guard folder.state.named != named else { return }
    folder.state.named = named
    isShownChanged = true
  }

  func messageCount() throws(FolderError) -> UInt64 {
    try nodeCall { () throws(NodeError) in try folder.node.messageCount(in: folder.group) }
  }

  /// Puts aside the versions whose copies were removed or edited: nothing of the winner is said
  /// again, so that an edit of it elsewhere is no new conflict.
  mutating func tellDismissed() throws(FolderError) {
    let writer = try openWriter()
    try writer.flushAll()
    var change = FolderChange()
    var byteCount = 0
    for (path, versions) in dismissed.sorted(by: { $0.key < $1.key }) {
      change.entries.append(
        FolderChange.Entry(
          path: path, content: .deleted, modified: 0,
          replaces: Array(versions.prefix(FolderChange.replacedLimit)), isGiven: false))
      byteCount += path.bytes.count + 40 * versions.count
      if byteCount > 256 << 10 || change.entries.count == 4096 {
        try writer.send(change)
        change = FolderChange()
        byteCount = 0
      }
    }
    if !change.entries.isEmpty { try writer.send(change) }
  }
}
