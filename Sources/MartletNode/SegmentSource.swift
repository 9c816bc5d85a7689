internal import MartletBundle
internal import MartletWire

/// The plain segments of a bundle, filled with objects.
struct SegmentSource {
  private var writer: BundleWriter?
  private var rest: [PlainSegment] = []
  private var nextRest = 0

  init(writer: BundleWriter) { self.writer = writer }

  var isFinished: Bool { writer == nil && nextRest == rest.count }

  mutating func takeFilled() -> PlainSegment? {
    if writer != nil { return writer?.nextFilled() }
    guard nextRest < rest.count else { return nil }
    defer { nextRest += 1 }
    return rest[nextRest]
  }

  mutating func add(_ bytes: [UInt8], _ id: ObjectID) throws(BundleError) {
    try writer?.add(bytes, id: id)
  }

  mutating func finish() throws(BundleError) {
    guard let last = writer.take() else { return }
    rest = try last.finish()
  }
}
