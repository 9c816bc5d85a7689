internal import MartletWire

/// Cuts the stream of opened segments into records, and goes on behind segments that are missing.
///
/// It holds at most one record that has begun and not ended, besides what it hands out. It never
/// throws: what is not as the manifest says gives nothing.
package struct RecordCarver: Sendable {
  private let runs: RunTable
  private let segmentByteCount: Int
  private let preludeByteCount: Int
  private var state = State.prelude
  private var nextSegment: UInt64 = 0
  /// The number of the record that begins next.
  private var nextRecord: UInt64 = 0
  private var carvedCount: UInt64 = 0
  /// Nothing was missing or amiss so far.
  private var isWhole = true
  private var hasEnded = false

  fileprivate enum State {
    case prelude
    /// A segment begins where a record does, or padding.
    case boundary
    case partial(Partial)
    case lost
  }

  fileprivate struct Partial {
    let record: UInt64
    var bytes: [UInt8]
    /// nil while too few bytes are there to tell.
    var byteCount: Int?
  }

  /// - Parameter segmentByteCountLog2: As the header has it.
  package init(_ prelude: BundlePrelude, segmentByteCountLog2: UInt8) {
    runs = RunTable(prelude.manifest.logs)
    segmentByteCount = BundleHeader.segmentByteCount(log2: segmentByteCountLog2)
    preludeByteCount = prelude.byteCount
  }

  /// Whether the final segment was fed, every record of the manifest was handed out, and only
  /// zeros followed. Whether the records decode, and are what the manifest's chains say, is
  /// another question.
  package var isComplete: Bool { hasEnded && isWhole && carvedCount == runs.recordCount }

  /// Bytes kept of a record that has begun and not ended: at most
  /// ``RecordHead/recordByteLimit``.
  package var heldByteCount: Int {
    if case .partial(let begun) = state { begun.bytes.count } else { 0 }
  }

  /// Takes the segments in ascending order; those that hold nothing but the prelude may be
  /// left out, any other that is left out counts as damaged.
  ///
  /// - Returns: The records that this segment completed.
  package mutating func feed(_ segment: PlainSegment) -> CarvedBatch {
    guard !hasEnded, segment.index >= nextSegment else { return .empty }
    guard segment.isFinal || segment.bytes.count == segmentByteCount,
      let head = SegmentHead(segment.bytes)
    else {
      lose()
      return .empty
    }
    if segment.index != nextSegment { passGap(to: segment.index) }
    nextSegment = segment.index &+ 1
    hasEnded = segment.isFinal
    return carve(segment, head)
  }

  private mutating func lose() {
    state = .lost
    isWhole = false
  }

  private mutating func passGap(to index: UInt64) {
    let payload = segmentByteCount - SegmentHead.byteCount
    if case .prelude = state, index <= UInt64(preludeByteCount / payload) { return }
    lose()
  }

  private mutating func carve(_ segment: PlainSegment, _ head: SegmentHead) -> CarvedBatch {
    let end = segment.bytes.count
    // The state is put back below; taking it out keeps a partial record's bytes unshared.
    var partial: Partial?
    var cursor = SegmentHead.byteCount
    switch state {
    case .prelude:
      // The index is at most that of the prelude's end, so this cannot overflow.
      let payload = segmentByteCount - SegmentHead.byteCount
      let rest = preludeByteCount - Int(segment.index) * payload
      guard rest <= end - cursor else {
        if segment.isFinal { lose() }
        return .empty
      }
      cursor += rest
    case .boundary: break
    case .partial(var begun):
      state = .lost
      if begun.measure(before: segment.bytes) {
        cursor = begun.end(in: segment.bytes)
        partial = begun
      } else {
        lose()
      }
    case .lost: break
    }
    if case .lost = state, partial == nil {
      guard let start = resume(at: head, before: end) else { return .empty }
      cursor = start
    }
    guard head == expectedHead(at: cursor, before: end) else {
      lose()
      return .empty
    }
    state = .boundary
    let spanning = finish(&partial, with: segment.bytes, to: cursor, isFinal: segment.isFinal)
    let first = nextRecord
    let records = wholeRecords(in: segment, from: cursor)
    carvedCount += UInt64(records.count) + (spanning == nil ? 0 : 1)
    guard spanning != nil || !records.isEmpty else { return .empty }
    return CarvedBatch(
      spanning: spanning, bytes: records.isEmpty ? [] : segment.bytes, records: records,
      first: first)
  }

  /// Where carving can go on after a loss, as the head says; nil if nothing begins here that can
  /// be next.
  private mutating func resume(at head: SegmentHead, before end: Int) -> Int? {
    guard let offset = Int(exactly: head.offset), offset < end - SegmentHead.byteCount,
      let record = runs.record(run: head.run, position: head.position), record >= nextRecord
    else { return nil }
    nextRecord = record
    return SegmentHead.byteCount + offset
  }

  private func expectedHead(at cursor: Int, before end: Int) -> SegmentHead {
    guard cursor < end, let run = runs.run(ofRecord: nextRecord) else { return .none }
    return SegmentHead(
      offset: UInt32(clamping: cursor - SegmentHead.byteCount), run: UInt32(clamping: run),
      position: runs.position(ofRecord: nextRecord, run: run))
  }

  /// Adds the segment's bytes to a record begun before; it is handed out, or kept as begun.
  private mutating func finish(
    _ partial: inout Partial?, with bytes: [UInt8], to cursor: Int, isFinal: Bool
  ) -> CarvedBatch.Spanning? {
    guard var begun = partial.take() else { return nil }
    begun.bytes += bytes[SegmentHead.byteCount..<cursor]
    if begun.bytes.count == begun.byteCount {
      return CarvedBatch.Spanning(record: begun.record, bytes: begun.bytes)
    }
    if isFinal {
      lose()
    } else {
      state = .partial(begun)
    }
    return nil
  }

  private mutating func wholeRecords(in segment: PlainSegment, from start: Int) -> [Range<Int>] {
    let end = segment.bytes.count
    var records: [Range<Int>] = []
    var cursor = start
    while cursor < end, nextRecord < runs.recordCount {
      let extent = RecordHead.extent(of: segment.bytes, from: cursor, to: end)
      if case .bytes(let length) = extent, length <= end - cursor {
        records.append(cursor..<cursor + length)
        cursor += length
        nextRecord += 1
        continue
      }
      guard extent != .impossible, !segment.isFinal else {
        lose()
        return records
      }
      var begun = Partial(record: nextRecord, bytes: [], byteCount: nil)
      if case .bytes(let length) = extent {
        begun.byteCount = length
        begun.bytes.reserveCapacity(length)
      }
      begun.bytes += segment.bytes[cursor..<end]
      state = .partial(begun)
      nextRecord += 1
      return records
    }
    if !segment.bytes[cursor...].allSatisfy({ $0 == 0 }) { isWhole = false }
    return records
  }
}

extension RecordCarver.Partial {
  /// Finds the record's length out if that takes the next segment's first bytes.
  ///
  /// - Returns: false if no record begins like this.
  fileprivate mutating func measure(before segment: [UInt8]) -> Bool {
    guard byteCount == nil else { return true }
    let needed = 8 - min(8, bytes.count)
    let probe = bytes + segment[SegmentHead.byteCount...].prefix(needed)
    switch RecordHead.extent(of: probe, from: 0, to: probe.count) {
    case .bytes(let length):
      byteCount = length
      bytes.reserveCapacity(length)
    case .unknown: break
    case .impossible: return false
    }
    return true
  }

  /// Where in the next segment the record ends, or that segment's end.
  fileprivate func end(in segment: [UInt8]) -> Int {
    guard let byteCount else { return segment.count }
    return min(segment.count, SegmentHead.byteCount + byteCount - bytes.count)
  }
}
