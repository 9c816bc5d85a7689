/// What `commit` says of one file.
struct CommittedFile: Hashable, Sendable {
  enum Kind: UInt8, Sendable {
    case log = 1
    case state = 2
    case pack = 3
  }

  var kind: Kind
  var byteCount: UInt64
  /// Of a state: where its last entry starts. Of a pack: its tag.
  var mark: UInt64
}

/// One entry of `commit`: files and their new lengths, nil for a file that is no more.
///
/// On disk: `MRTC`, payload length u32, sequence u64, checksum 16, payload. The payload is one
/// byte (1 if the entry says everything, 0 if it adds to those before it), the bytes of one half
/// of the commit file u64, then of each file: kind u8 (0: no more), length of its path u16, path,
/// byte count u64, mark u64. Least byte first.
struct CommitEntry: Equatable {
  static let headerByteCount = 32
  /// Bytes of a payload before the files.
  static let prefixByteCount = 9
  static let magic = Array("MRTC".utf8)
  /// Bytes of a payload.
  static let limit = 64 << 20

  var sequence: UInt64
  var isWhole: Bool
  var halfByteCount: UInt64
  var files: [String: CommittedFile?]

  /// Bytes of the entry on disk.
  var byteCount: Int {
    files.keys.reduce(Self.headerByteCount + Self.prefixByteCount) { $0 + 19 + $1.utf8.count }
  }

  func encoded() throws(StoreError) -> [UInt8] {
    let byteCount = byteCount - Self.headerByteCount
    guard byteCount <= Self.limit else {
      throw .tooLarge(byteCount: UInt64(byteCount), limit: UInt64(Self.limit))
    }
    var payload: [UInt8] = [isWhole ? 1 : 0]
    payload.reserveCapacity(byteCount)
    payload.appendNumber(halfByteCount)
    for (path, file) in files.sorted(by: { $0.key < $1.key }) {
      payload.append(file?.kind.rawValue ?? 0)
      payload.appendNumber(UInt16(truncatingIfNeeded: path.utf8.count))
      payload += Array(path.utf8)
      payload.appendNumber(file?.byteCount ?? 0)
      payload.appendNumber(file?.mark ?? 0)
    }
    var bytes = Self.magic
    bytes.appendNumber(UInt32(payload.count))
    bytes.appendNumber(sequence)
    bytes += entryChecksum(sequence, payload, 0..<payload.count, byteCount: 16)
    return bytes + payload
  }

  /// Reads the entry at `offset`, which ends by `end`, and says how many bytes it takes; nil if
  /// none whole stands there.
  static func read(
    _ bytes: [UInt8], at offset: Int, end: Int
  ) -> (entry: CommitEntry, byteCount: Int)? {
    guard end <= bytes.count, end - offset >= headerByteCount,
      bytes[offset] == magic[0], bytes[offset..<offset + 4].elementsEqual(magic)
    else { return nil }
    let payloadByteCount = Int(bytes.number(at: offset + 4, byteCount: 4))
    let sequence = bytes.number(at: offset + 8, byteCount: 8)
    let start = offset + headerByteCount
    guard payloadByteCount >= prefixByteCount, payloadByteCount <= limit,
      end - start >= payloadByteCount, bytes[start] <= 1,
      bytes[offset + 16..<start].elementsEqual(
        entryChecksum(sequence, bytes, start..<start + payloadByteCount, byteCount: 16)),
      let files = readFiles(bytes, start + prefixByteCount..<start + payloadByteCount)
    else { return nil }
    let entry = CommitEntry(
      sequence: sequence, isWhole: bytes[start] == 1,
      halfByteCount: bytes.number(at: start + 1, byteCount: 8), files: files)
    return (entry, headerByteCount + payloadByteCount)
  }

  private static func readFiles(
    _ bytes: [UInt8], _ range: Range<Int>
  ) -> [String: CommittedFile?]? {
    var files: [String: CommittedFile?] = [:]
    var at = range.lowerBound
    let end = range.upperBound
    while at < end {
      guard end - at >= 3 else { return nil }
      let kind = bytes[at]
      let length = Int(bytes.number(at: at + 1, byteCount: 2))
      guard end - at >= 3 + length + 16 else { return nil }
      let path = String(validating: bytes[at + 3..<at + 3 + length], as: UTF8.self)
      at += 3 + length
      guard let path, Disk.isInside(path) else { return nil }
      if kind == 0 {
        files.updateValue(nil, forKey: path)
      } else {
        guard let kind = CommittedFile.Kind(rawValue: kind) else { return nil }
        files[path] = CommittedFile(
          kind: kind, byteCount: bytes.number(at: at, byteCount: 8),
          mark: bytes.number(at: at + 8, byteCount: 8))
      }
      at += 16
    }
    return files
  }
}
