/// The first 16 bytes of every segment: where carving can begin, whatever was lost before.
struct SegmentHead: Equatable, Sendable {
  static let byteCount = 16
  static let none = SegmentHead(offset: UInt32.max, run: 0, position: 0)

  /// Of the first record that begins in the segment, within its payload; all ones for none.
  var offset: UInt32
  /// Of that record, counted over all runs of all logs in the manifest's order.
  var run: UInt32
  /// Of that record, in the sender's log.
  var position: UInt64

  init(offset: UInt32, run: UInt32, position: UInt64) {
    self.offset = offset
    self.run = run
    self.position = position
  }

  /// - Returns: nil for a segment without one.
  init?(_ bytes: [UInt8]) {
    guard let offset = LittleEndian.read(bytes, at: 0, byteCount: 4),
      let run = LittleEndian.read(bytes, at: 4, byteCount: 4),
      let position = LittleEndian.read(bytes, at: 8, byteCount: 8)
    else { return nil }
    self.init(
      offset: UInt32(truncatingIfNeeded: offset), run: UInt32(truncatingIfNeeded: run),
      position: position)
  }

  /// Overwrites the first bytes of a segment.
  func write(to bytes: inout [UInt8]) {
    LittleEndian.write(UInt64(offset), byteCount: 4, to: &bytes, at: 0)
    LittleEndian.write(UInt64(run), byteCount: 4, to: &bytes, at: 4)
    LittleEndian.write(position, byteCount: 8, to: &bytes, at: 8)
  }
}
