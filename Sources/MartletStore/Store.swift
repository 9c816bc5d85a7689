package import MartletFileSystem
package import SystemPackage

/// The directory with everything a device holds.
///
/// What ``Transaction/commit()`` returned for is there whatever happens next; what it did not is
/// there whole or not at all. Not for use from several threads at once.
package final class Store {
  static let format = Array("martlet store 1\n".utf8)
  static let directories = ["objects", "packs", "groups", "peers", "clients", "tmp", "quarantine"]

  static let fileNames = ["format", "identity", "lock", CommitFile.name]

  package enum Access: Hashable, Sendable {
    /// Takes no lock, writes nothing, never waits.
    case reading
    /// Takes the lock, if need be once the other writer is done.
    case writing(wait: Bool)
  }

  package let path: FilePath
  /// What opening found short or altered.
  package internal(set) var damage: [StoreDamage] = []

  let disk: Disk
  let isWriting: Bool
  var commitFile: CommitFile
  var isInTransaction = false
  /// The pack read last, and its tag.
  var openPack: (tag: UInt64, window: PackWindow)?
  /// The packs' indexes read last.
  var indexes: PackIndexCache
  private let lock: StoreFile?

  /// Opens a store.
  ///
  /// For writing: what a transaction cut short left behind is removed, and a damaged copy of a
  /// commit entry is written again. A commit file that lacks an entry is refused then; for
  /// reading, ``damage`` lists it.
  /// - Throws: ``StoreError/notAStore(_:)``, ``StoreError/busy(_:)``,
  ///   ``StoreError/unsupportedFormat(_:)``, ``StoreError/damaged(_:offset:)``,
  ///   ``StoreError/system(_:)``.
  package init(
    at path: FilePath, on system: any FileSystem, for access: Access,
    limits: StoreLimits = StoreLimits()
  ) throws(StoreError) {
    let disk = Disk(system: system, root: path, limits: limits)
    guard let format = try disk.readWhole("format", limit: 4096) else { throw .notAStore(path) }
    var lock: StoreFile?
    if case .writing(let wait) = access { lock = try Self.lock(disk, wait: wait) }
    guard let commitFile = try CommitFile(reading: disk, isFromMedium: lock != nil) else {
      throw .notAStore(path)
    }
    guard format == Self.format else { throw .unsupportedFormat(disk.path("format")) }
    self.path = path
    self.disk = disk
    self.commitFile = commitFile
    indexes = PackIndexCache(limit: limits.indexCacheByteCount)
    self.lock = lock
    isWriting = lock != nil
    let contents = commitFile.contents
    damage = (contents.damage + (contents.lostAt.map { [$0] } ?? [])).map {
      StoreDamage(path: CommitFile.name, kind: .altered(offset: $0))
    }
    if isWriting { try recover() }
  }

  /// Makes a store, durable afterwards, with the files that stand from the start.
  ///
  /// One whose creation was cut short is made anew.
  /// - Parameter identity: Kept in `identity`, readable by the owner only.
  package static func create(
    at path: FilePath, on system: any FileSystem, identity: [UInt8],
    limits: StoreLimits = StoreLimits()
  ) throws(StoreError) {
    let disk = Disk(system: system, root: path, limits: limits)
    try disk.attempt { () throws(FileSystemError) in
      try system.makeDirectory(path, permissions: 0o700)
    }
    let lock = try Self.lock(disk, wait: false)
    defer { withExtendedLifetime(lock) {} }
    if try disk.byteCount(CommitFile.name) != nil { throw .alreadyAStore(path) }
    do { try fill(disk, identity: identity) } catch {
      empty(disk)
      throw error
    }
  }

  private static func fill(_ disk: Disk, identity: [UInt8]) throws(StoreError) {
    for directory in directories { try disk.makeDirectory(directory) }
    try disk.replace("identity", with: identity)
    try disk.replace("format", with: format)
    try disk.syncDirectory("")
    let parent = disk.root.removingLastComponent()
    try disk.attempt { () throws(FileSystemError) in
      try disk.system.syncDirectory(parent.isEmpty ? "." : parent)
    }
    try CommitFile.create(on: disk)
  }

  /// Removes what a failed creation has made, as far as it can: what may have failed to become
  /// durable is not to be found again.
  private static func empty(_ disk: Disk) {
    try? disk.remove(CommitFile.name)
    for name in (try? disk.list("tmp")) ?? [] { try? disk.remove("tmp/\(name)") }
    for directory in directories { try? disk.removeDirectory(directory) }
    for name in fileNames { try? disk.remove(name) }
    try? disk.system.removeDirectory(disk.root)
  }

  /// The bytes of `identity`.
  package func identity() throws(StoreError) -> [UInt8] { try file("identity", limit: 1 << 20) }

  /// Puts a file that a transaction wrote in the place of `identity`, durably: where a copied store
  /// becomes a device of its own.
  ///
  /// Not part of any transaction. A power cut leaves both files or the one, whole.
  /// - Throws: ``StoreError/readOnly(_:)``, ``StoreError/system(_:)``.
  package func replaceIdentity(with name: String) throws(StoreError) {
    guard isWriting else { throw .readOnly(path) }
    try disk.rename(name, to: "identity")
    try disk.syncDirectory("")
  }

  func checkCommitFile() throws(StoreError) -> [UInt64] { try commitFile.check() }

  /// A whole file of the store, such as `config.json`.
  package func file(_ relative: String, limit: UInt64) throws(StoreError) -> [UInt8] {
    guard let bytes = try disk.readWhole(relative, limit: limit) else {
      throw .damaged(disk.path(relative), offset: 0)
    }
    return bytes
  }

  private static func lock(_ disk: Disk, wait: Bool) throws(StoreError) -> StoreFile {
    let file = try disk.open("lock", .readWriteOrCreate(permissions: 0o600))
    let taken = try disk.attempt { () throws(FileSystemError) in
      try disk.system.lock(file.number, wait: wait)
    }
    guard taken else { throw .busy(file.path) }
    return file
  }
}
