internal import MartletStore
internal import MartletSync
internal import MartletWire
internal import MartletWorkers

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

/// The objects of a plan with their bytes. Those with files of their own are read ahead, while
/// others are sealed and written; packed ones come many at a time anyway.
final class ObjectReading {
  enum Failure: Error {
    case node(NodeError)
    /// Missing or, if that was looked at, not as its name says.
    case damaged(ObjectWalk.Step)
  }

  private struct Wanted: Sendable {
    var steps: [ObjectWalk.Step]
    var isVerified: Bool
    /// Of the only step, if it was read ahead.
    var bytes: [UInt8]?
  }

  private static let packedCount = 256

  private let node: Node
  private var walk: ObjectWalk
  private let isVerified: (ObjectWalk.Step) -> Bool
  private let stage: OrderedStage<Wanted, Wanted, NodeError>
  private var following: ObjectWalk.Step?
  private var current = Wanted(steps: [], isVerified: false)
  private var used = 0

  /// - Parameter isVerified: Which objects are hashed and compared with their names.
  init(_ walk: ObjectWalk, of node: Node, isVerified: @escaping (ObjectWalk.Step) -> Bool) {
    self.walk = walk
    self.node = node
    self.isVerified = isVerified
    let loose = node.store.looseObjects
    stage = OrderedStage(node.environment.reading) {
      (wanted: Wanted) throws(NodeError) -> Wanted in
      var wanted = wanted
      if let step = wanted.steps.first, step.object.packTag == 0 {
        wanted.bytes = loose.bytes(of: step.object, isVerified: wanted.isVerified)
      }
      return wanted
    }
  }

  /// The next object and its bytes; nil after the last.
  func next() throws(Failure) -> (step: ObjectWalk.Step, bytes: [UInt8])? {
    if used == current.steps.count {
      do throws(NodeError) {
        guard let batch = try stage.next({ () throws(NodeError) in try nextWanted() }) else {
          return nil
        }
        current = batch
        used = 0
      } catch { throw .node(error) }
    }
    let step = current.steps[used]
    used += 1
    if let bytes = current.bytes.take() { return (step, bytes) }
    do throws(StoreError) {
      return (step, try node.store.read(step.object, isVerified: current.isVerified))
    } catch {
      switch error {
      case .missing, .objectDamaged: throw .damaged(step)
      default: throw .node(.store(error))
      }
    }
  }

  /// One object with a file of its own, or several that have none.
  private func nextWanted() throws(NodeError) -> Wanted? {
    guard let first = try takeStep() else { return nil }
    var wanted = Wanted(steps: [first], isVerified: isVerified(first))
    guard first.object.packTag != 0 else { return wanted }
    while wanted.steps.count < Self.packedCount, let step = try takeStep() {
      guard step.object.packTag != 0, isVerified(step) == wanted.isVerified else {
        following = step
        break
      }
      wanted.steps.append(step)
    }
    return wanted
  }

  private func takeStep() throws(NodeError) -> ObjectWalk.Step? {
    if let step = following.take() { return step }
    return try walk.next(node)
  }
}
