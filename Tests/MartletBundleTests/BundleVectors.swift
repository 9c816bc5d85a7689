import MartletBundle
import MartletObjects
import MartletSeal
import MartletTestSupport
import MartletWire

/// Makes the vectors of the bundle format. All but the slots, for which libsodium draws one-time
/// keys, follows from the seed.
struct BundleVectors {
  let random = SeededRandom(seed: 20_270)
  var vectors: [Vector] = []

  static func all() throws -> [Vector] {
    var made = BundleVectors()
    try made.addComplete()
    try made.addHandmade()
    try made.addDamaged()
    try made.addBadHeaders()
    try made.addBadPreludes()
    return made.vectors
  }

  func sample(_ shape: SampleBundle.Shape) throws -> SampleBundle {
    try SampleBundle(shape, random: random)
  }

  mutating func accept(
    _ name: String, _ bundle: SampleBundle, file: [UInt8]? = nil, recipient: Int = 0,
    items: [Item]? = nil, complete: Bool = true, _ comment: String
  ) {
    let ids = (items ?? bundle.items).map(\.id.hex).joined(separator: " ")
    let fields: [(key: String, value: String)] = [
      ("kind", "bundle"), ("expect", complete ? "success" : "salvaged"), ("stage", "all"),
      ("seed", Hex.encode(bundle.recipientSeeds[recipient].exposedBytes())),
      ("sender", bundle.manifest.card.deviceID.hex), ("number", "\(recipient + 1)"),
      ("ids", ids), ("comment", comment),
    ]
    vectors.append(Vector(name: name + ".txt", fields, bytes: file ?? bundle.file))
  }

  mutating func refuse(
    _ name: String, _ bundle: SampleBundle, file: [UInt8]? = nil, seed: SecretKey? = nil,
    _ expect: String, _ stage: String, _ comment: String
  ) {
    let seed = seed ?? bundle.recipientSeeds[0]
    let fields: [(key: String, value: String)] = [
      ("kind", "bundle"), ("expect", expect), ("stage", stage),
      ("seed", Hex.encode(seed.exposedBytes())), ("comment", comment),
    ]
    vectors.append(Vector(name: name + ".txt", fields, bytes: file ?? bundle.file))
  }

  private mutating func addComplete() throws {
    accept("success-empty", try sample(.init(runs: [])), "no records at all")
    let one = try sample(.init(runs: [[1]], lengths: [5], priorMessages: 0))
    accept("success-one", one, "one message without parents")
    accept(
      "success-distances", try sample(.init(runs: [[9]], lengths: [3])),
      "messages that name their parents by distance and whole")
    accept(
      "success-runs", try sample(.init(runs: [[2, 1], [1, 1]], lengths: [40], blobLogs: [1])),
      "two logs of two runs each, one of them of blobs")
    let two = try sample(.init(recipients: 2, runs: [[1]]))
    accept("success-second-recipient", two, recipient: 1, "the second of two recipients")
    let five = try sample(.init(recipients: 5, runs: [[1]]))
    accept("success-five-recipients", five, recipient: 3, "five recipients, sixteen slots")
    accept(
      "success-spanning", try sample(.init(runs: [[2]], lengths: [2500, 10], blobLogs: [0])),
      "a blob that takes four segments")
    let boxes = try sample(.init(runs: [[3]], lengths: [9], grants: true, boxLimit: 3))
    accept("success-boxes", boxes, "a message with boxes")
    accept(
      "success-large-segments", try sample(.init(log2: 16, runs: [[3]], lengths: [200])),
      "segments of 64 KiB, of which the only one is final")
  }

  /// Streams that the writer does not write.
  private mutating func addHandmade() throws {
    try addHandmade("success-whole-names", "no index and no distance used, and no padding") {
      _, _ in
    }
    try addHandmade(
      "salvaged-padding", complete: false, "a byte that is not zero behind the records"
    ) { builder, _ in builder.padding = [0, 0, 1, 0] }
    try addHandmade(
      "salvaged-records-missing", without: [7], "the last record is not there"
    ) { builder, _ in
      builder.records.removeLast()
      builder.padding = [UInt8](repeating: 0, count: 200)
    }
    try addHandmade(
      "salvaged-key-index", without: [2, 3],
      "a key's index that is not listed, and a record that refers to that record by distance"
    ) { builder, objects in
      builder.records[2].bytes = StreamBuilder.record(objects[2], .init(key: 9))
      builder.records[3].bytes = StreamBuilder.record(objects[3], .init(distances: [1]))
    }
    try addHandmade(
      "salvaged-distance", without: [3], "a distance beyond the first record of the segment"
    ) { builder, objects in
      builder.records[3].bytes = StreamBuilder.record(objects[3], .init(distances: [9]))
    }
    try addHandmade(
      "salvaged-spanning-distance", without: [1],
      "a distance in a record that ends in the next segment"
    ) { builder, objects in
      builder.records[1].bytes = StreamBuilder.record(objects[1], .init(distances: [1]))
    }
    try addHandmade(
      "salvaged-long-number", without: [1], "a key's index in a byte more than it takes"
    ) { builder, objects in
      builder.records[1].bytes = StreamBuilder.record(objects[1], .init(keyBytes: [0x81, 0]))
    }
    try addHandmade(
      "salvaged-head-trailing", without: [1], "a byte behind the last field of a head"
    ) { builder, objects in
      builder.records[1].bytes = StreamBuilder.record(objects[1], .init(headEnd: [0]))
    }
  }

  /// - Parameter without: Those of the eight records that do not come out.
  private mutating func addHandmade(
    _ name: String, without: Set<Int> = [], complete: Bool = true, _ comment: String,
    _ change: (inout StreamBuilder, [SealedObject]) -> Void
  ) throws {
    var bundle = try sample(.init(runs: [[8]], lengths: [4], chained: true))
    let objects = try bundle.items.map { try SealedObject(parsing: $0.bytes) }
    var builder = StreamBuilder()
    for item in bundle.items { try builder.add(item, .init()) }
    change(&builder, objects)
    bundle.segments = builder.segments(behind: bundle.prelude)
    bundle.seal()
    let items = bundle.items.enumerated().filter { !without.contains($0.offset) }.map(\.element)
    accept(name, bundle, items: items, complete: complete && without.isEmpty, comment)
  }
}
