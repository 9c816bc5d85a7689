internal import MartletFileSystem
internal import MartletObjects
internal import MartletSeal
internal import MartletWorkers

/// A file of ``ContentHash/sharedLimit`` bytes or more, read once from its beginning to its end.
final class LongFile {
  private static let pieceByteCount = 1 << 20

  private let directory: Directory
  private let number: FileNumber
  private let name: [UInt8]
  private var offset: UInt64 = 0
  /// As it was when it was opened.
  let information: FileInformation

  init(_ path: RelativePath, in root: FolderRoot) throws(FileSystemError) {
    directory = try root.open(path.parent ?? .root)
    name = path.name
    number = try directory.system.open(name, in: directory.number, .read)
    do throws(FileSystemError) {
      information = try directory.system.information(number)
    } catch {
      directory.system.close(number)
      throw error
    }
    if information.byteCount > 4 << 20 { directory.system.bypassCache(number) }
  }

  deinit { directory.system.close(number) }

  /// The next bytes; nil at the end.
  func next() throws(FolderError) -> [UInt8]? {
    try fileCall { () throws(FileSystemError) in
      let bytes = try directory.system.read(
        number, at: offset, count: Self.pieceByteCount)
      offset += UInt64(bytes.count)
      return bytes.isEmpty ? nil : bytes
    }
  }

  /// Whether nobody changed it since it was opened, and all of it was read.
  func isUnchanged() throws(FolderError) -> Bool {
    try fileCall { () throws(FileSystemError) in
      guard offset == information.byteCount else { return false }
      return try directory.system.information(number) == information
    }
  }

  /// From now on it is read from its beginning.
  func rewind() { offset = 0 }

  /// Its hash, made on all cores; all of it was read then.
  func hash(
    _ chunker: consuming Chunker, on pipeline: OrderedPipeline,
    checkStop: () throws(FolderError) -> Void
  ) throws(FolderError) -> ContentHash {
    var hasher = LongContentHasher()
    var chunker = chunker
    var piece: [UInt8] = []
    var used = 0
    var isAtEnd = false
    try pipeline.run(
      next: { () throws(FolderError) -> [UInt8]? in
        try checkStop()
        var chunk: [UInt8] = []
        while true {
          if used == piece.count {
            guard !isAtEnd, let read = try self.next() else {
              isAtEnd = true
              return chunk.isEmpty ? nil : chunk
            }
            piece = read
            used = 0
          }
          let boundary = chunker.nextBoundary(in: piece.span.extracting(used..<piece.count))
          let end = boundary.map { used + $0 } ?? piece.count
          chunk += piece[used..<end]
          used = end
          if boundary != nil { return chunk }
        }
      },
      transform: { chunk throws(FolderError) in LongContentHasher.hash(chunk: chunk) },
      consume: { hash throws(FolderError) in hasher.update(hash) })
    return hasher.finish()
  }
}
