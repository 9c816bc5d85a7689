internal import MartletFileSystem
internal import MartletSeal
package import MartletWire

extension Store {
  /// An object's bytes, by its location; looked up by name if they do not stand there.
  ///
  /// Reading in the order of a pack takes one call a MiB.
  /// - Parameter isVerified: Whether the bytes are hashed and compared with the name. Those of a file
  ///   of its own are compared with their checksum otherwise, those of a pack with nothing.
  package func read(
    _ object: StoredObject, isVerified: Bool = true
  ) throws(StoreError) -> [UInt8] {
    if object.packTag != 0,
      let bytes = try packed(object.id, tag: object.packTag, offset: object.offset)
    {
      if !isVerified || Hash.plain(bytes) == object.id.digest { return bytes }
    } else if let bytes = looseObjects.bytes(of: object, isVerified: isVerified) {
      return bytes
    }
    return try read(object.id)
  }

  /// The objects that have files of their own.
  package var looseObjects: LooseObjects { LooseObjects(disk: disk) }

  /// An object's bytes by its name alone: its own file, else every pack's index in turn. Verified.
  package func read(_ id: ObjectID) throws(StoreError) -> [UInt8] {
    let name = Pack.looseName(id)
    var bad: String?
    do {
      if let bytes = try disk.readWhole(
        name, limit: UInt64(Limits.objectByteCount), bypassesCache: true)
      {
        if Hash.plain(bytes) == id.digest { return bytes }
        bad = name
      }
    } catch {
      guard error.isOfMedium else { throw error }
      bad = name
    }
    for (tag, path) in commitFile.contents.packNames.sorted(by: { $0.key < $1.key }) {
      for offset in try offsets(of: id, in: path, tag: tag) {
        if let bytes = try packed(id, tag: tag, offset: offset), Hash.plain(bytes) == id.digest {
          return bytes
        }
        bad = path
      }
    }
    if let bad { throw .objectDamaged(id, disk.path(bad)) }
    throw .missing(id)
  }

  /// Nil if the pack or the object is not where it is said to be, or cannot be read there.
  private func packed(
    _ id: ObjectID, tag: UInt64, offset: UInt64
  ) throws(StoreError) -> [UInt8]? {
    do { return try readPacked(id, tag: tag, offset: offset) } catch {
      guard error.isOfMedium else { throw error }
      return nil
    }
  }

  /// The header of an object in a pack; nil if none can be read there.
  func packHeader(
    tag: UInt64, offset: UInt64
  ) throws(StoreError) -> (id: ObjectID, byteCount: Int)? {
    do {
      guard let window = try openPack(tag) else { return nil }
      return try window.readHeader(at: offset)
    } catch {
      guard error.isOfMedium else { throw error }
      return nil
    }
  }

  private func openPack(_ tag: UInt64) throws(StoreError) -> PackWindow? {
    if let openPack, openPack.tag == tag { return openPack.window }
    openPack = nil
    guard let path = commitFile.contents.packNames[tag],
      let file = try disk.openIfPresent(path)
    else { return nil }
    let window = PackWindow(file)
    openPack = (tag, window)
    return window
  }

  private func readPacked(
    _ id: ObjectID, tag: UInt64, offset: UInt64
  ) throws(StoreError) -> [UInt8]? {
    guard offset < 1 << 32, let window = try openPack(tag),
      let header = try window.readHeader(at: offset),
      header.id == id
    else { return nil }
    return try window.read(at: offset + UInt64(Pack.headerByteCount), count: header.byteCount)
  }

  /// Where objects stand in a pack that may be the one of this name.
  private func offsets(
    of id: ObjectID, in path: String, tag: UInt64
  ) throws(StoreError) -> [UInt64] {
    if let offsets = indexes.offsets(of: id, in: tag) { return offsets }
    let index = PackIndexCache.index(try index(of: path))
    indexes.add(index, for: tag)
    return PackIndexCache.offsets(of: id, in: index)
  }

  /// A pack's index, made again from the pack if it is missing or damaged.
  private func index(of path: String) throws(StoreError) -> [(id: ObjectID, offset: UInt64)] {
    let limit = UInt64(disk.limits.packObjectCount * Pack.indexEntryByteCount + 40)
    let name = Self.indexName(of: path)
    if let size = try disk.byteCount(name), size <= limit,
      let bytes = try disk.readWhole(name, limit: limit), let entries = Pack.readIndex(bytes)
    {
      return entries
    }
    let entries = try scan(path).sorted { $0.id < $1.id }
    if isWriting { try? Self.writeIndex(Pack.index(entries), of: path, on: disk) }
    return entries
  }

  /// Writes a pack's index anew if it is not what it should be, and the store is open for writing.
  ///
  /// That is no damage: an index is never synchronised, so one that was torn is to be expected.
  func checkIndex(
    of pack: String, _ entries: [(id: ObjectID, offset: UInt64)]
  ) throws(StoreError) {
    let name = Self.indexName(of: pack)
    let wanted = Pack.index(entries)
    var found: [UInt8]?
    do { found = try disk.readWhole(name, limit: UInt64(wanted.count)) } catch {
      if case .tooLarge = error {
        found = []
      } else if error.isOfMedium {
        found = []
      } else {
        throw error
      }
    }
    if found != wanted, isWriting { try? Self.writeIndex(wanted, of: pack, on: disk) }
  }

  /// Reads every header of a pack; where one is damaged, the next that is not is looked for.
  func scan(_ path: String) throws(StoreError) -> [(id: ObjectID, offset: UInt64)] {
    guard let file = try disk.openIfPresent(path),
      let committed = commitFile.contents.files[path]
    else { return [] }
    let scanner = try PackScanner(file, committed)
    var entries: [(id: ObjectID, offset: UInt64)] = []
    while let batch = try scanner.next() {
      for object in batch.objects { entries.append((object.id, object.offset)) }
    }
    return entries
  }

  static func writeIndex(_ bytes: [UInt8], of pack: String, on disk: Disk) throws(StoreError) {
    let name = indexName(of: pack)
    try disk.remove(name)
    try disk.open(name, .createNew(permissions: 0o600)).write(bytes, at: 0)
  }

  static func indexName(of pack: String) -> String { pack.dropLast(4) + "idx" }
}
