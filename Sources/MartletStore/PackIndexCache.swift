internal import MartletSeal
internal import MartletWire

/// Indexes of packs, as far as they were asked for: the last ones, up to a limit.
struct PackIndexCache {
  /// Of each pack, by its tag: the start of an id, then its offset, sorted; eight bytes an object.
  private var indexes: [UInt64: [UInt64]] = [:]
  /// Tags, the one used last at the end.
  private var order: [UInt64] = []
  private var byteCount = 0
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  /// Where objects stand that may be the one of this name; nil if the index is not here.
  mutating func offsets(of id: ObjectID, in tag: UInt64) -> [UInt64]? {
    guard let index = indexes[tag] else { return nil }
    if order.last != tag {
      order.removeAll { $0 == tag }
      order.append(tag)
    }
    return Self.offsets(of: id, in: index)
  }

  /// Keeps an index, and lets go of those not used for longest.
  mutating func add(_ index: [UInt64], for tag: UInt64) {
    guard indexes[tag] == nil else { return }
    indexes[tag] = index
    order.append(tag)
    byteCount += 8 * index.count
    while byteCount > limit, order.count > 1 {
      byteCount -= 8 * (indexes.removeValue(forKey: order.removeFirst())?.count ?? 0)
    }
  }

  static func index(_ entries: [(id: ObjectID, offset: UInt64)]) -> [UInt64] {
    entries.map { prefix($0.id) << 32 | $0.offset & 0xFFFF_FFFF }.sorted()
  }

  static func offsets(of id: ObjectID, in index: [UInt64]) -> [UInt64] {
    let wanted = prefix(id) << 32
    var low = 0
    var high = index.count
    while low < high {
      let middle = (low + high) / 2
      if index[middle] < wanted { low = middle + 1 } else { high = middle }
    }
    return index[low...].prefix { $0 >> 32 == wanted >> 32 }.map { $0 & 0xFFFF_FFFF }
  }

  static func prefix(_ id: ObjectID) -> UInt64 { id.bytes.number(at: 0, byteCount: 4) }
}
