internal import MartletBundle
internal import MartletStore
internal import MartletSync
internal import MartletWire

/// The plain segments of a bundle, filled with objects.
struct SegmentSource {
  private var writer: BundleWriter?
  private var rest: [PlainSegment] = []
  private var nextRest = 0
  var objects: ObjectWalk

  init(writer: BundleWriter, objects: ObjectWalk) {
    self.writer = writer
    self.objects = objects
  }

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

/// The objects of a plan, in the order of logs, runs and positions.
struct ObjectWalk {
  struct Step {
    var log: LogID
    var position: UInt64
    var object: StoredObject
  }

  private static let windowCount: UInt64 = 512
  private let ranges: [(log: LogID, range: Range<UInt64>)]
  private let views: [LogID: NodeLog]
  private var index = 0
  private var position: UInt64 = 0
  private var window: ArraySlice<StoredObject> = []

  init(_ logs: [CarriedLog], views: [LogID: NodeLog]) {
    ranges = logs.flatMap { log in log.runs.map { (log.log, $0.range) } }
    self.views = views
    position = ranges.first?.range.lowerBound ?? 0
  }

  mutating func next(_ node: Node) throws(NodeError) -> Step? {
    while index < ranges.count {
      let (log, range) = ranges[index]
      if position >= range.upperBound {
        index += 1
        if index < ranges.count { position = ranges[index].range.lowerBound }
        window = []
        continue
      }
      if window.isEmpty, let view = views[log] {
        let end = min(range.upperBound, position + Self.windowCount)
        window = try node.reading(view) { () throws(LogReadError) in
          try view.objects(position..<end)
        }[...]
      }
      guard let object = window.popFirst() else { throw .engine("a log is shorter than planned") }
      defer { position += 1 }
      return Step(log: log, position: position, object: object)
    }
    return nil
  }
}
