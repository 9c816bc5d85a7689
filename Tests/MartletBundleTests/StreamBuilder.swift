import MartletBundle
import MartletObjects
import MartletSeal
import MartletWire

/// Writes streams without the writer under test, right or wrong ones.
struct StreamBuilder {
  let log2: UInt8 = 10
  var records: [Record] = []
  var padding: [UInt8] = []

  struct Record {
    var bytes: [UInt8]
    var run: Int
    var position: UInt64
  }

  static func varint(_ number: UInt64) -> [UInt8] {
    number < 0x80 ? [UInt8(number)] : [UInt8(number & 0x7F) | 0x80] + varint(number >> 7)
  }

  static func fixed(_ number: UInt64, _ byteCount: Int) -> [UInt8] {
    (0..<byteCount).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
  }

  /// How a record names what it need not spell out.
  struct Names {
    /// Index in the log's keys; nil: the whole id.
    var key: Int?
    /// Distances of the first parents; the others are whole.
    var distances: [UInt64] = []
    /// The number of the key in other bytes than it should have.
    var keyBytes: [UInt8]?
    var headEnd: [UInt8] = []
  }

  static func record(_ object: SealedObject, _ names: Names) -> [UInt8] {
    let header = object.header
    var head = varint(UInt64(object.sealed.count))
    if let bytes = names.keyBytes {
      head += bytes
    } else if let key = names.key {
      head += varint(UInt64(key + 1))
    } else {
      head += [0] + header.keyID.bytes
    }
    head += header.nonce + varint(UInt64(header.parents.count))
    for (index, parent) in header.parents.enumerated() {
      head += index < names.distances.count ? varint(names.distances[index]) : [0] + parent.bytes
    }
    head += [UInt8(header.priority.rawValue)] + varint(header.expires)
    head += varint(UInt64(object.boxes.count)) + object.boxes.flatMap { $0 }
    head += names.headEnd
    return fixed(UInt64(head.count), 4) + head + object.sealed
  }

  mutating func add(_ item: Item, _ names: Names) throws {
    records.append(
      Record(
        bytes: Self.record(try SealedObject(parsing: item.bytes), names), run: item.runIndex,
        position: item.position))
  }

  func segments(behind prelude: [UInt8]) -> [PlainSegment] {
    let size = (1 << Int(log2)) - 16
    var stream = prelude
    var heads: [Int: [UInt8]] = [:]
    for record in records {
      let segment = stream.count / size
      if heads[segment] == nil {
        heads[segment] =
          Self.fixed(UInt64(stream.count % size), 4) + Self.fixed(UInt64(record.run), 4)
          + Self.fixed(record.position, 8)
      }
      stream += record.bytes
    }
    stream += padding
    let none = Self.fixed(UInt64(UInt32.max), 4) + Self.fixed(0, 12)
    let count = max(1, (stream.count + size - 1) / size)
    return (0..<count).map { index in
      let payload = stream[index * size..<min(stream.count, (index + 1) * size)]
      return PlainSegment(
        index: UInt64(index), isFinal: index == count - 1, bytes: (heads[index] ?? none) + payload)
    }
  }
}
