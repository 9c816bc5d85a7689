internal import MartletBundle
internal import MartletSeal

/// The header and the sealed segments of a bundle, read in order.
struct SegmentReader {
  let header: BundleHeader
  private let source: ByteSource
  private let segmentByteCount: Int
  private var ahead: [UInt8]?
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
  }

  /// The next segment; nil at the end. One is read ahead, to tell which is the last.
  mutating func next() throws(NodeError) -> SealedSegment? {
    let bytes: [UInt8]
    if let ahead { bytes = ahead } else { bytes = try source.read(segmentByteCount) }
    guard !bytes.isEmpty else {
      ahead = []
      return nil
    }
    let following = bytes.count < segmentByteCount ? [] : try source.read(segmentByteCount)
    ahead = following
    defer { index += 1 }
    return SealedSegment(index: index, isFinal: following.isEmpty, bytes: bytes)
  }
}

/// A segment as it stands in the file.
struct SealedSegment: Sendable {
  var index: UInt64
  var isFinal: Bool
  var bytes: [UInt8]
}

/// What became of a segment.
enum OpenedSegment: Sendable {
  case plain(PlainSegment)
  /// It opens, and is not the end although nothing follows.
  case cutAfter(PlainSegment)
  case damaged(index: UInt64)

  static func open(_ segment: SealedSegment, with opener: SegmentOpener) -> OpenedSegment {
    if let plain = try? opener.open(
      index: segment.index, isFinal: segment.isFinal, segment.bytes)
    {
      return .plain(plain)
    }
    if segment.isFinal,
      let plain = try? opener.open(index: segment.index, isFinal: false, segment.bytes)
    {
      return .cutAfter(plain)
    }
    return .damaged(index: segment.index)
  }
}
