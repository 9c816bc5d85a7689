internal import MartletFileSystem
internal import SystemPackage

/// The file `commit`: the one place that says what is true.
///
/// It has the length it was made with: two halves, with each entry in both, then zeros. An entry
/// is written to both and synchronised once. When the next does not fit, the file is replaced by
/// one whose first entry says everything, that next one included. After a failure that leaves open
/// which file the name stands for, nothing more is written (``isBroken``).
struct CommitFile {
  static let name = "commit"
  /// The greatest commit file that is read, in bytes.
  static let limit: UInt64 = 256 << 20
  static let readCount = 5

  let disk: Disk
  private(set) var contents = CommitContents([])
  private(set) var isBroken = false
  private var file: StoreFile?

  /// Reads the file; nil if none stands there.
  ///
  /// What looks like damage is read again as long as it changes, some times at most: a writer may
  /// be at work.
  /// - Parameter isFromMedium: Whether to have it read from the medium, as before writing: after a
  ///   failed fsync, what is cached may be an entry that never came there.
  init?(reading disk: Disk, isFromMedium: Bool = false) throws(StoreError) {
    self.disk = disk
    if isFromMedium { try disk.openIfPresent(Self.name)?.dropCache() }
    var before: [UInt8] = []
    for _ in 0..<Self.readCount {
      guard let bytes = try disk.readWhole(Self.name, limit: Self.limit) else { return nil }
      contents = CommitContents(bytes)
      if bytes == before || contents.damage.isEmpty && contents.lostAt == nil { return }
      before = bytes
    }
  }

  /// Makes the first commit file, which says that nothing is there; durable afterwards.
  static func create(on disk: Disk) throws(StoreError) {
    let (_, bytes) = try image(sequence: 1, [:], on: disk)
    try disk.replace(name, with: bytes)
    try disk.syncDirectory("")
  }

  /// Makes ready for appending: makes durable what is there, in a new file if a copy in this one
  /// is torn or damaged.
  ///
  /// - Throws: ``StoreError/damaged(_:offset:)`` if an acknowledged entry is or may be missing.
  mutating func prepareForWriting() throws(StoreError) {
    if let offset = contents.lostAt { throw .damaged(disk.path(Self.name), offset: offset) }
    guard contents.isClean else { return try rewrite(contents.files.mapValues { $0 }) }
    let file = try disk.open(Self.name, .readWrite)
    // A writer that was killed may have left an entry that never reached the disk.
    try file.sync()
    try disk.syncDirectory("")
    self.file = file
  }

  /// Adds one entry; it is true and durable once this returns.
  ///
  /// - Throws: ``StoreError/discarded(_:)`` if it failed and was taken back,
  ///   ``StoreError/outcomeUnknown(_:)`` if it could not be.
  mutating func append(_ files: [String: CommittedFile?]) throws(StoreError) {
    guard let file, !isBroken else { throw .mustReopen(disk.root) }
    let entry = CommitEntry(
      sequence: contents.sequence + 1, isWhole: false,
      halfByteCount: UInt64(contents.halfByteCount), files: files)
    guard contents.byteCount + entry.byteCount <= contents.halfByteCount else {
      var all: [String: CommittedFile?] = contents.files.mapValues { $0 }
      for (path, file) in files { all[path] = .some(file) }
      return try rewrite(all.filter { $0.value != nil })
    }
    let bytes = try entry.encoded()
    do {
      try file.write(bytes, at: UInt64(contents.byteCount))
      try file.write(bytes, at: UInt64(contents.halfByteCount + contents.byteCount))
      try file.sync()
    } catch {
      guard case .system(let failure) = error else { throw error }
      // A failed fsync is final for this file: what was true goes into a new one.
      do { try rewrite(contents.files.mapValues { $0 }) } catch {
        isBroken = true
        throw .outcomeUnknown(failure)
      }
      throw .discarded(failure)
    }
    contents.apply(entry, byteCount: bytes.count)
  }

  /// Reads the file again; returns where it is damaged, and writes it anew if it may be written.
  mutating func check() throws(StoreError) -> [UInt64] {
    var found = CommitContents([])
    do {
      found = try CommitFile(reading: disk, isFromMedium: true)?.contents ?? found
    } catch {
      guard error.isOfMedium else { throw error }
    }
    let damage = found.damage + (found.lostAt.map { [$0] } ?? [])
    if file != nil, !isBroken, !found.isClean { try rewrite(contents.files.mapValues { $0 }) }
    return damage
  }

  /// Corrects what is known of a file, without writing; the next entry on it will say it.
  mutating func correct(_ path: String, byteCount: UInt64) {
    contents.correct(path, byteCount: byteCount)
  }

  /// Puts a file in the place of this that has one entry, with everything.
  ///
  /// - Throws: ``StoreError/system(_:)`` if the old one stands unchanged,
  ///   ``StoreError/outcomeUnknown(_:)`` if either may.
  private mutating func rewrite(_ files: [String: CommittedFile?]) throws(StoreError) {
    let (entry, bytes) = try Self.image(sequence: contents.sequence + 1, files, on: disk)
    try disk.rename(try disk.writeTemporary(Self.name, bytes), to: Self.name)
    do {
      do { try disk.syncDirectory("") } catch {
        // A failed sync is final: the name is made once more.
        try disk.rename(try disk.writeTemporary(Self.name, bytes), to: Self.name)
        try disk.syncDirectory("")
      }
      file = try disk.open(Self.name, .readWrite)
    } catch {
      isBroken = true
      guard case .system(let failure) = error else { throw error }
      throw .outcomeUnknown(failure)
    }
    contents.replace(with: entry, byteCount: entry.byteCount)
  }

  /// A whole file with one entry.
  private static func image(
    sequence: UInt64, _ files: [String: CommittedFile?], on disk: Disk
  ) throws(StoreError) -> (entry: CommitEntry, bytes: [UInt8]) {
    var entry = CommitEntry(sequence: sequence, isWhole: true, halfByteCount: 0, files: files)
    var half = disk.limits.commitHalfByteCount
    // Room for as much again, so that replacing it is rare whatever it holds.
    while half < 2 * entry.byteCount, half < Int(limit / 2) { half *= 2 }
    entry.halfByteCount = UInt64(half)
    let encoded = try entry.encoded()
    var bytes = encoded
    bytes.reserveCapacity(2 * half)
    bytes.append(contentsOf: repeatElement(0, count: half - encoded.count))
    bytes += encoded
    bytes.append(contentsOf: repeatElement(0, count: half - encoded.count))
    return (entry, bytes)
  }
}
