internal import MartletFileSystem
internal import MartletSeal
package import MartletWire
internal import MartletWorkers
internal import SystemPackage

/// A change of the store: all of it, or nothing.
///
/// Memory is bounded by one pack's names and the states handed in. Ends with ``commit()`` or
/// ``discard()``; letting go of it discards. A call that throws has discarded it.
package final class Transaction {
  let store: Store
  var disk: Disk { store.disk }
  private var isOpen = true
  private var nextTag: UInt64
  private var writer: PackWriter?
  private var packs: [(temporary: String, path: String)] = []
  private var loose: [LooseObject] = []
  private let looseWriting: WorkBehind<LooseObject, StoreError>
  private var logs: [LogID: LogWriter] = [:]
  private var states: [StateID: [UInt8]] = [:]
  private var files: [String: [UInt8]] = [:]
  private var changes: [String: CommittedFile?] = [:]
  /// Directories that did not stand before, outer ones first.
  private var newDirectories: [String] = []

  init(_ store: Store) {
    self.store = store
    nextTag = (store.commitFile.contents.packNames.keys.max() ?? 0) + 1
    let disk = store.disk
    let threads = min(2, disk.limits.threadCount)
    looseWriting = WorkBehind(
      OrderedPipeline(threadCount: threads, inFlightLimit: threads + 2)
    ) { (object: LooseObject) throws(StoreError) in
      try object.write(on: disk)
    }
  }

  deinit { if isOpen { end() } }

  /// Writes an object's bytes; it is held once a log or state that names it is committed.
  ///
  /// The name is taken on trust. Adding an object that is here already stores it again.
  package func addObject(_ id: ObjectID, _ bytes: [UInt8]) throws(StoreError) -> StoredObject {
    guard bytes.count <= Limits.objectByteCount else {
      throw .tooLarge(byteCount: UInt64(bytes.count), limit: UInt64(Limits.objectByteCount))
    }
    let byteCount = UInt32(bytes.count)
    return try guarded { () throws(StoreError) in
      if bytes.count >= disk.limits.looseByteCount {
        // Beyond the limit one call synchronises them all; up to it, each its own.
        var object = LooseObject(
          id: id, temporary: "tmp/object-\(loose.count)", bytes: bytes,
          isSynchronised: loose.count < disk.limits.looseFileCount)
        try looseWriting.add(object)
        object.bytes = []
        loose.append(object)
        return StoredObject(
          id: id, byteCount: byteCount, packTag: 0, offset: LooseObjects.checksum(of: bytes))
      }
      if let writer, writer.isFull { try close(writer) }
      let writer: PackWriter
      if let current = self.writer {
        writer = current
      } else {
        writer = try PackWriter(on: disk, tag: nextTag)
        self.writer = writer
        nextTag += 1
      }
      return StoredObject(
        id: id, byteCount: byteCount, packTag: writer.tag, offset: try writer.add(id, bytes))
    }
  }

  /// Appends objects to a log; returns the position of the first.
  @discardableResult
  package func append(
    _ objects: [StoredObject], to log: LogID
  ) throws(StoreError) -> UInt64 {
    try guarded { () throws(StoreError) in
      let writer: LogWriter
      if let open = logs[log] {
        writer = open
      } else {
        writer = try LogWriter(self, log)
        logs[log] = writer
      }
      let first = writer.length
      for object in objects { try writer.append(object) }
      return first
    }
  }

  /// Replaces a state, as one with everything else. At most 256 MiB.
  package func setState(_ id: StateID, _ bytes: [UInt8]) throws(StoreError) {
    guard bytes.count <= StateEntry.limit else {
      throw .tooLarge(byteCount: UInt64(bytes.count), limit: UInt64(StateEntry.limit))
    }
    states[id] = bytes
  }

  /// Replaces a file such as `config.json`, whole and durably, just before the commit: the one
  /// thing that is not taken back if the commit then fails.
  ///
  /// The path is relative to the store, without `..`, and either a name in it that the store does
  /// not use or one below `clients`; ``commit()`` throws ``StoreError/notAName(_:)`` for any other.
  package func writeFile(_ name: String, _ bytes: [UInt8]) { files[name] = bytes }

  /// Makes it all durable, then true; readers see it once this returns.
  ///
  /// - Throws: ``StoreError/discarded(_:)``: the store is as it was.
  ///   ``StoreError/outcomeUnknown(_:)``: opening it again tells.
  package func commit() throws(StoreError) {
    try guarded { () throws(StoreError) in
      for name in files.keys where !Self.isCallers(name) { throw .notAName(name) }
      if let writer { try close(writer) }
      try placeObjects()
      try placePacks()
      for (log, writer) in logs.sorted(by: { $0.key < $1.key }) {
        changes[log.path] = CommittedFile(kind: .log, byteCount: try writer.finish(), mark: 0)
      }
      var past: [String] = []
      // In one order: a seed replays every call.
      for (id, bytes) in states.sorted(by: { $0.key.path < $1.key.path }) {
        try write(bytes, to: id, past: &past)
      }
      for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
        try makeDirectories(above: name)
        try disk.replace(name, with: bytes)
        try disk.syncDirectory(Self.directory(of: name))
      }
      if !changes.isEmpty { try store.commitFile.append(changes) }
      isOpen = false
      store.isInTransaction = false
      for path in past { try? disk.remove(path) }
      // An index is never synchronised: one that is lost or torn is made again from its pack.
      for pack in packs {
        try? disk.rename(
          Store.indexName(of: pack.temporary), to: Store.indexName(of: pack.path))
      }
    }
  }

  /// Ends it; the store is as it was.
  package func discard() { if isOpen { end() } }

  private func end() {
    isOpen = false
    store.isInTransaction = false
    looseWriting.stop()
    writer = nil
    logs = [:]
    guard !store.commitFile.isBroken else { return }
    // Best effort: opening for writing does the same.
    for name in (try? disk.list("tmp")) ?? [] { try? disk.remove("tmp/\(name)") }
    for pack in packs { try? disk.remove(pack.path) }
    // What may have failed to become durable is not to be found again: made anew, it is durable
    // when its directory next is.
    for directory in newDirectories.reversed() {
      for name in (try? disk.list(directory)) ?? [] { try? disk.remove("\(directory)/\(name)") }
      try? disk.removeDirectory(directory)
    }
  }

  /// Makes a directory below one that stands; durable once that is synchronised.
  func makeDirectory(_ path: String) throws(StoreError) {
    guard !path.isEmpty, try disk.byteCount(path) == nil else { return }
    newDirectories.append(path)
    try disk.makeDirectory(path)
  }

  private static func isCallers(_ path: String) -> Bool {
    let parts = path.split(separator: "/")
    guard Disk.isInside(path), let first = parts.first else { return false }
    if parts.count > 1 { return first == "clients" }
    return !Store.directories.contains(path) && !Store.fileNames.contains(path)
      && !path.hasPrefix("state.")
  }

  private func makeDirectories(above path: String) throws(StoreError) {
    let directory = Self.directory(of: path)
    guard !directory.isEmpty, try disk.byteCount(directory) == nil else { return }
    try makeDirectories(above: directory)
    try makeDirectory(directory)
    try disk.syncDirectory(Self.directory(of: directory))
  }

  private func guarded<Result>(
    _ body: () throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    guard isOpen, !store.commitFile.isBroken else { throw .mustReopen(store.path) }
    do { return try body() } catch {
      if isOpen { end() }
      if case .system(let failure) = error { throw .discarded(failure) }
      throw error
    }
  }

  private func close(_ writer: PackWriter) throws(StoreError) {
    try writer.finish()
    let path = "packs/\(writer.name).pack"
    packs.append((writer.temporary, path))
    // Now, lest a large transaction keeps the names of all its objects in memory.
    try? Store.writeIndex(Pack.index(writer.entries), of: writer.temporary, on: disk)
    changes[path] = CommittedFile(kind: .pack, byteCount: writer.byteCount, mark: writer.tag)
    self.writer = nil
  }

  private func placeObjects() throws(StoreError) {
    guard !loose.isEmpty else { return }
    try looseWriting.finish()
    let all = loose.count > disk.limits.looseFileCount
    if all { try disk.syncAll() }
    var directories: Set<String> = ["objects"]
    for object in loose {
      let name = Pack.looseName(object.id)
      if directories.insert(Self.directory(of: name)).inserted {
        try makeDirectory(Self.directory(of: name))
      }
      try disk.rename(object.temporary, to: name)
    }
    if all {
      try disk.syncAll()
    } else {
      for directory in directories.sorted() { try disk.syncDirectory(directory) }
    }
  }

  private func placePacks() throws(StoreError) {
    guard !packs.isEmpty else { return }
    for pack in packs { try disk.rename(pack.temporary, to: pack.path) }
    try disk.syncDirectory("packs")
  }

  private func write(
    _ state: [UInt8], to id: StateID, past: inout [String]
  ) throws(StoreError) {
    let old = store.committedState(id)
    let byteCount = UInt64(state.count)
    // One that is shorter than was committed is not continued.
    if let old, old.file.byteCount <= max(disk.limits.stateFileByteCount, 4 * byteCount),
      let actual = try disk.byteCount(old.path), actual >= old.file.byteCount
    {
      let file = try disk.open(old.path, .readWrite)
      if actual > old.file.byteCount { try file.truncate(to: old.file.byteCount) }
      let bytes = StateEntry.encode(state, at: old.file.byteCount)
      try file.write(bytes, at: old.file.byteCount)
      try file.sync()
      changes[old.path] = CommittedFile(
        kind: .state, byteCount: old.file.byteCount + UInt64(bytes.count),
        mark: old.file.byteCount)
      return
    }
    let generation = old.flatMap { $0.path.split(separator: ".").last.flatMap { UInt64($0) } } ?? 0
    let path = "\(id.path).\(generation + 1)"
    try makeDirectory(id.directory)
    try disk.syncDirectory(Self.directory(of: id.directory))
    let bytes = StateEntry.encode(state, at: 0)
    try disk.replace(path, with: bytes)
    try disk.syncDirectory(id.directory)
    changes[path] = CommittedFile(kind: .state, byteCount: UInt64(bytes.count), mark: 0)
    if let old {
      changes.updateValue(nil, forKey: old.path)
      past.append(old.path)
    }
  }

  static func directory(of path: String) -> String {
    path.split(separator: "/").dropLast().joined(separator: "/")
  }
}

/// An object that gets a file of its own.
private struct LooseObject: Sendable {
  let id: ObjectID
  /// Where it stands until the commit.
  let temporary: String
  var bytes: [UInt8]
  let isSynchronised: Bool

  func write(on disk: Disk) throws(StoreError) {
    let file = try open(on: disk)
    file.bypassCache()
    try file.write(bytes, at: 0)
    if isSynchronised { try file.sync() }
  }

  private func open(on disk: Disk) throws(StoreError) -> StoreFile {
    do { return try disk.open(temporary, .createNew(permissions: 0o600)) } catch {
      // A transaction that was discarded could not remove it.
      guard case .system(let failure) = error, failure.errno == .fileExists else { throw error }
      try disk.remove(temporary)
      return try disk.open(temporary, .createNew(permissions: 0o600))
    }
  }
}

/// Appends to a group log beyond what is committed.
final class LogWriter {
  static let bufferByteCount = 1 << 20
  private let file: StoreFile
  private let directory: String
  private var chain: Chain
  private var cumulative: UInt64
  private var buffer: [UInt8] = []
  private(set) var length: UInt64
  private var byteCount: UInt64

  init(_ transaction: Transaction, _ id: LogID) throws(StoreError) {
    let store = transaction.store
    let log = try store.log(id)
    length = log.length
    chain = try log.chain(at: length) ?? .empty
    cumulative = try log.byteCount()
    byteCount = length * UInt64(GroupLog.entryByteCount)
    directory = id.directory
    try transaction.makeDirectory(directory)
    try store.disk.syncDirectory(Transaction.directory(of: directory))
    // Nothing of it is committed: one that a discarded transaction left is made anew.
    if length == 0 { try store.disk.remove(id.path) }
    file = try store.disk.open(id.path, .readWriteOrCreate(permissions: 0o600))
    let actual = try file.byteCount()
    guard actual >= byteCount else { throw .damaged(file.path, offset: actual) }
    // What a discarded transaction left.
    if actual > byteCount { try file.truncate(to: byteCount) }
  }

  func append(_ object: StoredObject) throws(StoreError) {
    chain = chain.extended(by: object.id)
    cumulative += UInt64(object.byteCount)
    GroupLog.encode(
      GroupLogEntry(object: object, chain: chain, cumulativeByteCount: cumulative),
      position: length, into: &buffer)
    length += 1
    if buffer.count >= Self.bufferByteCount { try flush() }
  }

  /// Makes it durable; returns the new length in bytes.
  func finish() throws(StoreError) -> UInt64 {
    try flush()
    try file.sync()
    try file.disk.syncDirectory(directory)
    return byteCount
  }

  private func flush() throws(StoreError) {
    try file.write(buffer, at: byteCount)
    byteCount += UInt64(buffer.count)
    buffer.removeAll(keepingCapacity: true)
  }
}

extension Store {
  /// Starts a change; one at a time.
  package func transaction() throws(StoreError) -> Transaction {
    guard isWriting else { throw .readOnly(path) }
    guard !commitFile.isBroken else { throw .mustReopen(path) }
    guard !isInTransaction else { throw .inTransaction(path) }
    isInTransaction = true
    return Transaction(self)
  }
}
