internal import MartletObjects
internal import MartletSeal
internal import MartletStore
internal import MartletSync
internal import MartletWire

/// A group log as the engine and the node see it: what is committed, and what was appended since.
///
/// Keeps 40 bytes for each entry appended while it is open.
final class NodeLog: LogView {
  let id: LogID
  private let base: GroupLog
  private let store: Store
  private var appended: [StoredObject] = []
  /// Of ``appended``, as far as they were asked for.
  private var chains: [Chain] = []
  private var cumulative: [UInt64] = []
  private var places: [ObjectID: UInt64] = [:]
  private var shortPlaces: [ShortID: UInt64] = [:]
  private var placedCount = 0
  /// Held and whole, not in the log.
  var pending: Set<ObjectID> = [] {
    didSet { shortPending = nil }
  }
  /// The same by the beginnings of their ids, once they are asked for.
  private var shortPending: [ShortID: ObjectID]?
  /// Positions whose object is damaged.
  var lost = Intervals()
  /// What reading threw, in the store's own words: the engine knows only that it failed.
  private(set) var failure: StoreError?

  init(_ base: GroupLog, of store: Store) {
    id = base.id
    self.store = store
    self.base = base
  }

  var length: UInt64 { base.length + UInt64(appended.count) }

  func append(_ object: StoredObject) { appended.append(object) }

  func id(at position: UInt64) throws(LogReadError) -> ObjectID { try object(at: position).id }

  func object(at position: UInt64) throws(LogReadError) -> StoredObject {
    if position >= base.length {
      let index = position - base.length
      guard index < UInt64(appended.count) else { throw LogReadError("no position \(position)") }
      return appended[Int(index)]
    }
    let entry = try attempt { () throws(StoreError) in try base.entry(at: position) }
    guard let entry else { throw LogReadError("no position \(position)") }
    return entry.object
  }

  /// Objects of a range; at most some thousands at once.
  func objects(_ range: Range<UInt64>) throws(LogReadError) -> [StoredObject] {
    let below = range.clamped(to: 0..<base.length)
    var objects = try attempt { () throws(StoreError) in try base.entries(below) }.map(\.object)
    let above = range.clamped(to: base.length..<length)
    objects +=
      appended[Int(above.lowerBound - base.length)..<Int(above.upperBound - base.length)]
    return objects
  }

  func chain(at count: UInt64) throws(LogReadError) -> Chain {
    guard count > base.length else {
      let chain = try attempt { () throws(StoreError) in try base.chain(at: count) }
      guard let chain else { throw LogReadError("no position \(count)") }
      return chain
    }
    guard count <= length else { throw LogReadError("no position \(count)") }
    let index = Int(count - base.length)
    while chains.count < index {
      let before: Chain
      if let last = chains.last { before = last } else { before = try chain(at: base.length) }
      chains.append(before.extended(by: appended[chains.count].id))
    }
    return chains[index - 1]
  }

  func position(of id: ObjectID) throws(LogReadError) -> UInt64? {
    noteAppended()
    if let place = places[id] { return place }
    guard base.length > 0 else { return nil }
    return try attempt { () throws(StoreError) in try base.position(of: id) }
  }

  private func noteAppended() {
    while placedCount < appended.count {
      places[appended[placedCount].id] = base.length + UInt64(placedCount)
      shortPlaces[ShortID(appended[placedCount].id)] = base.length + UInt64(placedCount)
      placedCount += 1
    }
  }

  func holds(_ id: ObjectID) throws(LogReadError) -> Bool {
    if pending.contains(id) { return true }
    guard let place = try position(of: id) else { return false }
    return !lost.contains(place)
  }

  func id(startingWith short: ShortID) throws(LogReadError) -> ObjectID? {
    let bytes = short.bytes
    if shortPending == nil {
      shortPending = Dictionary(pending.map { (ShortID($0), $0) }) { first, _ in first }
    }
    if let id = shortPending?[short] { return id }
    noteAppended()
    if let place = shortPlaces[short] {
      return lost.contains(place) ? nil : try self.id(at: place)
    }
    guard base.length > 0 else { return nil }
    let id = try attempt { () throws(StoreError) in try base.id(startingWith: bytes) }
    guard let id, try holds(id) else { return nil }
    return id
  }

  func parents(at position: UInt64) throws(LogReadError) -> [ObjectID] {
    let object = try object(at: position)
    do throws(StoreError) {
      let bytes = try store.read(object, isVerified: false)
      return (try? SealedObject(parsing: bytes))?.header.parents ?? []
    } catch {
      switch error {
      case .missing, .objectDamaged: return []
      default:
        failure = error
        throw LogReadError(error.description)
      }
    }
  }

  func byteCount(of range: Range<UInt64>) throws(LogReadError) -> UInt64 {
    let end = try byteCount(below: range.upperBound)
    let start = try byteCount(below: range.lowerBound)
    return end > start ? end - start : 0
  }

  /// Bytes of all objects below a position.
  private func byteCount(below position: UInt64) throws(LogReadError) -> UInt64 {
    if position == 0 { return 0 }
    if position > base.length {
      let index = Int(min(position, length) - base.length)
      while cumulative.count < index {
        let before: UInt64
        if let last = cumulative.last {
          before = last
        } else {
          before = try byteCount(below: base.length)
        }
        cumulative.append(before + UInt64(appended[cumulative.count].byteCount))
      }
      return cumulative[index - 1]
    }
    return try attempt { () throws(StoreError) in try base.entry(at: position - 1) }?
      .cumulativeByteCount ?? 0
  }

  private func attempt<Result>(
    _ body: () throws(StoreError) -> Result
  ) throws(LogReadError) -> Result {
    do throws(StoreError) { return try body() } catch {
      failure = error
      throw LogReadError(error.description)
    }
  }
}
