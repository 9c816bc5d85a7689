internal import MartletFileSystem
package import MartletWire

extension Store {
  /// Cuts what is longer than committed, lists what is shorter, removes what was never committed.
  func recover() throws(StoreError) {
    try commitFile.prepareForWriting()
    let files = commitFile.contents.files
    for (path, file) in files.sorted(by: { $0.key < $1.key }) {
      let byteCount = try disk.byteCount(path) ?? 0
      if byteCount < file.byteCount {
        var kept = byteCount
        if file.kind == .log {
          // Whole entries are kept, and the next one follows them.
          kept -= kept % UInt64(GroupLog.entryByteCount)
          commitFile.correct(path, byteCount: kept)
        }
        damage.append(
          StoreDamage(path: path, kind: .short(committed: file.byteCount, kept: kept)))
      } else if byteCount > file.byteCount, file.kind != .pack {
        try disk.open(path, .readWrite).truncate(to: file.byteCount)
      }
    }
    for name in try disk.list("tmp") { try disk.remove("tmp/\(name)") }
    for name in try disk.list("packs") {
      let pack = "packs/" + (name.split(separator: ".").first.map { "\($0).pack" } ?? "")
      if files[pack] == nil { try disk.remove("packs/\(name)") }
    }
  }

  /// A group log as it is committed now. Reads nothing.
  package func log(_ id: LogID) throws(StoreError) -> GroupLog {
    let length =
      (commitFile.contents.files[id.path]?.byteCount ?? 0)
      / UInt64(GroupLog.entryByteCount)
    return GroupLog(
      id: id, length: length, file: length == 0 ? nil : try disk.openIfPresent(id.path))
  }

  /// Whether a state was ever committed. Reads nothing.
  package func hasState(_ id: StateID) -> Bool { committedState(id) != nil }

  /// The last committed bytes of a state; nil if none ever were.
  ///
  /// - Throws: ``StoreError/damaged(_:offset:)`` if they are not there as they were written.
  ///   Setting the state in a transaction repairs it; ``previousState(_:)`` may help to.
  ///
  /// A reader goes on from what is committed now if a writer has replaced the state's file since
  /// the store was opened.
  package func state(_ id: StateID) throws(StoreError) -> [UInt8]? {
    var tries = CommitFile.readCount
    while true {
      guard let (path, file) = committedState(id) else { return nil }
      do { return try state(at: path, file) } catch {
        tries -= 1
        guard tries > 0, try isOutdated() else { throw error }
      }
    }
  }

  /// Whether a writer has committed something since this reader looked; takes it up then.
  private func isOutdated() throws(StoreError) -> Bool {
    guard !isWriting, let now = try CommitFile(reading: disk),
      now.contents.sequence > commitFile.contents.sequence
    else { return false }
    commitFile = now
    return true
  }

  /// The latest state before the committed one that can still be read; nil if none can.
  ///
  /// For repair only: it is out of date, and how far nobody knows.
  package func previousState(_ id: StateID) throws(StoreError) -> [UInt8]? {
    guard let (path, file) = committedState(id), let stored = try disk.openIfPresent(path)
    else { return nil }
    let header = StateEntry.headerByteCount
    let end = min(file.mark, try stored.byteCount())
    var places: [Range<UInt64>] = []
    var offset: UInt64 = 0
    while offset < end {
      let bytes = try stored.read(at: offset, count: header)
      guard bytes.count == header else { break }
      let count = bytes.number(at: 0, byteCount: 4)
      guard count <= UInt64(StateEntry.limit), end - offset >= UInt64(header) + count
      else { break }
      places.append(offset..<offset + UInt64(header) + count)
      offset += UInt64(header) + count
    }
    for place in places.reversed() {
      let bytes = try stored.read(at: place.lowerBound, count: place.count)
      if let state = StateEntry.decode(bytes, at: place.lowerBound) { return state }
    }
    return nil
  }

  /// Whether what is committed now says something else of a file than a reader was told.
  func isPast(_ path: String, _ file: CommittedFile) throws(StoreError) -> Bool {
    guard !isWriting, let now = try CommitFile(reading: disk) else { return false }
    return now.contents.files[path] != file
  }

  func state(at path: String, _ file: CommittedFile) throws(StoreError) -> [UInt8] {
    guard file.byteCount >= file.mark, let stored = try disk.openIfPresent(path) else {
      throw .damaged(disk.path(path), offset: 0)
    }
    let count = file.byteCount - file.mark
    guard count <= UInt64(StateEntry.limit) + UInt64(StateEntry.headerByteCount) else {
      throw .damaged(disk.path(path), offset: file.mark)
    }
    let bytes = try stored.read(at: file.mark, count: Int(count))
    guard let state = StateEntry.decode(bytes, at: file.mark) else {
      throw .damaged(disk.path(path), offset: file.mark)
    }
    return state
  }

  func committedState(_ id: StateID) -> (path: String, file: CommittedFile)? {
    let name = commitFile.contents.stateNames[id.path]
    guard let name, let file = commitFile.contents.files[name] else { return nil }
    return (name, file)
  }
}

/// One snapshot in a state file: length u32, checksum 8 over its offset and bytes, the bytes.
enum StateEntry {
  static let headerByteCount = 12
  /// Bytes of one state.
  static let limit = 256 << 20

  static func encode(_ state: [UInt8], at offset: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(headerByteCount + state.count)
    bytes.appendNumber(UInt32(state.count))
    bytes += entryChecksum(offset, state, 0..<state.count, byteCount: 8)
    return bytes + state
  }

  static func decode(_ bytes: [UInt8], at offset: UInt64) -> [UInt8]? {
    guard bytes.count >= headerByteCount,
      bytes.number(at: 0, byteCount: 4) == UInt64(bytes.count - headerByteCount),
      bytes[4..<headerByteCount].elementsEqual(
        entryChecksum(offset, bytes, headerByteCount..<bytes.count, byteCount: 8))
    else { return nil }
    return Array(bytes[headerByteCount...])
  }
}
