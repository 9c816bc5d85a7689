internal import MartletFileSystem
internal import MartletNode
internal import MartletObjects
internal import MartletSeal
internal import MartletWire
internal import SystemPackage

// Long files are read by themselves, and once; so are contents that others asked for.
extension Scan {
  mutating func tellLong(_ look: FileLook, _ permissions: UInt8) throws(FolderError) {
    do throws(FolderError) { try readLong(look, permissions) } catch {
      // What one file is does not keep the others from being told.
      switch error {
      case .file(let error) where error.errno != .interrupted:
        pass(over: look.path, error.reason)
      case .node(.tooLarge): pass(over: look.path, "it is too long")
      default: throw error
      }
    }
  }

  mutating func pass(over path: RelativePath, _ reason: String) {
    report.passedOver.append(FolderRefusal(path: path.bytes, reason: reason))
  }

  mutating func readLong(_ look: FileLook, _ permissions: UInt8) throws(FolderError) {
    let file = try fileCall { () throws(FileSystemError) in try LongFile(look.path, in: root) }
    var look = look
    look.information = file.information
    let byteCount = file.information.byteCount
    // One that may be known is only hashed: the same tree on both sides is not sealed again.
    let mayBeKnown =
      isDryRun || folder.state.offers
      || [placement.placed(at: look.path)?.version.content, folder.state.shown[look.path]?.content]
        .contains {
          if case .file(_, let known, _) = $0 { known == byteCount } else { false }
        }
    let chunker = try openWriter().writer.chunker()
    if mayBeKnown {
      let hash = try file.hash(chunker, on: folder.node.environment.computing) {
        () throws(FolderError) in try checkStop()
      }
      guard try isStable(file, look) else { return }
      let content = Content.file(hash: hash, byteCount: byteCount, permissions: permissions)
      var isToBeGiven = !isDryRun && !folder.state.offers && isNews(look, content)
      if isToBeGiven { isToBeGiven = try openWriter().isWanting(hash) }
      guard isToBeGiven else {
        try tell(look, content, giving: .nothing)
        return
      }
      file.rewind()
    }
    let hash = try openWriter().giveLong { () throws(FolderError) in
      try checkStop()
      return try file.next()
    }
    guard try isStable(file, look) else { return }
    try tell(
      look, .file(hash: hash, byteCount: byteCount, permissions: permissions), giving: .ownBlobs)
  }

  /// Whether a file is still as it was when it was opened; else it is left to the next scan.
  mutating func isStable(_ file: LongFile, _ look: FileLook) throws(FolderError) -> Bool {
    if try file.isUnchanged() { return true }
    pass(over: look.path, FileLook.isChanging)
    return false
  }

  // MARK: Contents that others asked for

  mutating func giveWanted() throws(FolderError) {
    guard !isDryRun else { return }
    catalogue = try folder.catalogue()
    guard !catalogue.wanted.isEmpty else { return }
    var given: Set<ContentHash> = []
    for path in folder.state.shown.ascending {
      guard let shown = folder.state.shown[path],
        case .file(let hash, let byteCount, _) = shown.content, catalogue.wanted.contains(hash),
        !given.contains(hash), try openWriter().isWanting(hash),
        let now = try? root.information(at: path), shown.isUntouched(now)
      else { continue }
      if byteCount < ContentHash.sharedLimit {
        let found = TreeWalk.Found(path: path, information: now)
        var batch = FileLook.Batch(parent: path.parent ?? .root)
        batch.paths = [found]
        guard case .short(let bytes, hash) = batch.look(root).first?.finding else { continue }
        try openWriter().give(bytes, hash)
      } else {
        let found: ContentHash
        do throws(FolderError) {
          let file = try fileCall { () throws(FileSystemError) in try LongFile(path, in: root) }
          found = try openWriter().giveLong { () throws(FolderError) in
            try checkStop()
            return try file.next()
          }
        } catch {
          guard case .file = error else { throw error }
          continue
        }
        guard found == hash else { continue }
      }
      given.insert(hash)
      try openWriter().addLate(hash, byteCount: byteCount)
    }
  }
}
