internal import MartletObjects
internal import MartletSeal
package import MartletWire

/// Makes the stream of a bundle, a segment after the other. It reads and writes nothing itself,
/// and holds the segments that were not fetched and one that is being filled.
package struct BundleWriter: Sendable {
  private let runs: RunTable
  private let logs: [CarriedLog]
  private let keys: [[KeyID: UInt32]]
  private let headerByteCount: Int
  private let segmentByteCount: Int
  private var nextRecord: UInt64 = 0
  private var run = 0

  /// The segment being filled, head included; it is handed on when a byte more is to follow.
  private var current: [UInt8] = []
  private var currentIndex: UInt64 = 0
  private var head = SegmentHead.none
  /// How many records begin in the current segment, and which of them has which id.
  private var begunCount = 0
  private var begun: [ObjectID: Int] = [:]
  private var filled: [PlainSegment] = []
  private var fetchedCount = 0

  /// - Parameters:
  ///   - prelude: What ``BundlePrelude/encode(_:sections:signing:random:)`` made.
  ///   - logs: Those of its manifest.
  ///   - segmentByteCountLog2: That of the header.
  package init(prelude: [UInt8], logs: [CarriedLog], segmentByteCountLog2: UInt8) {
    runs = RunTable(logs)
    self.logs = logs
    keys = logs.map { log in
      Dictionary(
        log.keys.enumerated().map { ($1, UInt32(clamping: $0)) }, uniquingKeysWith: { a, _ in a })
    }
    segmentByteCount = BundleHeader.segmentByteCount(log2: segmentByteCountLog2)
    let slots = BundleHeader.slotCount(recipients: BundleWriter.recipientCount(in: prelude)) ?? 1
    headerByteCount = BundleHeader.byteCount(slots: slots)
    startSegment()
    append(prelude[...])
  }

  /// Adds an object, whose turn it is by the order of logs, runs and positions.
  ///
  /// The id is taken on trust: that of other bytes would make children unreadable.
  ///
  /// - Throws: ``BundleError/wrongRecordCount`` for one more than the logs say, or
  ///   ``BundleError/badRecord(index:)`` for bytes that are no object of the log whose turn it is.
  ///   Nothing is added then.
  package mutating func add(_ object: [UInt8], id: ObjectID) throws(BundleError) {
    guard let run = runs.run(ofRecord: nextRecord, guess: run) else { throw .wrongRecordCount }
    let place = runs.places[run]
    let log = logs[place.logIndex].log
    guard let parsed = try? SealedObject(parsing: object), parsed.header.group == log.group,
      parsed.header.objectClass == log.objectClass
    else { throw .badRecord(index: nextRecord) }
    self.run = run
    if current.count == segmentByteCount { passOn() }
    let prefix = recordPrefix(of: parsed, keys: keys[place.logIndex])
    if head == .none {
      head = SegmentHead(
        offset: UInt32(clamping: current.count - SegmentHead.byteCount),
        run: UInt32(clamping: run), position: runs.position(ofRecord: nextRecord, run: run))
    }
    // Blobs have no children.
    if log.objectClass == .messages { begun[id] = begunCount }
    begunCount += 1
    nextRecord += 1
    append(prefix[...])
    append(parsed.sealed)
  }

  /// The next segment that is full, if there is one.
  ///
  /// Whether the last is final is not known before ``finish()``, which returns it.
  package mutating func nextFilled() -> PlainSegment? {
    guard fetchedCount < filled.count else {
      filled.removeAll(keepingCapacity: true)
      fetchedCount = 0
      return nil
    }
    defer { fetchedCount += 1 }
    return filled[fetchedCount]
  }

  /// Pads with zeros, and ends the bundle.
  ///
  /// - Returns: The segments not fetched yet; the last is final. Sealed behind their header they
  ///   make a file of one of the lengths of ``Padding``.
  /// - Throws: ``BundleError/wrongRecordCount`` if objects are missing.
  package consuming func finish() throws(BundleError) -> [PlainSegment] {
    var writer = self
    guard writer.nextRecord == writer.runs.recordCount else { throw .wrongRecordCount }
    var rest = writer.paddingByteCount
    let zeros = [UInt8](repeating: 0, count: min(rest, writer.segmentByteCount))
    while rest > 0 {
      let count = min(rest, zeros.count)
      writer.append(zeros[..<count])
      rest -= count
    }
    writer.passOn(isFinal: true)
    return Array(writer.filled[writer.fetchedCount...])
  }

  /// Length, head; with distances if the record fits in the current segment, else with whole ids.
  private func recordPrefix(of object: SealedObject, keys: [KeyID: UInt32]) -> [UInt8] {
    let header = object.header
    var head = RecordHead(
      sealedByteCount: object.sealed.count,
      key: keys[header.keyID].map { .listed($0) } ?? .whole(header.keyID), nonce: header.nonce,
      priority: UInt8(clamping: header.priority.rawValue), expires: header.expires,
      boxes: object.boxes)
    head.parents = header.parents.map { parent in
      begun[parent].map { .back(UInt32(clamping: begunCount - $0)) } ?? .whole(parent)
    }
    let prefix = encoded(head)
    guard prefix.count + object.sealed.count > segmentByteCount - current.count else {
      return prefix
    }
    head.parents = header.parents.map { .whole($0) }
    return encoded(head)
  }

  private func encoded(_ head: RecordHead) -> [UInt8] {
    var bytes: [UInt8] = [0, 0, 0, 0]
    bytes.reserveCapacity(96 + 33 * head.parents.count + RecordHead.boxByteCount * head.boxes.count)
    head.append(to: &bytes)
    LittleEndian.write(UInt64(bytes.count - 4), byteCount: 4, to: &bytes, at: 0)
    return bytes
  }

  private mutating func append(_ bytes: ArraySlice<UInt8>) {
    var rest = bytes
    while !rest.isEmpty {
      if current.count == segmentByteCount { passOn() }
      let part = rest.prefix(segmentByteCount - current.count)
      current += part
      rest = rest.dropFirst(part.count)
    }
  }

  private mutating func passOn(isFinal: Bool = false) {
    head.write(to: &current)
    filled.append(PlainSegment(index: currentIndex, isFinal: isFinal, bytes: current))
    currentIndex += 1
    if !isFinal { startSegment() }
  }

  private mutating func startSegment() {
    current = []
    current.reserveCapacity(segmentByteCount)
    current.append(contentsOf: repeatElement(0, count: SegmentHead.byteCount))
    head = .none
    begunCount = 0
    begun.removeAll(keepingCapacity: true)
  }
}

extension BundleWriter {
  /// By how many zeros the stream grows so that the file gets a length of ``Padding``.
  private var paddingByteCount: Int {
    let sealedByteCount = UInt64(segmentByteCount + AuthenticatedCipher.overhead)
    let start = UInt64(headerByteCount)
    let overhead = UInt64(SegmentHead.byteCount + AuthenticatedCipher.overhead)
    let before = start + currentIndex * sealedByteCount
    let length = before + UInt64(current.count + AuthenticatedCipher.overhead)
    var target = Padding.padded(length)
    // A file cannot end within the head or tag of a segment, or right behind a head.
    while (target - start) % sealedByteCount <= overhead, (target - start) % sealedByteCount > 0 {
      target = Padding.padded(target + 1)
    }
    let segments = (target - start + sealedByteCount - 1) / sealedByteCount
    let added = target - length - (segments - currentIndex - 1) * overhead
    return Int(clamping: added)
  }

  /// How many recipients the manifest of a prelude names: they decide the header's length.
  private static func recipientCount(in prelude: [UInt8]) -> Int {
    let width = BundlePrelude.lengthByteCount
    guard let length = LittleEndian.read(prelude, at: 0, byteCount: width),
      length <= UInt64(prelude.count - width),
      let manifest = try? Manifest(decoding: Array(prelude[width..<width + Int(length)]))
    else { return 0 }
    return manifest.recipients.count
  }
}
