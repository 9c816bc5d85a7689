internal import FoundationEssentials
internal import MartletFileSystem
internal import MartletSeal
internal import MartletWire
internal import SwiftProtobuf

/// A catalogue as far as it was read from a group's log; kept in a cache, made again without it.
struct CataloguePlace: Equatable, Sendable {
  var catalogue = Catalogue()
  /// Everything below was read.
  var position: UInt64 = 0
  /// Over the log up to there: it was another one if it differs.
  var chain: Chain = .empty
}

extension CataloguePlace {
  static let byteLimit: UInt64 = 1 << 30

  /// The cache's bytes; they end with a checksum.
  var encoded: [UInt8] {
    var wire = Martlet_FolderCatalogueMessage()
    wire.position = position
    wire.chain = Data(chain.digest.bytes)
    var table = MessageTable()
    var authors: [DeviceID] = []
    var authorNumbers: [DeviceID: UInt32] = [:]
    var messageAuthors: [UInt32] = []
    var messageTimes: [UInt64] = []
    for (id, message) in catalogue.messages.sorted(by: { $0.key < $1.key }) {
      _ = table.number(of: id)
      let number = authorNumbers[message.author] ?? UInt32(clamping: authors.count)
      if authorNumbers.updateValue(number, forKey: message.author) == nil {
        authors.append(message.author)
      }
      messageAuthors.append(number)
      messageTimes.append(message.created)
    }
    wire.messageAuthors = messageAuthors
    wire.messageTimes = messageTimes
    wire.authors = Columns.data(authors)
    let paths = catalogue.paths.keys.sorted()
    wire.paths = Data(PathTable.encode(paths))
    // Columns of their own: each change of one that is in the message would copy it.
    var columns = ContentColumns()
    var versionCounts: [UInt32] = []
    var versionMessages: [UInt32] = []
    var versionEntries: [UInt32] = []
    var pastCounts: [UInt32] = []
    var pasts: [UInt64] = []
    for path in paths {
      guard let record = catalogue.paths[path] else { continue }
      versionCounts.append(UInt32(clamping: record.current.count))
      for version in record.current {
        versionMessages.append(table.number(of: version.id.message))
        versionEntries.append(version.id.entry)
        columns.append(
          version.content, modified: version.modified, isFound: version.isFound)
      }
      pastCounts.append(UInt32(clamping: record.past.count))
      pasts += record.past
    }
    wire.versionCounts = versionCounts
    wire.versionMessages = versionMessages
    wire.versionEntries = versionEntries
    wire.pastCounts = pastCounts
    wire.pasts = pasts
    wire.messages = Columns.data(table.ids)
    wire.kinds = Data(columns.kinds)
    wire.modified = columns.modified
    wire.byteCounts = columns.byteCounts
    wire.hashes = Data(columns.hashes)
    wire.targets = columns.targets
    wire.blobs = Columns.data(catalogue.blobs.lazy.map(\.id))
    wire.blobByteCounts = catalogue.blobs.map(\.byteCount)
    var hashes: [UInt8] = []
    var contentBlobs: [UInt32] = []
    var contentSkips: [UInt32] = []
    var contentByteCounts: [UInt64] = []
    hashes.reserveCapacity(32 * catalogue.contents.count)
    for (hash, place) in catalogue.contents {
      hashes += hash.bytes
      contentBlobs.append(place.blob)
      contentSkips.append(place.skip)
      contentByteCounts.append(place.byteCount)
    }
    wire.contentHashes = Data(hashes)
    wire.contentBlobs = contentBlobs
    wire.contentSkips = contentSkips
    wire.contentByteCounts = contentByteCounts
    for (path, ids) in catalogue.early.sorted(by: { $0.key < $1.key }) {
      for id in ids.sorted() {
        wire.earlyPaths.append(Data(path.bytes))
        wire.earlyMessages += id.message.bytes
        wire.earlyEntries.append(id.entry)
      }
    }
    wire.wantedHashes = Columns.data(catalogue.wanted.sorted())
    wire.refusedPaths = catalogue.refused.map { Data($0.bytes) }
    let bytes: [UInt8] = (try? wire.serializedBytes()) ?? []
    let checksum = Checksum.of(bytes.span.bytes, seed: 0)
    return bytes + (0..<8).map { UInt8(truncatingIfNeeded: checksum >> (8 * UInt64($0))) }
  }

  /// Nil for anything but what ``encoded`` wrote.
  init?(decoding bytes: [UInt8]) {
    guard bytes.count >= 8 else { return nil }
    let body = Array(bytes.dropLast(8))
    let checksum = bytes.suffix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    guard Checksum.of(body.span.bytes, seed: 0) == checksum,
      let wire = try? Martlet_FolderCatalogueMessage(serializedBytes: body),
      let chain = Digest(wire.chain),
      let paths = PathTable.decode(
        [UInt8](wire.paths), countLimit: FolderState.pathLimit,
        byteLimit: FolderState.pathByteLimit),
      let ids: [ObjectID] = Columns.names([UInt8](wire.messages), limit: .max),
      let authors: [DeviceID] = Columns.names([UInt8](wire.authors), limit: .max),
      let wanted: [ContentHash] = Columns.names([UInt8](wire.wantedHashes), limit: .max),
      let blobs: [ObjectID] = Columns.names([UInt8](wire.blobs), limit: .max),
      let hashes: [ContentHash] = Columns.names([UInt8](wire.contentHashes), limit: .max),
      let early: [ObjectID] = Columns.names([UInt8](wire.earlyMessages), limit: .max),
      wire.messageAuthors.count == ids.count, wire.messageTimes.count == ids.count,
      blobs.count == wire.blobByteCounts.count, hashes.count == wire.contentBlobs.count,
      hashes.count == wire.contentSkips.count, hashes.count == wire.contentByteCounts.count,
      early.count == wire.earlyEntries.count, early.count == wire.earlyPaths.count,
      var columns = ContentColumnsReader(
        kinds: wire.kinds, modified: wire.modified, byteCounts: wire.byteCounts,
        hashes: wire.hashes, targets: wire.targets)
    else { return nil }
    var messages: [ObjectID: Catalogue.Message] = [:]
    for (index, id) in ids.enumerated() {
      guard wire.messageAuthors[index] < authors.count else { return nil }
      messages[id] = Catalogue.Message(
        author: authors[Int(wire.messageAuthors[index])], created: wire.messageTimes[index])
    }
    var records: [RelativePath: Catalogue.Path] = [:]
    records.reserveCapacity(paths.count)
    var versionCounts = ColumnReader(wire.versionCounts)
    var numbers = ColumnReader(wire.versionMessages)
    var entries = ColumnReader(wire.versionEntries)
    var pastCounts = ColumnReader(wire.pastCounts)
    var pasts = ColumnReader(wire.pasts)
    for path in paths {
      var record = Catalogue.Path()
      guard let count = versionCounts.next(), let pastCount = pastCounts.next() else { return nil }
      for _ in 0..<count {
        guard let number = numbers.next(), number < ids.count, let entry = entries.next(),
          let (content, modified, isFound) = columns.next()
        else { return nil }
        record.current.append(
          Version(
            id: VersionID(message: ids[Int(number)], entry: entry), content: content,
            modified: modified, isFound: isFound))
      }
      for _ in 0..<pastCount {
        guard let past = pasts.next() else { return nil }
        record.past.append(past)
      }
      records[path] = record
    }
    var contents: [ContentHash: Catalogue.Place] = [:]
    contents.reserveCapacity(hashes.count)
    for (index, hash) in hashes.enumerated() {
      contents[hash] = Catalogue.Place(
        blob: wire.contentBlobs[index], skip: wire.contentSkips[index],
        byteCount: wire.contentByteCounts[index])
    }
    var earlyVersions: [RelativePath: Set<VersionID>] = [:]
    for (index, id) in early.enumerated() {
      earlyVersions[RelativePath([UInt8](wire.earlyPaths[index])), default: []].insert(
        VersionID(message: id, entry: wire.earlyEntries[index]))
    }
    catalogue = Catalogue(
      paths: records, messages: messages,
      blobs: zip(blobs, wire.blobByteCounts).map { FolderChange.Blob(id: $0, byteCount: $1) },
      contents: contents, wanted: Set(wanted), early: earlyVersions,
      refused: wire.refusedPaths.map { RelativePath([UInt8]($0)) })
    position = wire.position
    self.chain = Chain(chain)
  }
}
