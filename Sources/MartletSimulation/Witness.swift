internal import MartletNode
internal import MartletSeal
internal import MartletWire

/// Sees what is delivered at one device, and in which order.
///
/// What it keeps in the store is only how many it was handed: so it notices when the store goes
/// back, and what was handed over since does not count.
final class Witness: Client {
  static let type = "sim"

  struct View {
    var order: [ObjectID] = []
    var places: [ObjectID: Int] = [:]
  }

  var type: String { Self.type }
  private(set) var views: [GroupID: View] = [:]
  /// Of messages handed over since this was last emptied.
  var fresh: [(group: GroupID, id: ObjectID)] = []
  private(set) var complaints: [String] = []
  /// Messages that were handed over after one that names them as its parents. Where something was
  /// damaged or put back it may be so: a parent that is not to be had is passed over.
  private(set) var late: [ObjectID] = []
  private var awaited: Set<ObjectID> = []

  init() {}

  /// What another has seen so far.
  init(_ other: Witness) {
    views = other.views
    awaited = other.awaited
  }

  func validate(_ message: ClientMessage) -> Validation { .accept }

  func deliver(_ message: ClientMessage, state: inout [UInt8]) {
    let count = state.reversed().reduce(0) { $0 << 8 | Int($1) }
    var view = views[message.group] ?? View()
    views[message.group] = nil
    while view.order.count > count, let id = view.order.popLast() { view.places[id] = nil }
    if view.order.count < count { complaints.append("\(message.id) is handed over too late") }
    if view.places[message.id] != nil {
      complaints.append("\(message.id) is handed over twice")
    } else {
      view.places[message.id] = view.order.count
    }
    for parent in message.parents where view.places[parent] == nil { awaited.insert(parent) }
    if awaited.remove(message.id) != nil { late.append(message.id) }
    view.order.append(message.id)
    views[message.group] = view
    fresh.append((message.group, message.id))
    state = (0..<4).map { UInt8(truncatingIfNeeded: (count + 1) >> (8 * $0)) }
  }
}
