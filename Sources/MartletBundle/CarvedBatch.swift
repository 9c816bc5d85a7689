/// Whole records cut out of the stream and not looked into yet: what one segment completed.
package struct CarvedBatch: Sendable {
  /// One that began in an earlier segment and ended in this one. It refers to no other record by
  /// distance, so nothing of the segments it came from is needed any more.
  let spanning: Spanning?
  /// The segment, with its head.
  let bytes: [UInt8]
  /// Where the records are that lie wholly in it.
  let records: [Range<Int>]
  /// The number of the first of them among all records of the bundle.
  let first: UInt64

  struct Spanning: Sendable {
    let record: UInt64
    let bytes: [UInt8]
  }

  package static let empty = CarvedBatch(spanning: nil, bytes: [], records: [], first: 0)

  package var count: Int { records.count + (spanning == nil ? 0 : 1) }
  package var isEmpty: Bool { count == 0 }
}
