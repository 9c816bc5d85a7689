internal import MartletFileSystem
internal import MartletSeal
internal import MartletWire

/// The layout of a pack: `MRTPACK1`, tag u64, then of each object a header and its bytes.
///
/// A header is id 32, byte count u32, checksum 4: the low half of XXH64 over those, seeded by the
/// offset. The index beside it is `MRTINDEX`, then of each object, sorted, id 32 and offset u64,
/// then a checksum of 32.
enum Pack {
  static let magic = Array("MRTPACK1".utf8)
  static let indexMagic = Array("MRTINDEX".utf8)
  static let firstOffset: UInt64 = 16
  static let headerByteCount = 40
  static let indexEntryByteCount = 40

  /// Where an id stands in a header, its length, and the checksum.
  private static let byteCountOffset = 32
  private static let checksumOffset = 36
  private static let emptyHeader = [UInt8](repeating: 0, count: headerByteCount)

  static func append(
    _ id: ObjectID, byteCount: Int, at offset: UInt64, to buffer: inout [UInt8]
  ) {
    let start = buffer.count
    buffer.append(contentsOf: emptyHeader)
    var span = buffer.mutableSpan
    var raw = span.mutableBytes
    raw.store(id.digest, at: start)
    raw.store(UInt32(byteCount), at: start + byteCountOffset)
    let checksum = checksum(raw.bytes, at: start, offset: offset)
    raw.store(checksum, at: start + checksumOffset)
  }

  static func readHeader(
    _ bytes: [UInt8], at start: Int, offset: UInt64
  ) -> (id: ObjectID, byteCount: Int)? {
    let raw = bytes.span.bytes
    guard raw.byteCount - start >= headerByteCount else { return nil }
    // First what costs least: where a header is looked for, nearly every place fails by it.
    let byteCount = Int(raw.number32(at: start + byteCountOffset))
    guard byteCount <= Limits.objectByteCount,
      raw.number32(at: start + checksumOffset) == checksum(raw, at: start, offset: offset),
      let digest = Digest(raw, at: start)
    else { return nil }
    return (ObjectID(digest), byteCount)
  }

  private static func checksum(_ bytes: RawSpan, at start: Int, offset: UInt64) -> UInt32 {
    UInt32(
      truncatingIfNeeded: Checksum.of(
        bytes.extracting(start..<start + checksumOffset), seed: offset))
  }

  static func index(_ entries: [(id: ObjectID, offset: UInt64)]) -> [UInt8] {
    var bytes = indexMagic
    bytes.reserveCapacity(40 + entries.count * indexEntryByteCount)
    bytes.append(contentsOf: repeatElement(0, count: entries.count * indexEntryByteCount))
    do {
      var span = bytes.mutableSpan
      var raw = span.mutableBytes
      var at = indexMagic.count
      for entry in entries.sorted(by: { $0.id < $1.id }) {
        raw.store(entry.id.digest, at: at)
        raw.store(entry.offset, at: at + 32)
        at += indexEntryByteCount
      }
    }
    return bytes + entryChecksum(0, bytes, 0..<bytes.count, byteCount: 32)
  }

  /// Nil if the index is damaged.
  static func readIndex(_ bytes: [UInt8]) -> [(id: ObjectID, offset: UInt64)]? {
    let end = bytes.count - 32
    guard end >= 8, (end - 8).isMultiple(of: indexEntryByteCount),
      bytes.starts(with: indexMagic),
      bytes[end...].elementsEqual(entryChecksum(0, bytes, 0..<end, byteCount: 32))
    else { return nil }
    let raw = bytes.span.bytes
    var entries: [(id: ObjectID, offset: UInt64)] = []
    entries.reserveCapacity((end - 8) / indexEntryByteCount)
    var at = 8
    while at < end, let digest = Digest(raw, at: at) {
      entries.append((ObjectID(digest), raw.number64(at: at + 32)))
      at += indexEntryByteCount
    }
    return entries
  }

  static func looseName(_ id: ObjectID) -> String {
    let hex = id.hex
    return "objects/\(hex.prefix(2))/\(hex.dropFirst(2))"
  }
}

/// A file read through a window: of 1 MiB while it is read in order, which then takes few calls;
/// small where it is not.
final class PackWindow {
  static let leastByteCount = 8 << 10
  static let greatestByteCount = 1 << 20
  let file: StoreFile
  private var start: UInt64 = 0
  private var bytes: [UInt8] = []
  private var nextByteCount = leastByteCount

  init(_ file: StoreFile) { self.file = file }

  /// Exactly `count` bytes, or nil if the file ends before them.
  func read(at offset: UInt64, count: Int) throws(StoreError) -> [UInt8]? {
    try withBytes(at: offset, count: count).map { Array(bytes[$0]) }
  }

  /// The header of an object.
  func readHeader(at offset: UInt64) throws(StoreError) -> (id: ObjectID, byteCount: Int)? {
    guard let range = try withBytes(at: offset, count: Pack.headerByteCount) else { return nil }
    return Pack.readHeader(bytes, at: range.lowerBound, offset: offset)
  }

  /// Where the bytes are in the window, moved there if need be.
  private func withBytes(at offset: UInt64, count: Int) throws(StoreError) -> Range<Int>? {
    let isInOrder = offset >= start && offset - start <= UInt64(bytes.count)
    if isInOrder {
      let from = Int(offset - start)
      if bytes.count - from >= count { return from..<from + count }
    }
    nextByteCount = isInOrder ? min(4 * nextByteCount, Self.greatestByteCount) : Self.leastByteCount
    start = offset
    bytes = []
    bytes = try file.read(at: offset, count: max(count, nextByteCount))
    return bytes.count >= count ? 0..<count : nil
  }
}

/// Streams objects into a pack in `tmp/`; keeps their names, not their bytes.
final class PackWriter {
  static let bufferByteCount = 1 << 20
  let tag: UInt64
  let temporary: String
  private(set) var entries: [(id: ObjectID, offset: UInt64)] = []
  private(set) var byteCount: UInt64
  private let file: StoreFile
  private let limits: StoreLimits
  private var buffer: [UInt8]

  init(on disk: Disk, tag: UInt64) throws(StoreError) {
    self.tag = tag
    limits = disk.limits
    temporary = "tmp/\(tag).pack"
    try disk.remove(temporary)
    file = try disk.open(temporary, .createNew(permissions: 0o600))
    buffer = Pack.magic
    buffer.appendNumber(tag)
    byteCount = Pack.firstOffset
    // Beyond the limit by one object at most.
    buffer.reserveCapacity(Self.bufferByteCount + limits.looseByteCount + Pack.headerByteCount)
  }

  var isFull: Bool {
    entries.count >= limits.packObjectCount || byteCount >= limits.packByteCount
  }

  /// Returns the offset of the object's header.
  func add(_ id: ObjectID, _ bytes: [UInt8]) throws(StoreError) -> UInt64 {
    let offset = byteCount
    Pack.append(id, byteCount: bytes.count, at: offset, to: &buffer)
    buffer.append(contentsOf: bytes)
    byteCount += UInt64(Pack.headerByteCount + bytes.count)
    entries.append((id, offset))
    if buffer.count >= Self.bufferByteCount { try flush() }
    return offset
  }

  func finish() throws(StoreError) {
    try flush()
    try file.sync()
  }

  /// The hash of the ids within, in their order.
  var name: String {
    var hasher = LabelledHasher(.pack)
    hasher.update(tag)
    for entry in entries { hasher.update(entry.id.digest) }
    return hasher.finish().hex
  }

  private func flush() throws(StoreError) {
    try file.write(buffer, at: byteCount - UInt64(buffer.count))
    buffer.removeAll(keepingCapacity: true)
  }
}
