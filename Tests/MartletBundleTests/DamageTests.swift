import MartletBundle
import MartletObjects
import MartletSeal
import MartletTestSupport
import MartletWire
import Testing

@Suite("A damaged bundle")
struct DamageTests {
  static let seeds: [UInt64] = [1, 2]

  /// A bundle of several segments, with what each object needs to come out.
  struct Damaged {
    let bundle: SampleBundle
    let identity: Identity
    /// The segments in which each item lies.
    let segments: [ClosedRange<Int>]
    let preludeEnd: Int

    init(seed: UInt64) throws {
      let random = SeededRandom(seed: 900 + seed)
      bundle = try SampleBundle(
        .init(
          recipients: Int(seed), runs: [[4, 1], [2], [2]], lengths: [30, 400, 1, 90, 850],
          blobLogs: [1],
          grants: true, boxLimit: 3), random: random)
      identity = bundle.recipients[bundle.recipients.count - 1]
      segments = bundle.recordRanges().map { $0.lowerBound / 1008...($0.upperBound - 1) / 1008 }
      preludeEnd = (bundle.prelude.count - 1) / 1008
    }

    /// What has to come out when just these segments are whole; nil: an error.
    func expected(_ whole: [Bool]) -> [Item]? {
      guard (0...preludeEnd).allSatisfy({ whole[$0] }) else { return nil }
      return zip(bundle.items, segments).filter { $1.allSatisfy { whole[$0] } }.map(\.0)
    }
  }

  @Test("gives every object that lies in whole segments, whichever are lost", arguments: seeds)
  func lostSegments(seed: UInt64) throws {
    let damaged = try Damaged(seed: seed)
    let all = damaged.bundle.segments
    let reader = try SampleReader(damaged.bundle.file, damaged.identity)
    try #require((6...10).contains(all.count), "\(all.count)")
    for mask in 0..<1 << all.count {
      let whole = all.indices.map { mask >> $0 & 1 == 1 }
      let kept = zip(all, whole).filter(\.1).map(\.0)
      if let expected = damaged.expected(whole) {
        let result = try reader.read(kept)
        #expect(result.items == expected, "segments \(whole)")
        #expect(result.isComplete == whole.allSatisfy { $0 }, "segments \(whole)")
      } else {
        #expect(throws: BundleError.self, "segments \(whole)") { try reader.read(kept) }
      }
    }
  }

  @Test("with any bit changed is refused, or loses that bit's segment alone", arguments: seeds)
  func bits(seed: UInt64) throws {
    let damaged = try Damaged(seed: seed)
    let file = damaged.bundle.file
    let header = damaged.bundle.header
    #expect(file.count <= 8192)
    for bit in 0..<header.bytes.count * 8 {
      var altered = file
      altered[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: BundleError.self, "seed \(seed), bit \(bit)") {
        try SampleReader.read(altered, damaged.identity)
      }
    }
    let reader = try SampleReader(file, damaged.identity)
    let opener = SegmentOpener(header: header, bundleKey: damaged.bundle.bundleKey)
    for (index, segment) in damaged.bundle.segments.enumerated() {
      // What is read depends on the segments that open; this one does not, whatever the bit.
      let start = header.bytes.count + index * 1040
      let sealed = Array(file[start..<start + segment.bytes.count + 16])
      for bit in 0..<sealed.count * 8 {
        var altered = sealed
        altered[bit / 8] ^= 1 << UInt8(bit % 8)
        #expect(throws: BundleError.notAuthentic(segment: UInt64(index)), "bit \(bit)") {
          try opener.open(index: UInt64(index), isFinal: segment.isFinal, altered)
        }
      }
      var altered = file
      altered[start + 3] ^= 1
      let kept = reader.segments(of: altered)
      #expect(kept.count == damaged.bundle.segments.count - 1)
      var whole = damaged.bundle.segments.map { _ in true }
      whole[index] = false
      if let expected = damaged.expected(whole) {
        let result = try SampleReader.read(altered, damaged.identity)
        #expect(result.items == expected)
        #expect(!result.isComplete)
      } else {
        #expect(throws: BundleError.self) { try SampleReader.read(altered, damaged.identity) }
      }
    }
  }

  @Test("cut short anywhere gives its whole segments and is known to be cut", arguments: seeds)
  func truncation(seed: UInt64) throws {
    let damaged = try Damaged(seed: seed)
    let file = damaged.bundle.file
    let headerByteCount = damaged.bundle.header.bytes.count
    for length in file.indices {
      let cut = Array(file.prefix(length))
      guard length > headerByteCount else {
        let error =
          length < headerByteCount
          ? BundleError.truncated(offset: UInt64(length)) : .truncated(offset: 0)
        #expect(throws: error) { try SampleReader.read(cut, damaged.identity) }
        continue
      }
      let count = (length - headerByteCount) / 1040
      let whole = damaged.bundle.segments.indices.map { $0 < count }
      if let expected = damaged.expected(whole) {
        let result = try SampleReader.read(cut, damaged.identity)
        #expect(result.items == expected, "seed \(seed), length \(length)")
        #expect(!result.isComplete, "seed \(seed), length \(length)")
      } else {
        #expect(throws: BundleError.self, "seed \(seed), length \(length)") {
          try SampleReader.read(cut, damaged.identity)
        }
      }
    }
    let longer = try SampleReader.read(file + [0], damaged.identity)
    #expect(!longer.isComplete)
  }

  @Test("does not give a segment twice, nor one that comes too late")
  func order() throws {
    let damaged = try Damaged(seed: 3)
    let reader = try SampleReader(damaged.bundle.file, damaged.identity)
    let doubled = damaged.bundle.segments.flatMap { segment in
      Int(segment.index) > damaged.preludeEnd ? [segment, segment] : [segment]
    }
    let result = try reader.read(doubled + damaged.bundle.segments.suffix(2))
    #expect(result.items == damaged.bundle.items)
    #expect(result.isComplete)
  }

  @Test("may lack the segments of the prelude once that is read")
  func preludeSkipped() throws {
    let damaged = try Damaged(seed: 4)
    let reader = try SampleReader(damaged.bundle.file, damaged.identity)
    var preludeReader = PreludeReader(
      header: reader.header, opened: reader.opened, own: reader.own)
    var read: BundlePrelude?
    for segment in damaged.bundle.segments where read == nil {
      read = try preludeReader.feed(segment)
    }
    let prelude = try #require(read)
    #expect(prelude.byteCount == damaged.bundle.prelude.count)
    var carver = RecordCarver(prelude, segmentByteCountLog2: 10)
    var count = 0
    for segment in damaged.bundle.segments where segment.index >= UInt64(damaged.preludeEnd) {
      count += carver.feed(segment).count
    }
    #expect(count == damaged.bundle.items.count)
    #expect(carver.isComplete)
  }
}
