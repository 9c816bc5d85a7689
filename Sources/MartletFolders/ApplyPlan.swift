internal import MartletFileSystem
internal import MartletNode
internal import MartletSeal

/// What is to be done so that a disk shows what the messages say.
struct ApplyPlan {
  struct Write {
    /// Where on the disk.
    var path: RelativePath
    var placed: Placement.Placed
  }

  /// Paths on which other versions stand than are to, or none, ascending.
  var writes: [Write] = []
  /// Paths on which something stands that is to be gone, ascending.
  var removals: [RelativePath] = []
  /// Paths of which only the owner's permissions differ.
  var modes: [Write] = []
  /// Paths on which the right content stands, for other versions than was noted.
  var notes: [Write] = []
  /// Files whose content is not here.
  var waiting: [Write] = []

  init(_ folder: OpenFolder, _ placement: Placement) throws(FolderError) {
    let catalogue = try folder.catalogue()
    let shown = folder.state.shown
    let held = HeldContents(folder, catalogue)
    for (path, record) in catalogue.paths {
      guard let placed = placement.placed(at: path, record) else { continue }
      try add(path, placed, shown[path], held)
    }
    for (path, placed) in placement.copies where catalogue.paths[path] == nil {
      try add(path, placed, shown[path], held)
    }
    for (path, shown) in shown.all where placement.placed(at: path) == nil {
      // Of a path of which no message says anything, a message is damaged: it may come back.
      if shown.copyOf != nil || catalogue.paths[path] != nil { removals.append(path) }
    }
    writes.sort { $0.path < $1.path }
    removals.sort()
    waiting.sort { $0.path < $1.path }
  }

  private mutating func add(
    _ path: RelativePath, _ placed: Placement.Placed, _ shown: FolderState.Shown?,
    _ held: HeldContents
  ) throws(FolderError) {
    let write = Write(path: path, placed: placed)
    let content = placed.version.content
    if let shown, shown.content.isSame(as: content) {
      if shown.content != content {
        modes.append(write)
      } else if shown.covers != placed.covers
        || shown.copyOf != (placed.path == path ? nil : placed.path)
      {
        notes.append(write)
      }
      return
    }
    if case .file(let hash, let byteCount, _) = content, byteCount > 0 {
      if try held.missingByteCount(of: hash, byteCount: byteCount) > 0 {
        waiting.append(write)
        return
      }
    }
    writes.append(write)
  }
}

/// Which contents are here.
final class HeldContents {
  private let folder: OpenFolder
  private let catalogue: Catalogue
  private var known: [ObjectID: Bool] = [:]
  private var proven: [ContentHash: Bool] = [:]

  init(_ folder: OpenFolder, _ catalogue: Catalogue) {
    self.folder = folder
    self.catalogue = catalogue
  }

  /// How many bytes of a content are not here.
  func missingByteCount(
    of hash: ContentHash, byteCount: UInt64
  ) throws(FolderError) -> UInt64 {
    guard let place = catalogue.contents[hash], place.byteCount == byteCount else {
      return byteCount
    }
    var missing: UInt64 = 0
    for (blob, range) in catalogue.pieces(of: place) {
      let isHeld: Bool
      if let before = known[blob.id] {
        isHeld = before
      } else {
        isHeld = try nodeCall { () throws(NodeError) in
          try folder.node.holdsBlob(blob.id, in: folder.group)
        }
        known[blob.id] = isHeld
      }
      if !isHeld { missing += UInt64(range.count) }
    }
    return missing
  }

  /// The same of all contents that some writes need.
  func missingByteCount(of writes: [ApplyPlan.Write]) throws(FolderError) -> UInt64 {
    var sum: UInt64 = 0
    for write in writes {
      guard case .file(let hash, let byteCount, _) = write.placed.version.content else { continue }
      // What a member says of contents that nobody has may be any number.
      let (next, isTooLarge) = sum.addingReportingOverflow(
        try missingByteCount(of: hash, byteCount: byteCount))
      sum = isTooLarge ? .max : next
    }
    return sum
  }

  /// Whether nobody needs what stands on disk, since the store has it: seen to, or looked at now,
  /// for what others say of it proves nothing.
  func isKept(_ shown: FolderState.Shown) throws(FolderError) -> Bool {
    if shown.isKept { return true }
    return try isKept(shown.content)
  }

  /// The same of a content of which nothing is known.
  func isKept(_ content: Content) throws(FolderError) -> Bool {
    switch content {
    case .deleted, .directory, .link: return true
    case .file(let hash, let byteCount, _):
      if byteCount == 0 { return true }
      guard try missingByteCount(of: hash, byteCount: byteCount) == 0 else { return false }
      if let before = proven[hash] { return before }
      let isProven = try isTrue(hash)
      proven[hash] = isProven
      return isProven
    }
  }

  /// Whether the blobs of a content hold it.
  private func isTrue(_ hash: ContentHash) throws(FolderError) -> Bool {
    guard let place = catalogue.contents[hash] else { return false }
    let isLong = place.byteCount >= ContentHash.sharedLimit
    var short: [UInt8] = []
    var long = LongContentHasher()
    for (blob, range) in catalogue.pieces(of: place) {
      let held = try nodeCall { () throws(NodeError) in
        try folder.node.heldBlob(blob.id, in: folder.group)
      }
      guard let content = held?.content(), content.count == Int(blob.byteCount) else {
        return false
      }
      if isLong {
        long.update(LongContentHasher.hash(chunk: Array(content[range])))
      } else {
        short += content[range]
      }
    }
    return isLong ? long.finish() == hash : ContentHash(short: short) == hash
  }
}
