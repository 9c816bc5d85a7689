internal import FoundationEssentials
internal import MartletFileSystem
package import MartletObjects
internal import MartletSeal
internal import MartletWire

extension FolderChange {
  /// The longest body, in bytes.
  package static let bodyLimit = 7 << 20
  /// The most bytes of all paths of one message together.
  package static let pathByteLimit = 8 << 20

  /// The one encoding.
  package var encoded: [UInt8] {
    var wire = Martlet_FolderChangeBody()
    var columns = ContentColumns()
    var given: [UInt8] = []
    var messages = MessageTable()
    var replacedCounts: [UInt32] = []
    var replacedMessages: [UInt32] = []
    var replacedEntries: [UInt32] = []
    wire.paths = Data(PathTable.encode(entries.lazy.map(\.path)))
    for entry in entries {
      columns.append(entry.content, modified: entry.modified, isFound: entry.isFound)
      if case .file = entry.content { given.append(entry.isGiven ? 1 : 0) }
      replacedCounts.append(UInt32(clamping: entry.replaces.count))
      for version in entry.replaces {
        replacedMessages.append(messages.number(of: version.message))
        replacedEntries.append(version.entry)
      }
    }
    wire.replacedCounts = replacedCounts
    wire.replacedMessages = replacedMessages
    wire.replacedEntries = replacedEntries
    wire.kinds = Data(columns.kinds)
    wire.modified = columns.modified
    wire.byteCounts = columns.byteCounts
    wire.hashes = Data(columns.hashes)
    wire.targets = columns.targets
    wire.given = Data(given)
    wire.messages = Columns.data(messages.ids)
    wire.sharedBlobs = Columns.data(sharedBlobs.lazy.map(\.id))
    wire.sharedByteCounts = sharedBlobs.map(\.byteCount)
    wire.sharedSkip = sharedSkip
    wire.ownBlobs = Columns.data(ownBlobs.lazy.map(\.id))
    wire.ownByteCounts = ownBlobs.map(\.byteCount)
    wire.lateHashes = Columns.data(late.lazy.map(\.hash))
    wire.lateByteCounts = late.map(\.byteCount)
    wire.wantedHashes = Columns.data(wanted)
    return CanonicalCodec.encode(wire)
  }

  /// - Throws: ``ObjectError``, before more is allocated than the limits allow. Paths are not
  ///   judged: each entry is by itself, where it is applied.
  package init(decoding bytes: [UInt8]) throws(ObjectError) {
    guard bytes.count <= Self.bodyLimit else { throw .tooLarge(limit: Self.bodyLimit) }
    let wire = try CanonicalCodec.decode(
      bytes, as: Martlet_FolderChangeBody.self, fieldLimit: Self.entryLimit + 32)
    guard
      let paths = PathTable.decode(
        [UInt8](wire.paths), countLimit: Self.entryLimit, byteLimit: Self.pathByteLimit)
    else { throw .badField("paths") }
    for index in paths.indices.dropFirst() where !(paths[index - 1] < paths[index]) {
      throw .badField("paths")
    }
    guard
      var contents = ContentColumnsReader(
        kinds: wire.kinds, modified: wire.modified, byteCounts: wire.byteCounts,
        hashes: wire.hashes, targets: wire.targets)
    else { throw .badField("hashes") }
    var given = ColumnReader([UInt8](wire.given))
    var replaced = try ReplacedReader(wire)
    entries.reserveCapacity(paths.count)
    for path in paths {
      guard let (content, modified, isFound) = contents.next() else { throw .badField("kinds") }
      var isGiven = false
      if case .file = content {
        guard let mark = given.next(), mark <= 1 else { throw .badField("given") }
        isGiven = mark == 1
      }
      if case .link(let target) = content, !(1...Self.targetByteLimit).contains(target.count) {
        throw .badField("targets")
      }
      entries.append(
        Entry(
          path: path, content: content, modified: modified, isFound: isFound,
          replaces: try replaced.next(), isGiven: isGiven))
    }
    guard contents.isAtEnd, given.isAtEnd, replaced.isAtEnd else { throw .badField("kinds") }
    sharedBlobs = try Self.blobs([UInt8](wire.sharedBlobs), wire.sharedByteCounts)
    ownBlobs = try Self.blobs([UInt8](wire.ownBlobs), wire.ownByteCounts)
    sharedSkip = wire.sharedSkip
    guard
      let hashes: [ContentHash] = Columns.names([UInt8](wire.lateHashes), limit: Self.entryLimit),
      hashes.count == wire.lateByteCounts.count
    else { throw .badField("late_hashes") }
    late = zip(hashes, wire.lateByteCounts).map { Late(hash: $0, byteCount: $1) }
    guard
      let wanted: [ContentHash] = Columns.names([UInt8](wire.wantedHashes), limit: Self.entryLimit)
    else { throw .badField("wanted_hashes") }
    self.wanted = wanted
    try checkPlaces()
  }

  private static func blobs(
    _ names: [UInt8], _ byteCounts: [UInt32]
  ) throws(ObjectError) -> [Blob] {
    guard let ids: [ObjectID] = Columns.names(names, limit: blobLimit),
      ids.count == byteCounts.count
    else { throw .badField("blobs") }
    for byteCount in byteCounts where !(1...Chunker.maximum).contains(Int(byteCount)) {
      throw .badField("blob_byte_counts")
    }
    return zip(ids, byteCounts).map { Blob(id: $0, byteCount: $1) }
  }

  /// Contents lie within the blobs, and the long ones fill theirs. Blobs are as long as chunks are,
  /// save where a content, a scan or a message ends: small ones without number would cost whoever
  /// reads a content that lies in them.
  private func checkPlaces() throws(ObjectError) {
    var counts = (shared: 8, own: 0)
    var sums: (shared: UInt64, own: UInt64) = (0, 0)
    for given in given {
      if given.byteCount < ContentHash.sharedLimit {
        sums.shared += given.byteCount
      } else {
        counts.own += 1
        sums.own = sums.own.addingReportingOverflow(given.byteCount).partialValue
      }
    }
    counts.shared += Int(clamping: sums.shared / UInt64(Chunker.minimum))
    counts.own += Int(clamping: min(sums.own / UInt64(Chunker.minimum), 1 << 32))
    guard sharedBlobs.count <= counts.shared else { throw .badField("shared_blobs") }
    guard ownBlobs.count <= counts.own else { throw .badField("own_blobs") }
    var shared = UInt64(sharedSkip)
    var own = ownBlobs.makeIterator()
    for given in given {
      if given.byteCount < ContentHash.sharedLimit {
        shared += given.byteCount
        continue
      }
      var rest = given.byteCount
      while rest > 0 {
        guard let blob = own.next(), UInt64(blob.byteCount) <= rest else {
          throw .badField("own_blobs")
        }
        rest -= UInt64(blob.byteCount)
      }
    }
    guard own.next() == nil else { throw .badField("own_blobs") }
    guard shared <= sharedBlobs.reduce(0, { $0 + UInt64($1.byteCount) }) else {
      throw .badField("shared_blobs")
    }
  }
}

/// Which versions each entry replaces, read entry by entry.
private struct ReplacedReader {
  private let messages: [ObjectID]
  private var counts: ColumnReader<UInt32>
  private var numbers: ColumnReader<UInt32>
  private var entries: ColumnReader<UInt32>

  init(_ wire: Martlet_FolderChangeBody) throws(ObjectError) {
    guard
      let messages: [ObjectID] = Columns.names(
        [UInt8](wire.messages), limit: FolderChange.entryLimit)
    else { throw .badField("messages") }
    self.messages = messages
    counts = ColumnReader(wire.replacedCounts)
    numbers = ColumnReader(wire.replacedMessages)
    entries = ColumnReader(wire.replacedEntries)
  }

  var isAtEnd: Bool { counts.isAtEnd && numbers.isAtEnd && entries.isAtEnd }

  mutating func next() throws(ObjectError) -> [VersionID] {
    guard let count = counts.next(), count <= FolderChange.replacedLimit else {
      throw .badField("replaced_counts")
    }
    var versions: [VersionID] = []
    for _ in 0..<count {
      guard let number = numbers.next(), number < messages.count, let entry = entries.next() else {
        throw .badField("replaced_messages")
      }
      versions.append(VersionID(message: messages[Int(number)], entry: entry))
    }
    return versions
  }
}
