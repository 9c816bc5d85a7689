import MartletBundle
import MartletObjects
import MartletSeal
import MartletTestSupport
import MartletWire
import Testing

@Suite("A sender who writes what it likes")
struct HostileStreamTests {
  /// Changes bytes of a stream in one of many ways.
  func change(_ bytes: inout [UInt8], _ random: SeededRandom) {
    guard !bytes.isEmpty else { return }
    let start = random.below(bytes.count)
    let end = min(bytes.count, start + 1 + random.below(1 << random.below(9)))
    switch random.below(6) {
    case 0: bytes[start] ^= 1 << UInt8(random.below(8))
    case 1: bytes.replaceSubrange(start..<end, with: random.bytes(end - start))
    case 2: for index in start..<end { bytes[index] = 0 }
    case 3: for index in start..<end { bytes[index] = 0xFF }
    case 4:
      let from = random.below(bytes.count - (end - start) + 1)
      bytes.replaceSubrange(start..<end, with: Array(bytes[from..<from + end - start]))
    default:
      // A length or number that is nearly right.
      bytes[start] &+= UInt8(random.below(5)) &- 2
    }
  }

  @Test("makes no reader trap, keep more than a record or give an object twice", arguments: 0..<8)
  func records(part: Int) throws {
    for round in 0..<250 {
      let random = SeededRandom(seed: UInt64(10_000 + part * 1000 + round))
      var bundle = try SampleBundle(
        .init(runs: [[4], [2, 1]], lengths: [40, 700, 3], blobLogs: [1]), random: random)
      let reader = try SampleReader(bundle.file, bundle.recipients[0])
      let first = bundle.prelude.count / 1008
      var segments = bundle.segments
      for _ in 0..<1 + random.below(4) {
        let index = first + random.below(segments.count - first)
        let old = segments[index]
        var bytes = old.bytes
        let keep = index == first ? 16 + bundle.prelude.count % 1008 : 16
        var rest = Array(bytes[min(keep, bytes.count)...])
        change(&rest, random)
        bytes.replaceSubrange(min(keep, bytes.count)..., with: rest)
        if random.below(3) == 0 {
          var head = Array(bytes[0..<16])
          change(&head, random)
          bytes.replaceSubrange(0..<16, with: head)
        }
        segments[index] = PlainSegment(index: old.index, isFinal: old.isFinal, bytes: bytes)
      }
      bundle.segments = segments
      bundle.seal()
      let result = try reader.read(reader.segments(of: bundle.file))
      var last: (UInt64, Int, Int)?
      for item in result.items {
        #expect(SealedObject.id(of: item.bytes) == item.id, "seed \(random.seed)")
        let run = bundle.manifest.logs[item.logIndex].runs[item.runIndex]
        #expect(run.range.contains(item.position), "seed \(random.seed)")
        let place = (item.position, item.logIndex, item.runIndex)
        if let last {
          let before = (last.1, last.2, last.0)
          #expect(before < (place.1, place.2, place.0), "seed \(random.seed)")
        }
        last = place
      }
      #expect(result.items.count <= Int(bundle.manifest.recordCount), "seed \(random.seed)")
    }
  }

  @Test("gets typed errors for a prelude of any bytes", arguments: 0..<4)
  func preludes(part: Int) throws {
    let base = SeededRandom(seed: UInt64(part))
    let bundle = try SampleBundle(.init(recipients: 3, runs: [[2], [1]]), random: base)
    let identity = bundle.recipients[2]
    let opened = try bundle.header.open(with: identity.sealing)
    for round in 0..<500 {
      let random = SeededRandom(seed: UInt64(50_000 + part * 1000 + round))
      var stream = bundle.prelude
      for _ in 0..<1 + random.below(3) { change(&stream, random) }
      if random.below(4) == 0 { stream.removeLast(random.below(stream.count)) }
      var reader = PreludeReader(
        header: bundle.header, opened: opened, own: identity.deviceID)
      do throws(BundleError) {
        for segment in HostileStreamTests.segments(of: stream) {
          if let prelude = try reader.feed(segment) {
            // Only what changed nothing is accepted.
            #expect(
              stream.prefix(prelude.byteCount) == bundle.prelude[...], "seed \(random.seed)")
            break
          }
        }
      } catch { #expect(error != .wrongRecordCount) }
    }
  }

  static func segments(of stream: [UInt8], log2: UInt8 = 10) -> [PlainSegment] {
    let payload = (1 << Int(log2)) - 16
    let starts = Array(stride(from: 0, to: max(stream.count, 1), by: payload))
    return starts.enumerated().map { index, start in
      let bytes = stream[start..<min(start + payload, stream.count)]
      return PlainSegment(
        index: UInt64(index), isFinal: index == starts.count - 1,
        bytes: [UInt8](repeating: 0xFF, count: 4) + [UInt8](repeating: 0, count: 12) + bytes)
    }
  }

  @Test("cannot pass off a manifest of another sender, file or recipient")
  func manifests() throws {
    let random = SeededRandom(seed: 8)
    let bundle = try SampleBundle(.init(recipients: 2), random: random)
    let other = Identity(random: random)
    let identity = bundle.recipients[0]
    let opened = try bundle.header.open(with: identity.sealing)
    func read(_ prelude: [UInt8]) throws(BundleError) {
      var reader = PreludeReader(
        header: bundle.header, opened: opened, own: identity.deviceID)
      for segment in HostileStreamTests.segments(of: prelude) { _ = try reader.feed(segment) }
    }
    #expect(throws: Never.self) { try read(bundle.prelude) }

    func encode(_ change: (inout Manifest) throws -> Void) throws -> [UInt8] {
      var manifest = bundle.manifest
      manifest.card = try Card(identity: other, name: "other", created: 1)
      try change(&manifest)
      return try BundlePrelude.encode(
        manifest, sections: bundle.sections, signing: other.signing, random: random)
    }
    #expect(throws: Never.self) { try read(encode { _ in }) }
    #expect(throws: BundleError.manifestOfAnotherBundle) {
      try read(encode { $0.headerHash = random.digest() })
    }
    #expect(throws: BundleError.manifestOfAnotherBundle) {
      try read(encode { $0.recipients.reverse() })
    }
    #expect(throws: BundleError.manifestNotAuthentic) {
      try read(encode { $0.card = bundle.manifest.card })
    }
    #expect(throws: BundleError.badManifest(.badField("record_count"))) {
      try read(encode { $0.recordCount = 99 })
    }
    // The other's sections in our place: bound, and sealed under another key.
    #expect(throws: BundleError.badSection) {
      let prelude = try BundlePrelude.encode(
        bundle.manifest, sections: bundle.sections.reversed(),
        signing: bundle.author.signing, random: random)
      try read(prelude)
    }
  }

  @Test("cannot announce more than the limits")
  func limits() throws {
    let random = SeededRandom(seed: 9)
    let bundle = try SampleBundle(.init(), random: random)
    let identity = bundle.recipients[0]
    let opened = try bundle.header.open(with: identity.sealing)
    let limit = BundleError.preludeTooLarge(limit: Limits.manifestByteCount)
    for length in [[0xFF, 0xFF, 0xFF, 0xFF], [1, 0, 0, 1], [0xBD, 0xFF, 0xFF, 0]] as [[UInt8]] {
      var reader = PreludeReader(
        header: bundle.header, opened: opened, own: identity.deviceID)
      #expect(throws: limit) { try reader.feed(HostileStreamTests.segments(of: length)[0]) }
    }
    // The length of the section.
    let manifestByteCount = bundle.prelude[0..<3].reversed().reduce(0) { $0 << 8 | Int($1) }
    var stream = bundle.prelude
    stream[4 + manifestByteCount + 64 + 3] = 1
    var reader = PreludeReader(header: bundle.header, opened: opened, own: identity.deviceID)
    #expect(throws: limit) {
      for segment in HostileStreamTests.segments(of: stream) { _ = try reader.feed(segment) }
    }
  }

  @Test("makes a reader keep at most one record")
  func heldBytes() throws {
    let random = SeededRandom(seed: 10)
    let bundle = try SampleBundle(
      .init(log2: 16, runs: [[1]], lengths: [7 << 20], blobLogs: [0]), random: random)
    let reader = try SampleReader(bundle.file, bundle.recipients[0])
    var preludeReader = PreludeReader(
      header: reader.header, opened: reader.opened, own: reader.own)
    let prelude = try #require(try preludeReader.feed(bundle.segments[0]))
    var carver = RecordCarver(prelude, segmentByteCountLog2: 16)
    var most = 0
    for segment in bundle.segments {
      _ = carver.feed(segment)
      most = max(most, carver.heldByteCount)
    }
    #expect(carver.isComplete)
    #expect(carver.heldByteCount == 0)
    #expect((6 << 20...RecordHead.recordByteLimit).contains(most))
  }
}
