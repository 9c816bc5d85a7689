import MartletSeal
import MartletSync
import MartletWire

/// A log held in an array, with everything the engine asks of it.
struct ArrayLog: LogView {
  var ids: [ObjectID] = []
  var chains: [Chain] = [.empty]
  var places: [ObjectID: UInt64] = [:]
  /// Held and whole, logged or pending.
  var held: Set<ObjectID> = []
  /// Held and waiting for parents, with whoever sent them.
  var pending: [ObjectID] = []
  var senders: [ObjectID: Set<Int>] = [:]
  /// Of logged and pending ids.
  var shorts: [ShortID: ObjectID] = [:]
  var ancestry: [ObjectID: [ObjectID]] = [:]
  /// Bytes below each position; an object has 1 to 256.
  var sums: [UInt64] = [0]

  var length: UInt64 { UInt64(ids.count) }
  func id(at position: UInt64) throws(LogReadError) -> ObjectID {
    guard position < length else { throw LogReadError("no position \(position)") }
    return ids[Int(position)]
  }
  func chain(at count: UInt64) throws(LogReadError) -> Chain {
    guard count <= length else { throw LogReadError("no chain \(count)") }
    return chains[Int(count)]
  }
  func position(of id: ObjectID) throws(LogReadError) -> UInt64? { places[id] }
  func holds(_ id: ObjectID) throws(LogReadError) -> Bool { held.contains(id) }
  func id(startingWith short: ShortID) throws(LogReadError) -> ObjectID? { shorts[short] }
  func parents(at position: UInt64) throws(LogReadError) -> [ObjectID] {
    ancestry[try id(at: position)] ?? []
  }
  func byteCount(of range: Range<UInt64>) throws(LogReadError) -> UInt64 {
    guard range.upperBound <= length else { throw LogReadError("no range \(range)") }
    return sums[Int(range.upperBound)] - sums[Int(range.lowerBound)]
  }

  mutating func append(_ id: ObjectID) {
    places[id] = length
    shorts[ShortID(id)] = id
    chains.append((chains.last ?? .empty).extended(by: id))
    sums.append((sums.last ?? 0) + UInt64(id.bytes.last ?? 0) + 1)
    ids.append(id)
  }
}
