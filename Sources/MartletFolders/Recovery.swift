internal import MartletFileSystem
internal import MartletNode
internal import MartletSeal
internal import SystemPackage

/// What an apply that was cut short left in the work place.
///
/// A file that was being written goes: it is made again. One that was replaced goes if the store has
/// its content; else somebody wrote it in that very moment, and it comes back under a name of its own.
struct Recovery {
  static func run(_ folder: OpenFolder, _ root: FolderRoot) throws(FolderError) {
    let place: WorkPlace?
    do throws(FileSystemError) { place = try WorkPlace(standingIn: root) } catch {
      // Something else of that name: not ours, and passed over.
      if error.errno == .notDirectory || error.errno == .tooManySymbolicLinkLevels { return }
      throw .file(error)
    }
    guard let place else { return }
    let entries = try fileCall { () throws(FileSystemError) in
      try root.system.entries(of: place.directory.number)
    }
    for entry in entries {
      if let original = WorkPlace.original(of: entry.name) {
        // One that cannot be read or moved stays, and blocks nothing.
        do throws(FolderError) {
          try recover(entry.name, as: original, folder, root, place)
        } catch {
          guard case .file = error else { throw error }
        }
      } else if entry.name.starts(with: "tree-".utf8) {
        try fileCall { () throws(FileSystemError) in try place.removeTree(entry.name) }
      } else if entry.name.starts(with: "new-".utf8) {
        try fileCall { () throws(FileSystemError) in
          try root.system.remove(entry.name, in: place.directory.number)
        }
      }
    }
    place.removeIfEmpty()
  }

  private static func recover(
    _ name: [UInt8], as original: [UInt8], _ folder: OpenFolder, _ root: FolderRoot,
    _ place: WorkPlace
  ) throws(FolderError) {
    let path = RelativePath(FolderRules.ownName).appending(name)
    let information = try fileCall { () throws(FileSystemError) in
      try root.system.information(name, in: place.directory.number)
    }
    guard let information else { return }
    let catalogue = try folder.catalogue()
    let held = HeldContents(folder, catalogue)
    var isKept = false
    switch information.kind {
    case .file:
      let hash: ContentHash
      if information.byteCount < ContentHash.sharedLimit {
        let bytes = try fileCall { () throws(FileSystemError) in
          let file = try root.system.open(name, in: place.directory.number, .read)
          defer { root.system.close(file) }
          return try root.system.read(file, at: 0, count: Int(information.byteCount))
        }
        hash = ContentHash(short: bytes)
      } else {
        let file = try fileCall { () throws(FileSystemError) in try LongFile(path, in: root) }
        hash = try file.hash(
          folder.writer().chunker(), on: folder.node.environment.computing
        ) { () throws(FolderError) in }
      }
      isKept = try held.isKept(
        .file(hash: hash, byteCount: information.byteCount, permissions: 0))
    case .link:
      let target = try fileCall { () throws(FileSystemError) in
        try root.system.linkTarget(name, in: place.directory.number)
      }
      isKept = catalogue.paths.values.contains { record in
        record.current.contains { $0.content == .link(target: target) }
          || record.past.contains(Content.link(target: target).fingerprint)
      }
    // Put there by somebody in the moment in which it was moved aside.
    case .directory, .other: isKept = false
    }
    try fileCall { () throws(FileSystemError) in
      if isKept { return try root.system.remove(name, in: place.directory.number) }
      let digits = ObjectDigits.text(folder.node.environment.random.bytes(3))
      let mark = Array(" (recovered \(digits))".utf8)
      let kept = original.prefix(RelativePath.nameByteLimit - mark.count) + mark
      try root.renameKeeping(name, in: place.directory, to: Array(kept), in: root.directory)
    }
  }
}
