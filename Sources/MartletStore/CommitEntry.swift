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
/// byte (1 if the entry says everything, 0 if it adds to those before it), then of each file: kind
/// u8 (0: no more), length of its path u16, path, byte count u64, mark u64. Least byte first.
struct CommitEntry: Equatable {
  static let headerByteCount = 32
  static let magic = Array("MRTC".utf8)
  /// Bytes of a payload.
  static let limit = 64 << 20

  var sequence: UInt64
  var isWhole: Bool
  var files: [String: CommittedFile?]

  func encoded() throws(StoreError) -> [UInt8] {
    var payload: [UInt8] = [isWhole ? 1 : 0]
    for (path, file) in files.sorted(by: { $0.key < $1.key }) {
      payload.append(file?.kind.rawValue ?? 0)
      payload.appendNumber(UInt16(truncatingIfNeeded: path.utf8.count))
      payload += Array(path.utf8)
      payload.appendNumber(file?.byteCount ?? 0)
      payload.appendNumber(file?.mark ?? 0)
    }
    guard payload.count <= Self.limit else {
      throw .tooLarge(byteCount: UInt64(payload.count), limit: UInt64(Self.limit))
    }
    var bytes = Self.magic
    bytes.appendNumber(UInt32(payload.count))
    bytes.appendNumber(sequence)
    bytes += entryChecksum(sequence, payload, 0..<payload.count, byteCount: 16)
    return bytes + payload
  }

  /// Reads the entry at `offset`, and says how many bytes it takes; nil if none whole stands there.
  static func read(_ bytes: [UInt8], at offset: Int) -> (entry: CommitEntry, byteCount: Int)? {
    guard bytes.count - offset >= headerByteCount,
      bytes[offset..<offset + 4].elementsEqual(magic)
    else { return nil }
    let payloadByteCount = Int(bytes.number(at: offset + 4, byteCount: 4))
    let sequence = bytes.number(at: offset + 8, byteCount: 8)
    let start = offset + headerByteCount
    guard payloadByteCount >= 1, payloadByteCount <= limit,
      bytes.count - start >= payloadByteCount,
      bytes[offset + 16..<start].elementsEqual(
        entryChecksum(sequence, bytes, start..<start + payloadByteCount, byteCount: 16))
    else { return nil }
    var files: [String: CommittedFile?] = [:]
    var at = start + 1
    let end = start + payloadByteCount
    while at < end {
      guard end - at >= 3 else { return nil }
      let kind = bytes[at]
      let length = Int(bytes.number(at: at + 1, byteCount: 2))
      guard end - at >= 3 + length + 16 else { return nil }
      let path = String(decoding: bytes[at + 3..<at + 3 + length], as: UTF8.self)
      at += 3 + length
      guard isInside(path) else { return nil }
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
    let entry = CommitEntry(sequence: sequence, isWhole: bytes[start] == 1, files: files)
    return (entry, headerByteCount + payloadByteCount)
  }

  private static func isInside(_ path: String) -> Bool {
    !path.isEmpty && !path.contains("\0")
      && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
        !$0.isEmpty && $0 != "." && $0 != ".."
      }
  }
}

/// What a whole commit file says.
struct CommitContents {
  var files: [String: CommittedFile] = [:]
  /// The current generation of each state, by its path without one.
  var stateNames: [String: String] = [:]
  /// The path of each pack, by its tag.
  var packNames: [UInt64: String] = [:]
  /// Of the last entry; 0 if there is none.
  var sequence: UInt64 = 0
  /// Up to here the file holds entries; a torn one may follow.
  var byteCount = 0
  /// Where damage starts that good entries stand behind, or that no torn write explains.
  var damage: [UInt64] = []

  init(_ bytes: [UInt8]) {
    var offset = 0
    while offset < bytes.count {
      if let (entry, byteCount) = CommitEntry.read(bytes, at: offset),
        entry.sequence > sequence, entry.isWhole || self.byteCount > 0 || !damage.isEmpty
      {
        if offset > 0, entry.sequence != sequence + 1, damage.last == nil {
          damage.append(UInt64(offset))
        }
        apply(entry)
        offset += byteCount
        self.byteCount = offset
        continue
      }
      var next = offset + 1
      while next < bytes.count, CommitEntry.read(bytes, at: next) == nil { next += 1 }
      // The first entry is renamed into place whole: it is never torn.
      if next < bytes.count || offset == 0 { damage.append(UInt64(offset)) }
      offset = next
    }
    if bytes.isEmpty { damage.append(0) }
  }

  mutating func apply(_ entry: CommitEntry) {
    if entry.isWhole { (files, stateNames, packNames) = ([:], [:], [:]) }
    for (path, file) in entry.files {
      files[path] = file
      switch file?.kind {
      case .state:
        if let dot = path.lastIndex(of: ".") { stateNames[String(path[..<dot])] = path }
      case .pack: packNames[file?.mark ?? 0] = path
      case .log, nil: break
      }
    }
    sequence = entry.sequence
  }
}
