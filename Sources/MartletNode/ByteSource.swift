internal import MartletFileSystem
internal import MartletObjects
internal import SystemPackage

/// Bytes that are read once, in order: a file or a pipe.
final class ByteSource {
  private enum Kind {
    case file(OpenFile)
    case pipe(Pipe)
  }

  private let kind: Kind
  /// How many bytes were handed out.
  private(set) var offset: UInt64 = 0
  /// Nil for a pipe.
  let byteCount: UInt64?
  /// What was read of a pipe and not taken yet.
  private var ahead: [UInt8]?

  init(_ path: FilePath, on system: any FileSystem) throws(NodeError) {
    do throws(FileSystemError) {
      let file = try system.openFile(path, .read)
      let information = try system.information(file.number)
      guard information.kind != .directory else {
        throw FileSystemError(.read, path, .isDirectory)
      }
      // Where a file says that it has no bytes it may still give some: a fifo, or one of /proc.
      byteCount =
        information.kind == .file && information.byteCount > 0 ? information.byteCount : nil
      kind = information.kind == .file ? .file(file) : .pipe(Pipe(file.number.rawValue, name: path))
      open = file
    } catch { throw .file(error) }
  }

  init(_ descriptor: Int32) {
    byteCount = nil
    kind = .pipe(Pipe(descriptor, name: "-"))
    open = nil
  }

  /// From now on the bytes of a file come past the system's cache, if they are many.
  func bypassCache() {
    if case .file(let file) = kind, let byteCount, byteCount > 4 << 20 { file.bypassCache() }
  }

  /// Keeps what was opened here open.
  private let open: OpenFile?

  /// The next bytes; fewer than `count` only at the end.
  func read(_ count: Int) throws(NodeError) -> [UInt8] {
    do throws(FileSystemError) {
      let bytes: [UInt8]
      switch kind {
      case .file(let file):
        bytes = try file.fileSystem.read(file.number, at: offset, count: count)
      case .pipe(let pipe): bytes = try pipe.read(count)
      }
      offset += UInt64(bytes.count)
      return bytes
    } catch { throw .file(error) }
  }
}

extension ByteSource {
  /// The next bytes of a source: those of a file are read when they are loaded, on any thread.
  struct Piece: Sendable {
    fileprivate enum Kind: Sendable {
      case here([UInt8])
      case file(OpenFile, offset: UInt64, count: Int)
    }

    fileprivate var kind: Kind
    /// Whether nothing follows.
    var isLast: Bool

    func load() throws(NodeError) -> [UInt8] {
      switch kind {
      case .here(let bytes): return bytes
      case .file(let file, let offset, let count):
        do throws(FileSystemError) { return try file.read(at: offset, count: count) } catch {
          throw .file(error)
        }
      }
    }
  }

  /// Passes the next bytes, fewer than `count` only at the end; nil after it.
  func take(_ count: Int) throws(NodeError) -> Piece? {
    if case .file(let file) = kind, let byteCount {
      guard offset < byteCount else { return nil }
      let part = Int(min(UInt64(count), byteCount - offset))
      defer { offset += UInt64(part) }
      return Piece(
        kind: .file(file, offset: offset, count: part), isLast: offset + UInt64(part) == byteCount)
    }
    // What follows is read too, to tell which is the last.
    let bytes: [UInt8]
    if let ahead { bytes = ahead } else { bytes = try read(count) }
    guard !bytes.isEmpty else { return nil }
    let following = bytes.count < count ? [] : try read(count)
    ahead = following
    return Piece(kind: .here(bytes), isLast: following.isEmpty)
  }
}

/// A source cut where a group's chunker says so.
struct ChunkReader {
  private static let readByteCount = 1 << 20
  private let source: ByteSource
  private var chunker: Chunker
  private var buffer: [UInt8]
  private var used = 0

  /// - Parameter head: What was read of the source already.
  init(_ source: ByteSource, head: [UInt8], chunker: Chunker) {
    self.source = source
    self.chunker = chunker
    buffer = head
  }

  /// The next chunk; nil at the end.
  mutating func next() throws(NodeError) -> [UInt8]? {
    var chunk: [UInt8] = []
    chunk.reserveCapacity(Chunker.target * 3 / 2)
    while true {
      if used == buffer.count {
        buffer = try source.read(Self.readByteCount)
        used = 0
        if buffer.isEmpty { return chunk.isEmpty ? nil : chunk }
      }
      let window = buffer
      let boundary = chunker.nextBoundary(in: window.span.extracting(used..<window.count))
      let end = boundary.map { used + $0 } ?? buffer.count
      chunk += buffer[used..<end]
      used = end
      if boundary != nil { return chunk }
    }
  }
}

/// A source cut into lines, or into records of one length.
struct ItemReader {
  /// The longest item, in bytes; longer contents go whole, as blobs.
  static let limit = 4 << 20
  private static let readByteCount = 256 << 10
  private let source: ByteSource
  /// Nil: lines.
  private let recordByteCount: Int?
  private var buffer: [UInt8] = []
  private var used = 0
  private var searched = 0
  private var isAtEnd = false

  init(_ source: ByteSource, recordByteCount: Int?) {
    self.source = source
    self.recordByteCount = recordByteCount
  }

  /// The next item, without the end of its line; nil at the end.
  mutating func next() throws(NodeError) -> [UInt8]? {
    while true {
      if let recordByteCount {
        if buffer.count - used >= recordByteCount { return take(recordByteCount, skipping: 0) }
      } else if let end = buffer[searched...].firstIndex(of: 0x0A) {
        return take(end - used, skipping: 1)
      }
      if isAtEnd { return used < buffer.count ? take(buffer.count - used, skipping: 0) : nil }
      guard buffer.count - used <= Self.limit else {
        throw .tooLarge(byteCount: UInt64(buffer.count - used), limit: UInt64(Self.limit))
      }
      buffer.removeFirst(used)
      used = 0
      searched = buffer.count
      let more = try source.read(Self.readByteCount)
      isAtEnd = more.isEmpty
      buffer += more
    }
  }

  private mutating func take(_ count: Int, skipping: Int) -> [UInt8] {
    defer {
      used += count + skipping
      searched = used
    }
    return Array(buffer[used..<used + count])
  }
}
