internal import MartletFileSystem
internal import MartletNode
internal import MartletSeal
internal import MartletWire
internal import MartletWorkers
internal import SystemPackage

/// Writes contents from blobs into files, on all cores: each blob is opened once, and each
/// content is compared with its hash before anybody sees it.
struct Checkout {
  struct Item: Sendable {
    /// By this it is known in the results.
    var number: Int
    /// The directory in which it is made, relative to the root.
    var parent: RelativePath
    var name: [UInt8]
    var hash: ContentHash
    var byteCount: UInt64
    var permissions: UInt8
    var modified: Int64
    var place: Catalogue.Place
  }

  enum Result: Sendable {
    /// As it was then.
    case written(FileInformation)
    case failed(Failure)
  }

  /// Why a content is not written.
  enum Failure: Error, Sendable {
    /// It is not here, or damaged here.
    case missing
    /// It is not what its author said.
    case untrue
    case system(FileSystemError)

    var words: String {
      switch self {
      case .missing: "its content is not here, or damaged here"
      case .untrue: "its content is not what its author said"
      case .system(let error): error.reason
      }
    }
  }

  /// A part of a blob that belongs to an item.
  private struct Piece: Sendable {
    var item: Item
    var range: Range<Int>
    /// Where in the file it goes.
    var offset: UInt64
    /// The file, if it is a long one.
    var file: WorkFile?
    var isWhole: Bool { UInt64(range.count) == item.byteCount }
  }

  private struct Task: Sendable {
    var blob: HeldBlob
    var byteCount: Int
    var pieces: [Piece]
  }

  /// What came of a piece.
  private enum Outcome: Sendable {
    case done(Result)
    /// A part of a short content that lies in more blobs than one.
    case part([UInt8])
    /// The hash of a chunk of a long content, which is written.
    case chunk(Digest)
  }

  private let folder: OpenFolder
  private let catalogue: Catalogue
  private let root: FolderRoot

  init(_ folder: OpenFolder, _ catalogue: Catalogue, in root: FolderRoot) {
    self.folder = folder
    self.catalogue = catalogue
    self.root = root
  }

  /// Writes items; each has a result, by its number.
  ///
  /// - Parameter progress: Called with the bytes of each that was written.
  /// - Throws: Where the disk is full or broken; what was written stays where it was made.
  func write(
    _ items: [Item], progress: (UInt64) -> Void
  ) throws(FolderError) -> [Int: Result] {
    var results: [Int: Result] = [:]
    var parts: [Int: (bytes: [UInt8], rest: UInt64)] = [:]
    var long: [Int: LongWriting] = [:]
    // Those without bytes need no blob.
    var directories = Directories(root)
    for item in items where item.byteCount == 0 {
      results[item.number] = Self.write([], of: item, &directories)
    }
    var tasks = plan(items)[...]
    var waiting: [[Piece]] = []
    let root = root
    let stage = OrderedStage(folder.node.environment.readingAndComputing) {
      (task: Task) throws(FolderError) -> [Outcome] in
      Self.perform(task, in: root)
    }
    defer { stage.stop() }
    while true {
      let outcomes = try stage.next { () throws(FolderError) -> Task? in
        while let (blob, needed) = tasks.popFirst() {
          var pieces = needed
          let held = try nodeCall { () throws(NodeError) in
            try folder.node.heldBlob(blob.id, in: folder.group)
          }
          guard let held else {
            for piece in pieces { results[piece.item.number] = .failed(.missing) }
            continue
          }
          for index in pieces.indices
          where pieces[index].item.byteCount >= ContentHash.sharedLimit {
            let item = pieces[index].item
            if long[item.number] == nil {
              long[item.number] = LongWriting(item, &directories)
            }
            pieces[index].file = long[item.number]?.file
          }
          waiting.append(pieces)
          return Task(blob: held, byteCount: Int(blob.byteCount), pieces: pieces)
        }
        return nil
      }
      guard let outcomes else { break }
      for (piece, outcome) in zip(waiting.removeFirst(), outcomes) {
        let number = piece.item.number
        switch outcome {
        case .done(let result):
          results[number] = result
          progress(piece.item.byteCount)
        case .part(let bytes):
          var part = parts[number] ?? ([], piece.item.byteCount)
          part.bytes += bytes
          part.rest -= min(part.rest, UInt64(bytes.count))
          parts[number] = part
          if part.rest == 0 {
            results[number] = Self.write(part.bytes, of: piece.item, &directories)
            parts[number] = nil
            progress(piece.item.byteCount)
          }
        case .chunk(let hash):
          progress(UInt64(piece.range.count))
          if let result = long[number]?.take(hash, byteCount: piece.range.count) {
            results[number] = result
            long[number] = nil
          }
        }
      }
    }
    for item in items where results[item.number] == nil {
      results[item.number] = .failed(.missing)
    }
    // Where there is no room, or the disk is broken, there is none for the others either.
    for item in items {
      guard case .failed(.system(let error)) = results[item.number] else { continue }
      switch error.errno {
      case .noSpace, .diskQuotaExceeded, .ioError, .readOnlyFileSystem: throw .file(error)
      default: continue
      }
    }
    return results
  }

  /// The blobs that are needed, in order, each with what is needed of it.
  private func plan(_ items: [Item]) -> [(blob: FolderChange.Blob, pieces: [Piece])] {
    var needed: [Int: [Piece]] = [:]
    var order: [Int] = []
    for item in items where item.byteCount > 0 {
      var offset: UInt64 = 0
      for (index, piece) in catalogue.pieces(of: item.place).enumerated() {
        let blob = Int(item.place.blob) + index
        if needed[blob] == nil { order.append(blob) }
        needed[blob, default: []].append(Piece(item: item, range: piece.range, offset: offset))
        offset += UInt64(piece.range.count)
      }
    }
    // Ascending: the parts of a content come one after the other.
    return order.sorted().map { (catalogue.blobs[$0], needed[$0] ?? []) }
  }

  /// Runs on any thread.
  private static func perform(_ task: Task, in root: FolderRoot) -> [Outcome] {
    var directories = Directories(root)
    guard let content = task.blob.content(), content.count == task.byteCount else {
      return task.pieces.map { _ in .done(.failed(.missing)) }
    }
    return task.pieces.map { piece in
      if piece.item.byteCount >= ContentHash.sharedLimit {
        // Its result says why there is no file.
        guard let file = piece.file else { return .chunk(.zero) }
        let bytes = piece.range.count == content.count ? content : Array(content[piece.range])
        do throws(FileSystemError) { try file.write(bytes, at: piece.offset) } catch {
          return .done(.failed(.system(error)))
        }
        return .chunk(LongContentHasher.hash(chunk: bytes))
      }
      let bytes = Array(content[piece.range])
      return piece.isWhole ? .done(write(bytes, of: piece.item, &directories)) : .part(bytes)
    }
  }

  /// Writes a short content that is here as a whole. Runs on any thread.
  private static func write(
    _ bytes: [UInt8], of item: Item, _ directories: inout Directories
  ) -> Result {
    guard ContentHash(short: bytes) == item.hash else { return .failed(.untrue) }
    do throws(FileSystemError) {
      let file = try WorkFile(item, &directories)
      try file.write(bytes, at: 0)
      return .written(try file.finish(modified: item.modified))
    } catch { return .failed(.system(error)) }
  }

  /// The directory that was opened last: what is written comes directory by directory.
  private struct Directories {
    private let root: FolderRoot
    private var last: (path: RelativePath, directory: Directory)?

    init(_ root: FolderRoot) { self.root = root }

    mutating func open(_ path: RelativePath) throws(FileSystemError) -> Directory {
      if let last, last.path == path { return last.directory }
      let directory = try root.open(path)
      last = (path, directory)
      return directory
    }
  }

  /// A file that is being written.
  private final class WorkFile: Sendable {
    private let directory: Directory
    private let number: FileNumber

    init(_ item: Item, _ directories: inout Directories) throws(FileSystemError) {
      directory = try directories.open(item.parent)
      // The rest of the permissions is for the system to take away.
      let permissions = UInt16(item.permissions & 7)
      number = try directory.system.open(
        item.name, in: directory.number,
        .createNew(permissions: permissions << 6 | permissions << 3 | permissions))
    }

    deinit { directory.system.close(number) }

    func write(_ bytes: [UInt8], at offset: UInt64) throws(FileSystemError) {
      if !bytes.isEmpty { try directory.system.write(number, at: offset, bytes) }
    }

    func finish(modified: Int64) throws(FileSystemError) -> FileInformation {
      try directory.system.setModified(number, modified)
      return try directory.system.information(number)
    }
  }

  /// A long content on its way into a file.
  private final class LongWriting {
    let file: WorkFile?
    private let item: Item
    private let failure: Failure
    private var hashes: [Digest] = []
    private var rest: UInt64

    init(_ item: Item, _ directories: inout Directories) {
      self.item = item
      rest = item.byteCount
      do throws(FileSystemError) {
        file = try WorkFile(item, &directories)
        failure = .missing
      } catch {
        file = nil
        failure = .system(error)
      }
    }

    /// Takes the hash of the next chunk; the result after the last.
    func take(_ hash: Digest, byteCount: Int) -> Result? {
      hashes.append(hash)
      rest -= min(rest, UInt64(max(0, byteCount)))
      guard rest == 0 else { return nil }
      guard let file else { return .failed(failure) }
      var hasher = LongContentHasher()
      for hash in hashes { hasher.update(hash) }
      guard hasher.finish() == item.hash else { return .failed(.untrue) }
      do throws(FileSystemError) {
        return .written(try file.finish(modified: item.modified))
      } catch { return .failed(.system(error)) }
    }
  }
}
