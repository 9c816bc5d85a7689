internal import MartletFileSystem
internal import MartletSeal
internal import MartletWire

extension Store {
  /// Objects that are looked at for one that fits a damaged entry.
  private static let candidateCount = 4096
  /// Entries before a damaged one among which the last in a pack is looked for.
  private static let nearbyCount: UInt64 = 64

  /// Writes damaged entries of a log anew where it is certain what they said; durable afterwards.
  ///
  /// An entry with one bit changed is corrected by its checksum. Otherwise its object is looked for
  /// in the packs, behind that of the last entry before: it is the one if the chain of the entry
  /// after says so. What was not rebuilt is left as it is.
  /// - Parameter positions: Of all damaged entries, in order.
  /// - Returns: The entries that were rebuilt, by position.
  func rebuild(
    _ id: LogID, _ positions: [UInt64]
  ) throws(StoreError) -> [(position: UInt64, entry: GroupLogEntry)] {
    guard isWriting, !positions.isEmpty else { return [] }
    let log = try log(id)
    var rebuilt: [(position: UInt64, entry: GroupLogEntry)] = []
    for run in Self.runs(positions) { rebuilt += try entries(of: run, in: log) }
    guard !rebuilt.isEmpty else { return [] }
    let file = try disk.open(id.path, .readWrite)
    for (position, entry) in rebuilt {
      var bytes: [UInt8] = []
      GroupLog.encode(entry, position: position, into: &bytes)
      try file.write(bytes, at: position * UInt64(GroupLog.entryByteCount))
    }
    try file.sync()
    return rebuilt
  }

  private static func runs(_ positions: [UInt64]) -> [Range<UInt64>] {
    var runs: [Range<UInt64>] = []
    for position in positions {
      if let last = runs.last, last.upperBound == position {
        runs[runs.count - 1] = last.lowerBound..<position + 1
      } else {
        runs.append(position..<position + 1)
      }
    }
    return runs
  }

  /// The entries of a run of damaged ones; none if they cannot be told for certain.
  private func entries(
    of run: Range<UInt64>, in log: GroupLog
  ) throws(StoreError) -> [(position: UInt64, entry: GroupLogEntry)] {
    let start = run.lowerBound
    var before = start == 0 ? nil : try log.readableEntries(start - 1..<start).first ?? nil
    let after =
      run.upperBound < log.length
      ? try log.readableEntries(run.upperBound..<run.upperBound + 1).first ?? nil : nil
    guard start == 0 || before != nil else { return [] }
    let nearby = try log.readableEntries(start - min(start, Self.nearbyCount)..<start)
    var packed = nearby.last { $0.map { $0.object.packTag != 0 } ?? false }??.object
    var rebuilt: [(position: UInt64, entry: GroupLogEntry)] = []
    var isCertain = true
    for position in run {
      let entry: GroupLogEntry
      if let corrected = try log.corrected(at: position), corrected.follows(before, at: position) {
        entry = corrected
      } else if let found = try candidate(
        behind: packed, after: before, before: run.count == 1 ? after : nil, at: position)
      {
        entry = found
        packed = found.object
        isCertain = false
      } else {
        return []
      }
      rebuilt.append((position, entry))
      before = entry
    }
    if isCertain { return rebuilt }
    guard let after, after.follows(before, at: run.upperBound) else { return [] }
    return rebuilt
  }

  /// The entry of an object that stands in the packs behind another.
  ///
  /// - Parameters:
  ///   - packed: The last object before that is in a pack.
  ///   - after: The entry it must fit, if it is known; otherwise the first is taken.
  private func candidate(
    behind packed: StoredObject?, after before: GroupLogEntry?, before after: GroupLogEntry?,
    at position: UInt64
  ) throws(StoreError) -> GroupLogEntry? {
    let tags = commitFile.contents.packNames.keys.sorted()
    var tag = packed?.packTag ?? tags.first ?? 0
    guard tag != 0 else { return nil }
    var offset =
      packed.map { $0.offset &+ UInt64(Pack.headerByteCount) &+ UInt64($0.byteCount) }
      ?? Pack.firstOffset
    for _ in 0..<(after == nil ? 1 : Self.candidateCount) {
      var header = try packHeader(tag: tag, offset: offset)
      if header == nil, let next = tags.first(where: { $0 > tag }) {
        (tag, offset) = (next, Pack.firstOffset)
        header = try packHeader(tag: tag, offset: offset)
      }
      guard let header else { return nil }
      let object = StoredObject(
        id: header.id, byteCount: UInt32(header.byteCount), packTag: tag, offset: offset)
      let entry = GroupLogEntry(following: before, object)
      if after == nil || after?.follows(entry, at: position + 1) == true { return entry }
      offset += UInt64(Pack.headerByteCount + header.byteCount)
    }
    return nil
  }
}

extension GroupLogEntry {
  init(following before: GroupLogEntry?, _ object: StoredObject) {
    self.init(
      object: object, chain: (before?.chain ?? .empty).extended(by: object.id),
      cumulativeByteCount: (before?.cumulativeByteCount ?? 0) &+ UInt64(object.byteCount))
  }

  /// Whether its chain and byte count continue those of the entry before it; where that one is
  /// damaged, this cannot be told.
  func follows(_ before: GroupLogEntry?, at position: UInt64) -> Bool {
    if before == nil, position > 0 { return true }
    let expected = GroupLogEntry(following: before, object)
    return chain == expected.chain && cumulativeByteCount == expected.cumulativeByteCount
  }
}

extension GroupLog {
  /// The entry at a position with the one bit changed back that keeps it from its checksum.
  fileprivate func corrected(at position: UInt64) throws(StoreError) -> GroupLogEntry? {
    guard var bytes = try bytes(at: position) else { return nil }
    for bit in 0..<8 * bytes.count {
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      if let entry = Self.decode(bytes, at: 0, position: position) { return entry }
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    }
    return nil
  }
}
