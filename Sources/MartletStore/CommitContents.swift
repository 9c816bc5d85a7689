/// What a whole commit file says.
///
/// The file has two halves of equal length, and every entry stands in both at the same place. One
/// that was acknowledged is missing only if both copies are: damage confined to one half loses
/// nothing, and is told from a torn append, of which nothing was acknowledged. The length of the
/// file stands in every entry and changes only when the file is replaced, so that one cut short is
/// known for that.
struct CommitContents {
  private(set) var files: [String: CommittedFile] = [:]
  /// The current generation of each state, by its path without one.
  private(set) var stateNames: [String: String] = [:]
  /// The path of each pack, by its tag.
  private(set) var packNames: [UInt64: String] = [:]
  /// Of the last entry; 0 if there is none.
  private(set) var sequence: UInt64 = 0
  /// Bytes of one half; 0 if no entry tells.
  private(set) var halfByteCount = 0
  /// Up to here each half holds entries.
  private(set) var byteCount = 0
  /// Where a copy is not as it was written, though nothing is lost with it.
  private(set) var damage: [UInt64] = []
  /// Where an acknowledged entry is missing, or may be.
  private(set) var lostAt: UInt64?
  /// Whether both halves are as a writer leaves them: the same entries, then zeros.
  private(set) var isClean = true

  init(_ bytes: [UInt8]) {
    guard let reader = CommitReader(bytes) else {
      lostAt = 0
      isClean = false
      return
    }
    halfByteCount = reader.half
    checkLength(bytes.count)
    // Behind a gap any later entry is taken: what it says of its files is true on its own.
    var isBehindGap = true
    var tornCopy: Int?
    while true {
      if let found = reader.entry(at: byteCount), found.entry.sequence > sequence,
        isBehindGap || found.entry.sequence == sequence + 1
      {
        // In one half only, an entry with others behind it is damaged; the last may be torn, save
        // the first, which was renamed into place whole.
        if let tornCopy { damage.append(UInt64(tornCopy)) }
        tornCopy = found.badCopy
        if found.badCopy != nil { isClean = false }
        if byteCount == 0, let bad = tornCopy {
          damage.append(UInt64(bad))
          tornCopy = nil
        }
        apply(found.entry, byteCount: found.byteCount)
        isBehindGap = false
      } else if let tail = reader.firstNonZero(from: byteCount) {
        isClean = false
        guard let next = reader.nextEntry(from: tail, after: sequence) else { break }
        lostAt = lostAt ?? UInt64(byteCount)
        byteCount = next
        isBehindGap = true
      } else {
        break
      }
    }
    // What looks torn in the one half that is there could have been whole in the other.
    if bytes.count < 2 * halfByteCount, reader.firstNonZero(from: byteCount) != nil {
      lostAt = lostAt ?? UInt64(byteCount)
    }
  }

  /// Takes up an entry that stands at the end.
  mutating func apply(_ entry: CommitEntry, byteCount: Int) {
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
    self.byteCount += byteCount
  }

  /// Takes up the first entry of a file that has replaced the former.
  mutating func replace(with entry: CommitEntry, byteCount: Int) {
    self.byteCount = 0
    halfByteCount = Int(clamping: entry.halfByteCount)
    isClean = true
    apply(entry, byteCount: byteCount)
  }

  mutating func correct(_ path: String, byteCount: UInt64) { files[path]?.byteCount = byteCount }

  private mutating func checkLength(_ count: Int) {
    guard count != 2 * halfByteCount else { return }
    isClean = false
    damage.append(UInt64(min(count, 2 * halfByteCount)))
    // With the first half whole, nothing is lost with the second.
    if count < halfByteCount { lostAt = UInt64(count) }
  }
}

/// The bytes of a commit file as two halves.
struct CommitReader {
  private let bytes: [UInt8]
  /// Bytes of one half.
  let half: Int
  private let firstEnd: Int
  private let secondEnd: Int

  /// Nil if the first entry, which gives the length of a half, is whole in neither.
  init?(_ bytes: [UInt8]) {
    let limit = UInt64(bytes.count)
    if let (entry, count) = CommitEntry.read(bytes, at: 0, end: bytes.count), entry.isWhole,
      entry.halfByteCount >= count, entry.halfByteCount <= CommitFile.limit / 2
    {
      half = Int(entry.halfByteCount)
    } else if bytes.count.isMultiple(of: 2),
      let (entry, _) = CommitEntry.read(bytes, at: bytes.count / 2, end: bytes.count),
      entry.isWhole, entry.halfByteCount == limit / 2
    {
      half = bytes.count / 2
    } else {
      return nil
    }
    self.bytes = bytes
    firstEnd = min(half, bytes.count)
    secondEnd = min(2 * half, bytes.count)
  }

  /// The entry whose copies start at `offset` in their halves, and where the copy that is not
  /// whole starts, if one is not.
  func entry(at offset: Int) -> (entry: CommitEntry, byteCount: Int, badCopy: Int?)? {
    guard offset < half else { return nil }
    let first = CommitEntry.read(bytes, at: offset, end: firstEnd)
    if let first {
      let isTwice = hasCopy(of: offset..<offset + first.byteCount)
      return (first.entry, first.byteCount, isTwice ? nil : half + offset)
    }
    return CommitEntry.read(bytes, at: half + offset, end: secondEnd).map {
      ($0.entry, $0.byteCount, offset)
    }
  }

  /// Whether the second half has the same bytes there as the first.
  private func hasCopy(of range: Range<Int>) -> Bool {
    guard half + range.upperBound <= secondEnd else { return false }
    for place in range where bytes[place] != bytes[half + place] { return false }
    return true
  }

  /// The first place from `offset` on at which a half has a byte that is not 0.
  func firstNonZero(from offset: Int) -> Int? {
    let first = firstNonZero(from: offset, to: firstEnd)
    let second = firstNonZero(from: half + offset, to: secondEnd).map { $0 - half }
    guard let first, let second else { return first ?? second }
    return min(first, second)
  }

  private func firstNonZero(from start: Int, to end: Int) -> Int? {
    var place = start
    while place < end {
      if bytes[place] != 0 { return place }
      place += 1
    }
    return nil
  }

  /// The first place from `offset` on with a whole entry of a later sequence in either half.
  func nextEntry(from offset: Int, after sequence: UInt64) -> Int? {
    var place = offset
    while place < half {
      // Nearly every place is passed by its first byte.
      if place < firstEnd && bytes[place] == CommitEntry.magic[0]
        || half + place < secondEnd && bytes[half + place] == CommitEntry.magic[0],
        let found = entry(at: place), found.entry.sequence > sequence
      {
        return place
      }
      place += 1
    }
    return nil
  }
}
