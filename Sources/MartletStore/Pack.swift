internal import MartletFileSystem
internal import MartletSeal
internal import MartletWire

/// The layout of a pack: `MRTPACK1`, tag u64, then of each object a header and its bytes.
///
/// A header is id 32, byte count u32, checksum 4 over its offset and those. The index beside it
/// is `MRTINDEX`, then of each object, sorted, id 32 and offset u64, then a checksum of 32.
enum Pack {
  static let magic = Array("MRTPACK1".utf8)
  static let indexMagic = Array("MRTINDEX".utf8)
  static let firstOffset: UInt64 = 16
  static let headerByteCount = 40
  static let indexEntryByteCount = 40

  static func header(_ id: ObjectID, byteCount: Int, at offset: UInt64) -> [UInt8] {
    var bytes = id.bytes
    bytes.appendNumber(UInt32(byteCount))
    return bytes + entryChecksum(offset, bytes, 0..<bytes.count, byteCount: 4)
  }

  static func readHeader(
    _ bytes: [UInt8], at start: Int, offset: UInt64
  ) -> (id: ObjectID, byteCount: Int)? {
    guard bytes.count - start >= headerByteCount,
      let id = ObjectID(bytes[start..<start + 32]),
      bytes[start + 36..<start + 40].elementsEqual(
        entryChecksum(offset, bytes, start..<start + 36, byteCount: 4))
    else { return nil }
    let byteCount = Int(bytes.number(at: start + 32, byteCount: 4))
    return byteCount <= Limits.objectByteCount ? (id, byteCount) : nil
  }

  static func index(_ entries: [(id: ObjectID, offset: UInt64)]) -> [UInt8] {
    var bytes = indexMagic
    bytes.reserveCapacity(40 + entries.count * indexEntryByteCount)
    for entry in entries.sorted(by: { $0.id < $1.id }) {
      bytes += entry.id.bytes
      bytes.appendNumber(entry.offset)
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
    return stride(from: 8, to: end, by: indexEntryByteCount).compactMap { at in
      ObjectID(bytes[at..<at + 32]).map { ($0, bytes.number(at: at + 32, byteCount: 8)) }
    }
  }

  static func looseName(_ id: ObjectID) -> String {
    let hex = id.hex
    return "objects/\(hex.prefix(2))/\(hex.dropFirst(2))"
  }
}

/// A file read through a window of 1 MiB, so that reading in order takes few calls.
final class PackWindow {
  static let byteCount = 1 << 20
  let file: StoreFile
  private var start: UInt64 = 0
  private var bytes: [UInt8] = []

  init(_ file: StoreFile) { self.file = file }

  /// Exactly `count` bytes, or nil if the file ends before them.
  func read(at offset: UInt64, count: Int) throws(StoreError) -> [UInt8]? {
    if offset >= start, offset - start <= UInt64(bytes.count) {
      let from = Int(offset - start)
      if bytes.count - from >= count { return Array(bytes[from..<from + count]) }
    }
    start = offset
    bytes = try file.read(at: offset, count: max(count, Self.byteCount))
    return bytes.count >= count ? Array(bytes.prefix(count)) : nil
  }
}

/// Streams objects into a pack in `tmp/`; keeps their names, not their bytes.
final class PackWriter {
  static let bufferByteCount = 256 << 10
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
    temporary = "tmp/pack-\(tag)"
    try disk.remove(temporary)
    file = try disk.open(temporary, .createNew(permissions: 0o600))
    buffer = Pack.magic
    buffer.appendNumber(tag)
    byteCount = Pack.firstOffset
  }

  var isFull: Bool {
    entries.count >= limits.packObjectCount || byteCount >= limits.packByteCount
  }

  /// Returns the offset of the object's header.
  func add(_ id: ObjectID, _ bytes: [UInt8]) throws(StoreError) -> UInt64 {
    let offset = byteCount
    buffer += Pack.header(id, byteCount: bytes.count, at: offset)
    buffer += bytes
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
