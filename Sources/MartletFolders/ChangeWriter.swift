internal import MartletFileSystem
internal import MartletNode
internal import MartletObjects
internal import MartletSeal
internal import MartletWire
internal import MartletWorkers

/// Writes entries and contents into a folder's group: contents cut and sealed on all cores, entries
/// in messages that follow the blobs they need. What an entry says is shown from its commit on.
final class ChangeWriter {
  /// What the disk shows once an entry is written.
  struct Effect {
    /// Nil where nothing stands any more.
    var content: Content?
    var seen: FolderState.Seen?
  }

  private struct Pending {
    var entry: FolderChange.Entry
    var effect: Effect
    /// Where its content ends among those that share blobs; where they ended, if it has none.
    var end: UInt64
    var ownBlobs: [FolderChange.Blob] = []

    /// About what it takes in a body.
    var byteCount: Int {
      var byteCount = entry.path.bytes.count + 60
      byteCount += 40 * (entry.replaces.count + ownBlobs.count)
      if case .link(let target) = entry.content { byteCount += target.count }
      return byteCount
    }
  }

  private struct Sealed: Sendable {
    var blob: SealedBlob
    /// Of the chunk, for the hash of a long content.
    var hash: Digest?
  }

  private struct Chunk: Sendable {
    var bytes: [UInt8]
    var isLong: Bool
  }

  /// Entries of one message, and about how many bytes of a body.
  private static let entryCount = 4096
  private static let bodyByteCount = 512 << 10
  /// Bytes between two commits.
  private static let commitByteCount: UInt64 = 256 << 20

  private let folder: OpenFolder
  private let root: FolderRoot
  let writer: ClientWriter
  private let stage: OrderedStage<Chunk, Sealed, FolderError>

  // Contents that share blobs lie one behind the other, by their places since the beginning.
  private var chunker: Chunker
  private var chunk: [UInt8] = []
  private var sharedEnd: UInt64 = 0
  private var sealedEnd: UInt64 = 0
  private var sharedBlobs: [(start: UInt64, blob: FolderChange.Blob)] = []
  /// What a message has already given.
  private var givenEnd: UInt64 = 0

  private var pending: [Pending] = []
  private var pendingByteCount = 0
  private var late: [(late: FolderChange.Late, end: UInt64, ownBlobs: [FolderChange.Blob])] = []
  private var given: Set<ContentHash> = []
  private var uncommittedByteCount: UInt64 = 0

  /// Bytes of blobs that were new.
  private(set) var newByteCount: UInt64 = 0

  // The long content that is being read.
  private var longBlobs: [FolderChange.Blob] = []
  private var longHashes: [Digest] = []

  init(_ folder: OpenFolder, _ root: FolderRoot) throws(FolderError) {
    self.folder = folder
    self.root = root
    let writer = try folder.writer()
    self.writer = writer
    let sealer = writer.sealer
    chunker = writer.chunker()
    stage = OrderedStage(folder.node.environment.computing) {
      (chunk: Chunk) throws(FolderError) -> Sealed in
      Sealed(
        blob: try nodeCall { () throws(NodeError) in try sealer.seal(chunk.bytes) },
        hash: chunk.isLong ? LongContentHasher.hash(chunk: chunk.bytes) : nil)
    }
  }

  /// Stops the threads.
  func stop() { stage.stop() }

  /// Whether a content has still to be given.
  func isWanting(_ hash: ContentHash) throws(FolderError) -> Bool {
    if given.contains(hash) { return false }
    return try folder.catalogue().contents[hash] == nil
  }

  // MARK: Contents

  /// Adds a short content; the entry that needs it comes next.
  func give(_ bytes: [UInt8], _ hash: ContentHash) throws(FolderError) {
    given.insert(hash)
    var used = 0
    while used < bytes.count {
      let end: Int
      let boundary = chunker.nextBoundary(in: bytes.span.extracting(used..<bytes.count))
      end = boundary.map { used + $0 } ?? bytes.count
      chunk += bytes[used..<end]
      used = end
      if boundary != nil { try closeChunk() }
    }
    sharedEnd += UInt64(bytes.count)
  }

  private func closeChunk() throws(FolderError) {
    guard !chunk.isEmpty else { return }
    let closed = chunk
    chunk = []
    chunk.reserveCapacity(Chunker.target)
    chunker.reset()
    if let sealed = try stage.add(Chunk(bytes: closed, isLong: false)) { try take(sealed) }
  }

  /// Reads a long content to its end, and returns its hash; what its blobs say is added.
  ///
  /// - Parameter next: The next piece of the file; nil at its end.
  func giveLong(
    _ next: () throws(FolderError) -> [UInt8]?
  ) throws(FolderError) -> ContentHash {
    try drain()
    longBlobs = []
    longHashes = []
    var chunker = writer.chunker()
    var chunk: [UInt8] = []
    while let piece = try next() {
      var used = 0
      while used < piece.count {
        let boundary = chunker.nextBoundary(in: piece.span.extracting(used..<piece.count))
        let end = boundary.map { used + $0 } ?? piece.count
        chunk += piece[used..<end]
        used = end
        guard boundary != nil else { continue }
        if let sealed = try stage.add(Chunk(bytes: chunk, isLong: true)) { try take(sealed) }
        chunk = []
        try commitIfFull()
      }
    }
    if !chunk.isEmpty, let sealed = try stage.add(Chunk(bytes: chunk, isLong: true)) {
      try take(sealed)
    }
    try drain()
    guard longBlobs.count <= FolderChange.blobLimit else {
      throw .node(
        .tooLarge(
          byteCount: longBlobs.reduce(0) { $0 + UInt64($1.byteCount) },
          limit: UInt64(FolderChange.blobLimit) * UInt64(Chunker.target)))
    }
    var hasher = LongContentHasher()
    for hash in longHashes { hasher.update(hash) }
    return hasher.finish()
  }

  private func drain() throws(FolderError) {
    while let sealed = try stage.next() { try take(sealed) }
  }

  private func take(_ sealed: Sealed) throws(FolderError) {
    let byteCount = try nodeCall { () throws(NodeError) in
      try writer.checkStop()
      return try writer.add(sealed.blob)
    }
    newByteCount += byteCount
    uncommittedByteCount += byteCount
    let blob = FolderChange.Blob(
      id: sealed.blob.id, byteCount: UInt32(clamping: sealed.blob.contentByteCount))
    if let hash = sealed.hash {
      longBlobs.append(blob)
      longHashes.append(hash)
    } else {
      sharedBlobs.append((sealedEnd, blob))
      sealedEnd += UInt64(blob.byteCount)
    }
  }

  // MARK: Entries

  /// Adds an entry; paths ascend. One that is given has its content added already.
  func add(_ entry: FolderChange.Entry, _ effect: Effect) throws(FolderError) {
    var entry = entry
    // Those beyond stay beside it: so many say the same only where somebody means harm.
    entry.replaces = Array(entry.replaces.prefix(FolderChange.replacedLimit))
    var added = Pending(entry: entry, effect: effect, end: sharedEnd)
    if entry.isGiven, case .file(let hash, let byteCount, _) = entry.content,
      byteCount >= ContentHash.sharedLimit
    {
      added.ownBlobs = longBlobs
      given.insert(hash)
    }
    pending.append(added)
    pendingByteCount += added.byteCount
    if pending.count >= Self.entryCount || pendingByteCount >= Self.bodyByteCount {
      // However short the contents are, entries do not pile up.
      if pending.count >= 4 * Self.entryCount { try closeChunk() }
      try flush()
      try commitIfFull()
    }
  }

  /// Adds a content that was offered before; it is given after all entries.
  func addLate(_ hash: ContentHash, byteCount: UInt64) {
    late.append(
      (
        FolderChange.Late(hash: hash, byteCount: byteCount), sharedEnd,
        byteCount >= ContentHash.sharedLimit ? longBlobs : []
      ))
    given.insert(hash)
  }

  /// Writes all entries and contents.
  func flushAll() throws(FolderError) {
    try closeChunk()
    try drain()
    try flush()
    try flushLate()
  }

  private func commitIfFull() throws(FolderError) {
    guard uncommittedByteCount >= Self.commitByteCount else { return }
    try commit()
    uncommittedByteCount = 0
  }

  /// Makes true what was told so far.
  ///
  /// What was read may still be in memory only, and what is gone be gone there only: the disk is
  /// synchronised first, lest a power cut turn either into an edit back.
  func commit() throws(FolderError) {
    try fileCall { () throws(FileSystemError) in try root.sync() }
    try folder.commit(writer)
  }

  /// Writes the entries whose contents are sealed, in messages of some thousand.
  private func flush() throws(FolderError) {
    while !pending.isEmpty {
      var count = 0
      var byteCount = 0
      while count < min(pending.count, Self.entryCount), byteCount < Self.bodyByteCount,
        pending[count].end <= sealedEnd,
        // A very long content goes alone.
        count == 0 || byteCount + pending[count].byteCount <= 2 * Self.bodyByteCount
      {
        byteCount += pending[count].byteCount
        count += 1
      }
      guard count > 0 else { return }
      let written = Array(pending[..<count])
      pending.removeFirst(count)
      pendingByteCount = max(0, pendingByteCount - byteCount)
      try write(written)
    }
  }

  private func write(_ written: [Pending]) throws(FolderError) {
    var change = FolderChange()
    change.entries = written.map(\.entry)
    change.ownBlobs = written.flatMap(\.ownBlobs)
    place(&change, upTo: written.last?.end ?? givenEnd)
    let id = try send(change)
    for (index, written) in written.enumerated() {
      let path = written.entry.path
      guard let content = written.effect.content else {
        folder.state.shown[path] = nil
        continue
      }
      let version = VersionID(message: id, entry: UInt32(clamping: index))
      folder.state.shown[path] = FolderState.Shown(
        copyOf: nil, covers: [version], content: content, seen: written.effect.seen,
        isKept: written.entry.isGiven)
    }
  }

  private func flushLate() throws(FolderError) {
    while !late.isEmpty {
      var change = FolderChange()
      var count = 1
      var blobCount = late[0].ownBlobs.count
      while count < min(late.count, Self.entryCount) {
        blobCount += late[count].ownBlobs.count
        guard blobCount <= Self.bodyByteCount / 40 else { break }
        count += 1
      }
      change.late = late[..<count].map(\.late)
      change.ownBlobs = late[..<count].flatMap(\.ownBlobs)
      place(&change, upTo: late[count - 1].end)
      late.removeFirst(count)
      _ = try send(change)
    }
  }

  /// Names the blobs in which the short contents lie that a message gives.
  private func place(_ change: inout FolderChange, upTo end: UInt64) {
    if end > givenEnd {
      // Those before are not needed any more.
      let first = sharedBlobs.lastIndex { $0.start <= givenEnd } ?? 0
      sharedBlobs.removeFirst(first)
      let blobs = sharedBlobs.prefix { $0.start < end }
      change.sharedSkip = UInt32(clamping: givenEnd - (blobs.first?.start ?? givenEnd))
      change.sharedBlobs = blobs.map(\.blob)
    }
    givenEnd = end
  }

  /// Writes a message, and takes what it says.
  @discardableResult
  func send(_ change: FolderChange) throws(FolderError) -> ObjectID {
    let id = try nodeCall { () throws(NodeError) in try writer.write(change.encoded) }
    try folder.take(change, from: id)
    return id
  }
}
