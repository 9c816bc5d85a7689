internal import MartletSeal
package import MartletWire
internal import SystemPackage

/// One entry of a group log.
package struct GroupLogEntry: Hashable, Sendable {
  package var object: StoredObject
  /// The running hash with this entry in it.
  package var chain: Chain
  /// Bytes of all objects up to and with this one.
  package var cumulativeByteCount: UInt64
}

/// A group log as committed when it was opened: read by position, in O(1).
///
/// On disk: entries of 104 bytes: id 32, chain 32, object byte count u32, zero u32, cumulative
/// byte count u64, pack tag u64, offset u64, checksum 8: XXH64 over all before it, seeded by the
/// position.
package final class GroupLog {
  static let entryByteCount = 104
  /// Entries read at once.
  static let windowEntryCount = 1024

  package let id: LogID
  /// How many entries are committed. Known without reading any.
  package let length: UInt64
  private let file: StoreFile?
  private var index: [UInt64]?

  init(id: LogID, length: UInt64, file: StoreFile?) {
    self.id = id
    self.length = length
    self.file = file
  }

  /// The entry at a position; nil beyond the end.
  package func entry(at position: UInt64) throws(StoreError) -> GroupLogEntry? {
    guard position < length else { return nil }
    return try entries(position..<position + 1).first
  }

  package func id(at position: UInt64) throws(StoreError) -> ObjectID? {
    try entry(at: position)?.object.id
  }

  /// The chain over the first `count` entries; nil if there are fewer.
  package func chain(at count: UInt64) throws(StoreError) -> Chain? {
    count == 0 ? .empty : try entry(at: count - 1)?.chain
  }

  /// Bytes of all objects: one read.
  package func byteCount() throws(StoreError) -> UInt64 {
    length == 0 ? 0 : try entry(at: length - 1)?.cumulativeByteCount ?? 0
  }

  /// Entries of a range, as far as they are there. O(*n*) memory: ask for at most some thousands.
  package func entries(_ range: Range<UInt64>) throws(StoreError) -> [GroupLogEntry] {
    let range = range.clamped(to: 0..<length)
    guard !range.isEmpty else { return [] }
    guard let file else {
      throw .damaged(FilePath(id.path), offset: range.lowerBound * UInt64(Self.entryByteCount))
    }
    let size = Self.entryByteCount
    let bytes = try file.read(at: range.lowerBound * UInt64(size), count: range.count * size)
    var entries: [GroupLogEntry] = []
    entries.reserveCapacity(range.count)
    var at = 0
    for position in range {
      guard let entry = Self.decode(bytes, at: at, position: position) else {
        throw .damaged(file.path, offset: position * UInt64(size))
      }
      entries.append(entry)
      at += size
    }
    return entries
  }

  /// Entries of a range, nil for one that is damaged or not there: what can still be read of a log
  /// that ``entries(_:)`` refuses. O(*n*) memory.
  package func readableEntries(_ range: Range<UInt64>) throws(StoreError) -> [GroupLogEntry?] {
    let size = Self.entryByteCount
    let range = range.clamped(to: 0..<length)
    guard let file else { return Array(repeating: nil, count: range.count) }
    do {
      let bytes = try file.read(at: range.lowerBound * UInt64(size), count: range.count * size)
      return range.enumerated().map { Self.decode(bytes, at: $0 * size, position: $1) }
    } catch {
      guard error.isOfMedium else { throw error }
      if range.count == 1 { return [nil] }
    }
    // The medium does not give all of it: as little as possible is given up.
    var entries: [GroupLogEntry?] = []
    for position in range { entries += try readableEntries(position..<position + 1) }
    return entries
  }

  func dropCache() { file?.dropCache() }

  /// The bytes of an entry, whatever they say; nil if the medium does not give them.
  func bytes(at position: UInt64) throws(StoreError) -> [UInt8]? {
    let size = Self.entryByteCount
    do {
      return try file?.read(at: position * UInt64(size), count: size)
    } catch {
      guard error.isOfMedium else { throw error }
      return nil
    }
  }

  /// Where an object stands; nil if it does not. The first call reads the log once and keeps
  /// eight bytes an entry.
  package func position(of id: ObjectID) throws(StoreError) -> UInt64? {
    try first(startingWith: id.bytes) { $0 == id }?.position
  }

  /// The object whose id begins with these bytes, at least 4 of them; nil if there is none. Costs what
  /// ``position(of:)`` does.
  package func id(startingWith bytes: [UInt8]) throws(StoreError) -> ObjectID? {
    try first(startingWith: bytes) { $0.bytes.starts(with: bytes) }?.id
  }

  private func first(
    startingWith bytes: [UInt8], where isWanted: (ObjectID) -> Bool
  ) throws(StoreError) -> (position: UInt64, id: ObjectID)? {
    guard bytes.count >= 4 else { return nil }
    let index = try builtIndex()
    let prefix = bytes.number(at: 0, byteCount: 4)
    var low = 0
    var high = index.count
    while low < high {
      let middle = (low + high) / 2
      if index[middle] >> 32 < prefix { low = middle + 1 } else { high = middle }
    }
    while low < index.count, index[low] >> 32 == prefix {
      let position = index[low] & 0xFFFF_FFFF
      if let id = try self.id(at: position), isWanted(id) { return (position, id) }
      low += 1
    }
    return nil
  }

  private func builtIndex() throws(StoreError) -> [UInt64] {
    if let index { return index }
    guard length <= UInt64(UInt32.max) else {
      throw .tooLarge(byteCount: length, limit: UInt64(UInt32.max))
    }
    var built: [UInt64] = []
    built.reserveCapacity(Int(length))
    var position: UInt64 = 0
    while position < length {
      for entry in try entries(position..<position + UInt64(Self.windowEntryCount)) {
        built.append(Self.prefix(entry.object.id) << 32 | position)
        position += 1
      }
    }
    built.sort()
    index = built
    return built
  }

  private static func prefix(_ id: ObjectID) -> UInt64 { id.bytes.number(at: 0, byteCount: 4) }

  private static let empty = [UInt8](repeating: 0, count: entryByteCount)
  private static let checksumOffset = 96

  static func encode(_ entry: GroupLogEntry, position: UInt64, into bytes: inout [UInt8]) {
    let start = bytes.count
    bytes.append(contentsOf: empty)
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    raw.store(entry.object.id.digest, at: start)
    raw.store(entry.chain.digest, at: start + 32)
    raw.store(entry.object.byteCount, at: start + 64)
    raw.store(entry.cumulativeByteCount, at: start + 72)
    raw.store(entry.object.packTag, at: start + 80)
    raw.store(entry.object.offset, at: start + 88)
    let checksum = Checksum.of(
      raw.bytes.extracting(start..<start + checksumOffset), seed: position)
    raw.store(checksum, at: start + checksumOffset)
  }

  /// Nil if the bytes end or do not match their checksum.
  static func decode(_ bytes: [UInt8], at start: Int, position: UInt64) -> GroupLogEntry? {
    let raw = bytes.span.bytes
    guard raw.byteCount - start >= entryByteCount,
      raw.number64(at: start + checksumOffset)
        == Checksum.of(raw.extracting(start..<start + checksumOffset), seed: position),
      let id = Digest(raw, at: start), let chain = Digest(raw, at: start + 32)
    else { return nil }
    return GroupLogEntry(
      object: StoredObject(
        id: ObjectID(id), byteCount: raw.number32(at: start + 64),
        packTag: raw.number64(at: start + 80), offset: raw.number64(at: start + 88)),
      chain: Chain(chain), cumulativeByteCount: raw.number64(at: start + 72))
  }
}

extension LogID {
  /// Of the log that stands at a path; nil for any other path.
  init?(path: String) {
    let parts = path.split(separator: "/")
    guard parts.count == 3, let group = GroupID(hex: String(parts[1])) else { return nil }
    self.init(group: group, objectClass: parts[2] == "messages.log" ? .messages : .blobs)
    guard self.path == path else { return nil }
  }

  /// Where the log stands, relative to the store.
  var path: String { "\(directory)/\(objectClass == .messages ? "messages" : "blobs").log" }
  var directory: String { "groups/\(group.hex)" }
}
