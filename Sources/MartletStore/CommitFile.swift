internal import MartletFileSystem
internal import SystemPackage

/// The file `commit`: the one place that says what is true.
///
/// Append-only. Once it is over 256 KiB and mostly past, it is replaced by one entry that says
/// everything. After a failure that leaves open which file the name stands for, nothing more is
/// written (``isBroken``).
struct CommitFile {
  static let name = "commit"
  static let compactionByteCount: UInt64 = 256 << 10
  /// The greatest commit file that is read, in bytes.
  static let limit: UInt64 = 256 << 20

  let disk: Disk
  private(set) var contents: CommitContents
  private(set) var isBroken = false
  private var file: StoreFile?
  /// Bytes of the entry that says everything, when last written.
  private var wholeByteCount: UInt64

  /// Reads the file; nil if none stands there.
  init?(reading disk: Disk) throws(StoreError) {
    guard let bytes = try disk.readWhole(Self.name, limit: Self.limit) else { return nil }
    self.disk = disk
    contents = CommitContents(bytes)
    wholeByteCount = UInt64(CommitEntry.read(bytes, at: 0)?.byteCount ?? 0)
  }

  /// Makes the first commit file, which says that nothing is there; durable afterwards.
  static func create(on disk: Disk) throws(StoreError) {
    let entry = CommitEntry(sequence: 1, isWhole: true, files: [:])
    try disk.replace(name, with: try entry.encoded())
    try disk.syncDirectory("")
  }

  /// Makes ready for appending: cuts a torn tail, and makes durable what is there.
  mutating func prepareForWriting() throws(StoreError) {
    if let offset = contents.damage.first {
      throw .damaged(disk.path(Self.name), offset: offset)
    }
    let file = try disk.open(Self.name, .readWrite)
    if try file.byteCount() > UInt64(contents.byteCount) {
      try file.truncate(to: UInt64(contents.byteCount))
    }
    // A writer that was killed may have left an entry that never reached the disk.
    try file.sync()
    try disk.syncDirectory("")
    self.file = file
  }

  /// Appends one entry; it is true and durable once this returns.
  ///
  /// - Throws: ``StoreError/discarded(_:)`` if it failed and was taken back,
  ///   ``StoreError/outcomeUnknown(_:)`` if it could not be.
  mutating func append(_ files: [String: CommittedFile?]) throws(StoreError) {
    guard let file, !isBroken else { throw .mustReopen(disk.root) }
    let entry = CommitEntry(sequence: contents.sequence + 1, isWhole: false, files: files)
    let bytes = try entry.encoded()
    do {
      try file.write(bytes, at: UInt64(contents.byteCount))
      try file.sync()
    } catch {
      guard case .system(let failure) = error else { throw error }
      // A failed fsync is final for this file: what was true goes into a new one.
      try? file.truncate(to: UInt64(contents.byteCount))
      do { try rewrite() } catch {
        isBroken = true
        throw .outcomeUnknown(failure)
      }
      throw .discarded(failure)
    }
    contents.apply(entry)
    contents.byteCount += bytes.count
    let byteCount = UInt64(contents.byteCount)
    if byteCount > Self.compactionByteCount, byteCount / 2 > wholeByteCount {
      // The commit stands; if this fails, the next one says so.
      do { try rewrite() } catch { isBroken = true }
    }
  }

  /// Corrects what is known of a file, without writing; the next entry on it will say it.
  mutating func correct(_ path: String, byteCount: UInt64) {
    contents.files[path]?.byteCount = byteCount
  }

  private mutating func rewrite() throws(StoreError) {
    let sequence = contents.sequence + 1
    let entry = CommitEntry(
      sequence: sequence, isWhole: true, files: contents.files.mapValues { $0 })
    let bytes = try entry.encoded()
    try disk.replace(Self.name, with: bytes)
    try disk.syncDirectory("")
    file = try disk.open(Self.name, .readWrite)
    contents.sequence = sequence
    contents.byteCount = bytes.count
    wholeByteCount = UInt64(bytes.count)
  }
}
