internal import MartletFileSystem
internal import MartletWire

/// Objects that stand one behind the other in a pack.
struct PackBatch: Sendable {
  struct Object: Sendable {
    var id: ObjectID
    /// Of its header in the pack.
    var offset: UInt64
    /// Where its bytes are in the batch's.
    var range: Range<Int>
  }

  var bytes: [UInt8]
  var objects: [Object]
}

/// Reads a pack from its start, a MiB or one object at a time.
///
/// Where a header is damaged, or the medium does not give its bytes, the next header that can be
/// read is looked for, and the place is noted.
final class PackScanner {
  static let batchByteCount = 1 << 20
  private static let pageByteCount = 4096

  private let file: StoreFile
  private let end: UInt64
  private var offset = Pack.firstOffset
  private var isInGap = false
  /// Where something stands that is no object.
  private(set) var gaps: [UInt64] = []

  /// - Parameter pack: What is committed of the pack; the file may have less.
  init(_ file: StoreFile, _ pack: CommittedFile) throws(StoreError) {
    self.file = file
    end = min(pack.byteCount, try file.byteCount())
    var start = Pack.magic
    start.appendNumber(pack.mark)
    if try bytes(at: 0, count: start.count) != start { gaps.append(0) }
  }

  /// The next objects; nil at the end.
  func next() throws(StoreError) -> PackBatch? {
    var count = Self.batchByteCount
    while offset < end {
      let bytes = try bytes(at: offset, count: Int(min(UInt64(count), end - offset)))
      let isLast = offset + UInt64(bytes.count) >= end
      var batch = PackBatch(bytes: [], objects: [])
      var at = 0
      var wanted: Int?
      while bytes.count - at >= Pack.headerByteCount {
        let place = offset + UInt64(at)
        let body = at + Pack.headerByteCount
        guard let header = Pack.readHeader(bytes, at: at, offset: place) else {
          enterGap(at: place)
          at += 1
          continue
        }
        guard bytes.count - body >= header.byteCount else {
          // Cut short at the end of the file; otherwise to be read again from its start.
          wanted = Pack.headerByteCount + header.byteCount
          break
        }
        isInGap = false
        batch.objects.append(
          .init(id: header.id, offset: place, range: body..<body + header.byteCount))
        at = body + header.byteCount
      }
      if isLast, at < bytes.count {
        enterGap(at: offset + UInt64(at))
        // Behind the header of an object that was cut short, another could be told from its bytes
        // by nothing.
        at = bytes.count
      }
      offset += UInt64(at)
      count = max(Self.batchByteCount, wanted ?? 0)
      if !batch.objects.isEmpty {
        batch.bytes = bytes
        return batch
      }
    }
    return nil
  }

  private func enterGap(at offset: UInt64) {
    if !isInGap { gaps.append(offset) }
    isInGap = true
  }

  /// Bytes of the file, zeros for pages that the medium does not give.
  private func bytes(at offset: UInt64, count: Int) throws(StoreError) -> [UInt8] {
    do { return try file.read(at: offset, count: count) } catch {
      guard error.isOfMedium else { throw error }
    }
    var all: [UInt8] = []
    while all.count < count {
      let part = min(Self.pageByteCount, count - all.count)
      var page: [UInt8] = []
      do { page = try file.read(at: offset + UInt64(all.count), count: part) } catch {
        guard error.isOfMedium else { throw error }
      }
      all += page
      all.append(contentsOf: repeatElement(0, count: part - page.count))
    }
    return all
  }
}

extension StoreError {
  /// Whether the medium could not give what was asked: damage to what stands there.
  var isOfMedium: Bool {
    if case .system(let failure) = self { failure.category == .io } else { false }
  }
}
