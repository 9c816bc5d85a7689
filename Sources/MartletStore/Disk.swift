internal import MartletFileSystem
internal import Synchronization
internal import SystemPackage

/// A file system and a store's root, with failures in the store's words.
struct Disk: Sendable {
  let system: any FileSystem
  let root: FilePath
  let limits: StoreLimits
  /// The root as text, if text says all of it: paths are made faster from that.
  private let rootText: String?

  init(system: any FileSystem, root: FilePath, limits: StoreLimits) {
    self.system = system
    self.root = root
    self.limits = limits
    let text = root.string
    rootText = FilePath(text) == root ? text : nil
  }

  func path(_ relative: String) -> FilePath {
    guard let rootText else { return root.pushing(FilePath(relative)) }
    let text = "\(rootText)/\(relative)"
    if let path = Self.paths.withLock({ $0[text] }) { return path }
    let path = FilePath(text)
    Self.paths.withLock { paths in
      if paths.count >= Self.pathLimit { paths = [:] }
      paths[text] = path
    }
    return path
  }

  /// Paths made before: a transaction asks for the same few several times each.
  private static let paths = Mutex<[String: FilePath]>([:])
  private static let pathLimit = 512

  func open(_ relative: String, _ mode: OpenMode) throws(StoreError) -> StoreFile {
    let path = path(relative)
    return StoreFile(
      disk: self, path: path,
      number: try attempt { () throws(FileSystemError) in try system.open(path, mode) })
  }

  /// Opens a file for reading; nil if none stands there.
  func openIfPresent(_ relative: String) throws(StoreError) -> StoreFile? {
    do {
      return StoreFile(
        disk: self, path: path(relative), number: try system.open(path(relative), .read))
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw .system(error)
    }
  }

  /// All of a file up to a limit, if wanted from the medium; nil if none stands there.
  func readWhole(
    _ relative: String, limit: UInt64, isFromMedium: Bool = false, bypassesCache: Bool = false
  ) throws(StoreError) -> [UInt8]? {
    guard let file = try openIfPresent(relative) else { return nil }
    if isFromMedium { file.dropCache() }
    let byteCount = try file.byteCount()
    guard byteCount <= limit else { throw .tooLarge(byteCount: byteCount, limit: limit) }
    if isFromMedium || bypassesCache, byteCount >= UInt64(limits.looseByteCount) {
      file.bypassCache()
    }
    return try file.read(at: 0, count: Int(byteCount))
  }

  /// Bytes of a file; nil if nothing stands there.
  func byteCount(_ relative: String) throws(StoreError) -> UInt64? {
    try attempt { () throws(FileSystemError) in try system.information(at: path(relative)) }?
      .byteCount
  }

  func makeDirectory(_ relative: String) throws(StoreError) {
    try attempt { () throws(FileSystemError) in
      try system.makeDirectory(path(relative), permissions: 0o700)
    }
  }

  func removeDirectory(_ relative: String) throws(StoreError) {
    try attempt { () throws(FileSystemError) in try system.removeDirectory(path(relative)) }
  }

  func syncDirectory(_ relative: String) throws(StoreError) {
    let directory = relative.isEmpty ? root : path(relative)
    try attempt { () throws(FileSystemError) in try system.syncDirectory(directory) }
  }

  func rename(_ from: String, to: String) throws(StoreError) {
    try attempt { () throws(FileSystemError) in try system.rename(path(from), to: path(to)) }
  }

  func remove(_ relative: String) throws(StoreError) {
    try attempt { () throws(FileSystemError) in try system.remove(path(relative)) }
  }

  /// Names in a directory, sorted; none if there is no directory.
  func list(_ relative: String) throws(StoreError) -> [String] {
    do {
      return try system.list(path(relative)).map { $0.string }.sorted()
    } catch {
      if error.errno == .noSuchFileOrDirectory { return [] }
      throw .system(error)
    }
  }

  func syncAll() throws(StoreError) {
    try attempt { () throws(FileSystemError) in try system.syncFileSystem(at: root) }
  }

  /// Writes a whole file in `tmp/`, synchronises it and renames it into place; its directory is
  /// the caller's to synchronise.
  func replace(
    _ relative: String, with bytes: [UInt8], permissions: UInt16 = 0o600
  ) throws(StoreError) {
    try rename(try writeTemporary(relative, bytes, permissions: permissions), to: relative)
  }

  /// Writes a whole file in `tmp/` and synchronises it; returns its name there.
  func writeTemporary(
    _ relative: String, _ bytes: [UInt8], permissions: UInt16 = 0o600
  ) throws(StoreError) -> String {
    let temporary = "tmp/" + relative.split(separator: "/").joined(separator: "-")
    try remove(temporary)
    let file = try open(temporary, .createNew(permissions: permissions))
    try file.write(bytes, at: 0)
    try file.sync()
    return temporary
  }

  /// Whether a path is relative, and names something below the directory it is relative to.
  static func isInside(_ path: String) -> Bool {
    !path.isEmpty && !path.contains("\0")
      && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
        !$0.isEmpty && $0 != "." && $0 != ".."
      }
  }

  func attempt<Result>(
    _ body: () throws(FileSystemError) -> Result
  ) throws(StoreError) -> Result {
    do { return try body() } catch { throw .system(error) }
  }
}

/// An open file, closed when the last reference goes.
final class StoreFile {
  let disk: Disk
  let path: FilePath
  let number: FileNumber

  init(disk: Disk, path: FilePath, number: FileNumber) {
    self.disk = disk
    self.path = path
    self.number = number
  }

  deinit { disk.system.close(number) }

  func byteCount() throws(StoreError) -> UInt64 {
    try disk.attempt { () throws(FileSystemError) in try disk.system.information(number) }
      .byteCount
  }

  /// Reads up to `count` bytes; fewer only at the end of the file.
  func read(at offset: UInt64, count: Int) throws(StoreError) -> [UInt8] {
    do { return try disk.system.read(number, at: offset, count: count) } catch {
      throw .system(error)
    }
  }

  func read(at offset: UInt64, into buffer: inout [UInt8]) throws(StoreError) -> Int {
    do {
      var span = buffer.mutableSpan
      var bytes = span.mutableBytes
      return try disk.system.read(number, at: offset, into: &bytes)
    } catch { throw .system(error) }
  }

  func write(_ bytes: [UInt8], at offset: UInt64) throws(StoreError) {
    do { try disk.system.write(number, at: offset, bytes.span.bytes) } catch {
      throw .system(error)
    }
  }

  func sync() throws(StoreError) {
    do { try disk.system.sync(number) } catch { throw .system(error) }
  }

  func dropCache() { disk.system.dropCache(number) }

  func bypassCache() { disk.system.bypassCache(number) }

  func truncate(to byteCount: UInt64) throws(StoreError) {
    do { try disk.system.truncate(number, to: byteCount) } catch { throw .system(error) }
  }
}
