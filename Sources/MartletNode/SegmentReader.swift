internal import MartletBundle
internal import MartletSeal

/// The header and the sealed segments of a bundle, read in order.
struct SegmentReader {
  let header: BundleHeader
  private let source: ByteSource
  private let segmentByteCount: Int
  private var index: UInt64 = 0

  enum Failure: Error {
    case node(NodeError)
    case bundle(BundleError)
  }

  /// Reads the header.
  init(_ source: ByteSource) throws(Failure) {
    self.source = source
    var bytes: [UInt8]
    do throws(NodeError) {
      bytes = try source.read(BundleHeader.fixedByteCount)
      if bytes.count == BundleHeader.fixedByteCount {
        let slots = Int(bytes[10]) | Int(bytes[11]) << 8
        if BundleHeader.slotCounts.contains(slots) {
          bytes += try source.read(BundleHeader.byteCount(slots: slots) - bytes.count)
        }
      }
    } catch { throw .node(error) }
    do throws(BundleError) { header = try BundleHeader(decoding: bytes) } catch {
      throw .bundle(error)
    }
    segmentByteCount =
      (1 << Int(header.segmentByteCountLog2)) + AuthenticatedCipher.overhead
    // Small pieces are better read ahead by the system.
    if segmentByteCount >= 256 << 10 { source.bypassCache() }
  }

  /// The next segment; nil at the end.
  mutating func next() throws(NodeError) -> SealedSegment? {
    guard let piece = try source.take(segmentByteCount) else { return nil }
    defer { index += 1 }
    return SealedSegment(index: index, piece: piece)
  }
}

/// A segment as it stands in the file.
struct SealedSegment: Sendable {
  var index: UInt64
  var piece: ByteSource.Piece
}

/// What became of a segment.
enum OpenedSegment: Sendable {
  case plain(PlainSegment)
  /// It opens, and is not the end although nothing follows.
  case cutAfter(PlainSegment)
  case damaged(index: UInt64)

  /// Loads and opens a segment.
  static func open(
    _ segment: SealedSegment, with opener: SegmentOpener
  ) throws(NodeError) -> OpenedSegment {
    let index = segment.index
    let isLast = segment.piece.isLast
    let bytes = try segment.piece.load()
    guard isLast else {
      let plain = try? opener.open(index: index, isFinal: false, bytes)
      return plain.map { .plain($0) } ?? .damaged(index: index)
    }
    if let plain = try? opener.open(index: index, isFinal: true, bytes) { return .plain(plain) }
    if let plain = try? opener.open(index: index, isFinal: false, bytes) {
      return .cutAfter(plain)
    }
    return .damaged(index: index)
  }
}
