import MartletBundle
import MartletObjects
import MartletSeal
import MartletTestSupport
import MartletWire
import Testing

@Suite("A bundle's stream")
struct StreamTests {
  static let shapes: [SampleBundle.Shape] = [
    .init(runs: []),
    .init(runs: [[1]], lengths: [0]),
    .init(recipients: 5, runs: [[3, 1], [2]], lengths: [10, 900, 3000]),
    .init(recipients: 2, runs: [[40], [7], [1, 1, 1]], lengths: [1, 60, 200], blobLogs: [1]),
    .init(runs: [[12]], lengths: [100, 4000], grants: true),
    .init(recipients: 3, log2: 12, runs: [[300], [2]], lengths: [30], blobLogs: [1]),
    .init(log2: 16, runs: [[600], [5]], lengths: [20, 300, 70_000], blobLogs: [1]),
    .init(log2: 20, runs: [[4], [3]], lengths: [1 << 20, 3 << 20, 500], blobLogs: [0, 1]),
    .init(log2: 10, runs: [[1], [1]], lengths: [1 << 20], blobLogs: [1]),
  ]

  @Test(
    "gives back every object at its place, to every recipient", arguments: shapes.indices,
    [1, 2, 3] as [UInt64])
  func roundTrip(shape: Int, seed: UInt64) throws {
    let random = SeededRandom(seed: seed &* 1000 &+ UInt64(shape))
    let bundle = try SampleBundle(StreamTests.shapes[shape], random: random)
    for (index, identity) in bundle.recipients.enumerated() {
      let result = try SampleReader.read(bundle.file, identity)
      #expect(result.items == bundle.items, "seed \(random.seed)")
      #expect(result.isComplete, "seed \(random.seed)")
      #expect(result.section == bundle.sections[index].0)
    }
  }

  @Test("round trips whatever the lengths", arguments: 0..<150 as Range<UInt64>)
  func seeds(seed: UInt64) throws {
    let random = SeededRandom(seed: 77_000 + seed)
    var shape = SampleBundle.Shape()
    shape.recipients = 1 + random.below(5)
    shape.log2 = UInt8(10 + random.below(3))
    shape.runs = (0..<random.below(4)).map { _ in
      (0..<1 + random.below(3)).map { _ in 1 + random.below(12) }
    }
    shape.lengths = (0..<1 + random.below(5)).map { _ in random.below(1 << random.below(13)) }
    shape.blobLogs = [random.below(4)]
    shape.grants = random.below(2) == 0
    let bundle = try SampleBundle(shape, random: random)
    let identity = try #require(bundle.recipients.last)
    let result = try SampleReader.read(bundle.file, identity)
    #expect(result.items == bundle.items, "seed \(random.seed)")
    #expect(result.isComplete, "seed \(random.seed)")
  }

  @Test("ends anywhere in a segment, at its very end too")
  func everyEnd() throws {
    // Blobs are not padded, so every length of the stream comes up.
    for length in 1...1100 {
      let random = SeededRandom(seed: UInt64(length))
      let bundle = try SampleBundle(
        .init(runs: [[2]], lengths: [length, 1], blobLogs: [0]), random: random)
      let result = try SampleReader.read(bundle.file, bundle.recipients[0])
      #expect(result.items == bundle.items, "seed \(length)")
      #expect(result.isComplete, "seed \(length)")
    }
  }

  @Test("refers to parents by distance where it can, and so is shorter than its objects")
  func distances() throws {
    let random = SeededRandom(seed: 5)
    let bundle = try SampleBundle(
      .init(log2: 20, runs: [[500]], lengths: [20]), random: random)
    let objects = bundle.items.reduce(0) { $0 + $1.bytes.count }
    #expect(bundle.manifest.recordByteCount == UInt64(objects))
    #expect(bundle.file.count < objects * 3 / 4)
  }

  @Test("makes files of Padmé's lengths only, with less than 1 MiB of padding")
  func padding() throws {
    for seed in 0..<60 as Range<UInt64> {
      let random = SeededRandom(seed: seed)
      let bundle = try SampleBundle(
        .init(
          recipients: 1 + random.below(5), log2: UInt8(10 + random.below(11)),
          runs: [[1 + random.below(3)]], lengths: [random.below(1 << random.below(19)) + 1],
          blobLogs: [0]), random: random)
      let length = UInt64(bundle.file.count)
      #expect(Padding.padded(length) == length, "seed \(seed)")
      let content = bundle.prelude.count + bundle.items.reduce(0) { $0 + $1.bytes.count }
      let segments = bundle.segments.count
      #expect(bundle.file.count < content + bundle.header.bytes.count + segments * 32 + 1 << 20)
    }
  }

  @Test("has lengths that grow by little and hide much")
  func paddedLengths() {
    let step: UInt64 = 1 << 18
    let large: [UInt64] = [1 << 20 + 1, 1 << 26 + 1, 1 << 30 + 1, 1 << 40 + 1]
    for length in Array(1...5000) + large {
      let padded = Padding.padded(length)
      #expect(padded >= length)
      #expect(Padding.padded(padded) == padded)
      #expect(padded - length < step)
      #expect(padded - length <= length * 12 / 100)
    }
    #expect(Padding.padded(1025) == 1088)
    #expect(Padding.padded(1 << 20 + 1) == 1 << 20 + 1 << 15)
    #expect(Padding.padded(.max) == .max)
  }

  @Test("takes only what the logs announce, and all of it")
  func announced() throws {
    let random = SeededRandom(seed: 9)
    let bundle = try SampleBundle(.init(runs: [[2], [1]]), random: random)
    func writer() -> BundleWriter {
      BundleWriter(prelude: bundle.prelude, logs: bundle.manifest.logs, segmentByteCountLog2: 10)
    }
    var short = writer()
    try short.add(bundle.items[0].bytes, id: bundle.items[0].id)
    #expect(throws: BundleError.badRecord(index: 1)) {
      try short.add(bundle.items[2].bytes, id: bundle.items[2].id)
    }
    #expect(throws: BundleError.badRecord(index: 1)) {
      try short.add([1, 2, 3], id: bundle.items[1].id)
    }
    #expect(throws: BundleError.wrongRecordCount) { try short.finish() }
    var long = writer()
    for item in bundle.items { try long.add(item.bytes, id: item.id) }
    #expect(throws: BundleError.wrongRecordCount) {
      try long.add(bundle.items[0].bytes, id: bundle.items[0].id)
    }
    #expect(try !long.finish().isEmpty)
  }
}
