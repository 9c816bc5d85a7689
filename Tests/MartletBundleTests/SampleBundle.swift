import MartletBundle
import MartletObjects
import MartletSeal
import MartletTestSupport
import MartletWire
import Testing

/// An object with its place in a bundle.
struct Item: Equatable {
  let logIndex: Int
  let runIndex: Int
  let position: UInt64
  let id: ObjectID
  let bytes: [UInt8]
}

/// A bundle made of seeded objects, and what went into it.
struct SampleBundle {
  var items: [Item] = []
  var manifest: Manifest
  let author: Identity
  let recipients: [Identity]
  let recipientSeeds: [SecretKey]
  let header: BundleHeader
  let bundleKey: SecretKey
  let sections: [(Section, SecretKey)]
  var prelude: [UInt8]
  var segments: [PlainSegment] = []
  var file: [UInt8]

  /// What a sample is to be like.
  struct Shape {
    var recipients = 1
    var log2: UInt8 = 10
    /// For each log, the runs' numbers of records.
    var runs: [[Int]] = [[3]]
    /// Bytes of bodies and chunks, taken in turn.
    var lengths: [Int] = [100]
    var blobLogs: Set<Int> = []
    var grants = false
    var boxLimit = 12
    var priorMessages = 2
    /// Each message has the one before as its only parent.
    var chained = false
  }

  init(_ shape: Shape, random: SeededRandom) throws {
    let author = Identity(random: random)
    let recipientSeeds = (0..<shape.recipients).map { _ in SecretKey.random(from: random) }
    let recipients = recipientSeeds.map { Identity(seed: $0) }
    let sectionKeys = recipients.map { _ in SecretKey.random(from: random) }
    let bundleKey = SecretKey.random(from: random)
    let header = try BundleHeader(
      bundleKey: bundleKey, recipients: recipients.map(\.sealing.publicKey),
      sectionKeys: sectionKeys, segmentByteCountLog2: shape.log2, random: random)

    var items: [Item] = []
    var logs: [CarriedLog] = []
    for (logIndex, counts) in shape.runs.enumerated() {
      let log = LogID(
        group: GroupID(random.digest()),
        objectClass: shape.blobLogs.contains(logIndex) ? .blobs : .messages)
      let made = try SampleBundle.records(
        of: log, logIndex: logIndex, counts: counts, shape: shape, author: author, random: random)
      items += made.items
      logs.append(made.carried)
    }
    manifest = Manifest(
      card: try Card(identity: author, name: "sender", created: 5),
      recipients: recipients.map(\.deviceID), sectionHashes: [], headerHash: header.hash,
      instance: InstanceID(random.digest()), retired: [], created: 1_800_000_000, logs: logs,
      recordCount: UInt64(items.count),
      recordByteCount: UInt64(items.reduce(0) { $0 + $1.bytes.count }))
    let sections = sectionKeys.enumerated().map { index, key in
      (
        Section(
          number: UInt64(index + 1), echo: nil, logs: [],
          answeredAbsent: [ObjectID(random.digest())]), key
      )
    }
    prelude = try BundlePrelude.encode(
      manifest, sections: sections, signing: author.signing, random: random)
    self.items = items
    self.author = author
    self.recipients = recipients
    self.recipientSeeds = recipientSeeds
    self.header = header
    self.bundleKey = bundleKey
    self.sections = sections
    file = []
    try write()
  }

  private static func records(
    of log: LogID, logIndex: Int, counts: [Int], shape: Shape, author: Identity,
    random: SeededRandom
  ) throws -> (items: [Item], carried: CarriedLog) {
    let keys = [SecretKey.random(from: random), SecretKey.random(from: random)]
    var items: [Item] = []
    var runs: [Run] = []
    var before: [ObjectID] = (0..<shape.priorMessages).map { _ in ObjectID(random.digest()) }
    var position = UInt64(random.below(50))
    for (runIndex, count) in counts.enumerated() {
      let start = position
      var chain = Chain(random.digest())
      let chainBefore = chain
      var marks: [ChainMark] = []
      for number in 0..<count {
        let length = shape.lengths[items.count % shape.lengths.count]
        let key = keys[random.below(8) == 0 ? 1 : 0]
        let object: SealedObject
        if log.objectClass == .blobs {
          object = try SealedObject.sealBlob(
            random.bytes(max(1, length)), group: log.group, key: key)
        } else {
          var parents: [ObjectID] = []
          if shape.chained { parents = [before[before.count - 1]] }
          for _ in 0..<random.below(4) where !shape.chained && !before.isEmpty {
            let parent = before[before.count - 1 - random.below(min(9, before.count))]
            if !parents.contains(parent) { parents.append(parent) }
          }
          let header = ObjectHeader(
            group: log.group, objectClass: .messages, keyID: KeyID(.zero), parents: parents,
            priority: Priority(rawValue: UInt32(random.below(3))) ?? .normal,
            expires: random.below(2) == 0 ? 0 : random.next())
          let boxes = shape.grants && items.count % 5 == 1 ? 1 + random.below(shape.boxLimit) : 0
          object = try SealedObject.seal(
            GroupMessage(
              author: author.deviceID, created: 7, client: "data", body: random.bytes(length)),
            header: header, boxes: (0..<boxes).map { _ in random.bytes(150) },
            key: key, signing: author.signing, random: random)
        }
        let bytes = object.encoded
        let id = SealedObject.id(of: bytes)
        items.append(
          Item(
            logIndex: logIndex, runIndex: runIndex, position: position, id: id, bytes: bytes))
        before.append(id)
        chain = chain.extended(by: id)
        position += 1
        if (number + 1).isMultiple(of: 250) || number + 1 == count {
          marks.append(ChainMark(position: position, chain: chain))
        }
      }
      runs.append(Run(range: start..<position, chainBefore: chainBefore, marks: marks))
      position += UInt64(1 + random.below(5))
    }
    // The second key is not listed, so that heads name it whole.
    let carried = CarriedLog(log: log, keys: [GroupKeys.id(of: keys[0])], runs: runs, absent: [])
    return (items, carried)
  }

  /// Writes stream and file anew.
  mutating func write() throws {
    var writer = BundleWriter(
      prelude: prelude, logs: manifest.logs, segmentByteCountLog2: header.segmentByteCountLog2)
    segments = []
    for item in items {
      try writer.add(item.bytes, id: item.id)
      while let segment = writer.nextFilled() { segments.append(segment) }
    }
    segments += try writer.finish()
    seal()
  }

  /// Where each item's record is in the stream.
  func recordRanges() -> [Range<Int>] {
    let stream = segments.flatMap { $0.bytes.dropFirst(16) }
    var ranges: [Range<Int>] = []
    var offset = prelude.count
    for _ in items {
      guard case .bytes(let length) = RecordHead.extent(of: stream, from: offset, to: stream.count)
      else { break }
      ranges.append(offset..<offset + length)
      offset += length
    }
    return ranges
  }

  /// Makes the file of the segments as they are.
  mutating func seal() {
    let sealer = SegmentSealer(header: header, bundleKey: bundleKey)
    file = header.bytes
    for segment in segments { file += sealer.seal(segment) }
  }
}

/// A reader as simple as can be: the whole file in memory, one segment after the other.
struct SampleReader {
  let header: BundleHeader
  let opened: BundleHeader.Opened
  let own: DeviceID

  struct Result: Equatable {
    var items: [Item] = []
    var isComplete = false
    let sender: DeviceID
    let recordCount: UInt64
    let section: Section
  }

  init(_ file: [UInt8], _ identity: Identity) throws(BundleError) {
    header = try BundleHeader(decoding: file)
    opened = try header.open(with: identity.sealing)
    own = identity.deviceID
  }

  /// Every segment that opens.
  func segments(of file: [UInt8]) -> [PlainSegment] {
    let opener = SegmentOpener(header: header, bundleKey: opened.bundleKey)
    let full = (1 << Int(header.segmentByteCountLog2)) + 16
    var segments: [PlainSegment] = []
    for start in stride(from: header.bytes.count, to: file.count, by: full) {
      let index = UInt64(segments.count) + missing(start, segments.count, full)
      let sealed = Array(file[start..<min(start + full, file.count)])
      let isLast = start + full >= file.count
      if let segment = try? opener.open(index: index, isFinal: isLast, sealed) {
        segments.append(segment)
      } else if isLast, let segment = try? opener.open(index: index, isFinal: false, sealed) {
        segments.append(segment)
      }
    }
    return segments
  }

  private func missing(_ start: Int, _ have: Int, _ full: Int) -> UInt64 {
    UInt64((start - header.bytes.count) / full - have)
  }

  func read(_ segments: [PlainSegment]) throws(BundleError) -> Result {
    var reader = PreludeReader(header: header, opened: opened, own: own)
    var prelude: BundlePrelude?
    for segment in segments where prelude == nil { prelude = try reader.feed(segment) }
    guard let prelude else { throw .truncated(offset: 0) }
    var carver = RecordCarver(prelude, segmentByteCountLog2: header.segmentByteCountLog2)
    let decoder = RecordDecoder(prelude.manifest)
    var result = Result(
      sender: prelude.manifest.card.deviceID, recordCount: prelude.manifest.recordCount,
      section: prelude.section)
    for segment in segments {
      for record in decoder.decode(carver.feed(segment)) {
        result.items.append(
          Item(
            logIndex: record.logIndex, runIndex: record.runIndex, position: record.position,
            id: record.id, bytes: record.bytes))
      }
    }
    result.isComplete = carver.isComplete
    return result
  }

  static func read(_ file: [UInt8], _ identity: Identity) throws(BundleError) -> Result {
    let reader = try SampleReader(file, identity)
    return try reader.read(reader.segments(of: file))
  }
}
