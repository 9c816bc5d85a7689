package import MartletFileSystem
package import MartletSeal
package import MartletWire

/// What all change messages of a folder say together: the versions of each path that nobody
/// replaced, and where contents are found.
///
/// A function of the set of messages: their order makes no difference.
package struct Catalogue: Equatable, Sendable {
  package struct Path: Hashable, Sendable {
    /// Nobody replaced these; most often just one. Ascending by id.
    package var current: [Version] = []
    /// Fingerprints of the contents that were replaced, ascending.
    package var past: [UInt64] = []
  }

  package struct Message: Hashable, Sendable {
    package var author: DeviceID
    /// Unix milliseconds by its author's clock.
    package var created: UInt64

    package init(author: DeviceID, created: UInt64) {
      self.author = author
      self.created = created
    }
  }

  /// Where a content lies: in these blobs one behind the other, from a byte of the first on.
  package struct Place: Hashable, Sendable {
    package var blob: UInt32
    package var skip: UInt32
    package var byteCount: UInt64
  }

  package private(set) var paths: [RelativePath: Path] = [:]
  package private(set) var messages: [ObjectID: Message] = [:]
  package private(set) var blobs: [FolderChange.Blob] = []
  package private(set) var contents: [ContentHash: Place] = [:]
  /// Contents that somebody asked for before anybody gave them.
  package private(set) var wanted: Set<ContentHash> = []
  /// Paths that no disk may hold, as they came: the first so many, each by its beginning.
  package private(set) var refused: [RelativePath] = []
  /// Versions that were replaced before they came: their message is absent still.
  private(set) var early: [RelativePath: Set<VersionID>] = [:]

  private var earlyCount = 0
  private var pathByteCount = 0

  /// The most versions that are known to be replaced and have not come.
  package static let earlyLimit = 4096
  /// The most paths, and the most bytes of them all: what is beyond is refused.
  package static let pathLimit = 8 << 20
  package static let pathByteLimit = 256 << 20

  /// Of how many refused paths is known what they were.
  package static let refusedLimit = 256

  package init() {}

  init(
    paths: [RelativePath: Path], messages: [ObjectID: Message], blobs: [FolderChange.Blob],
    contents: [ContentHash: Place], wanted: Set<ContentHash>, early: [RelativePath: Set<VersionID>],
    refused: [RelativePath]
  ) {
    self.paths = paths
    self.messages = messages
    self.blobs = blobs
    self.contents = contents
    self.wanted = wanted
    self.early = early
    self.refused = refused
    earlyCount = early.values.reduce(0) { $0 + $1.count }
    pathByteCount = paths.keys.reduce(0) { $0 + $1.bytes.count }
  }

  /// Takes what a message says; nothing happens the second time.
  package mutating func take(_ change: FolderChange, from id: ObjectID, _ message: Message) {
    guard messages.updateValue(message, forKey: id) == nil else { return }
    for (index, entry) in change.entries.enumerated() {
      // Each entry by itself: one that no disk may hold keeps no other from being taken.
      guard FolderRules.objection(to: entry.path) == nil, hasRoom(for: entry.path) else {
        refuse(entry.path)
        continue
      }
      let version = Version(
        id: VersionID(message: id, entry: UInt32(clamping: index)), content: entry.content,
        modified: entry.modified, isFound: entry.isFound)
      take(version, replacing: entry.replaces, at: entry.path)
    }
    place(change)
    wanted.formUnion(change.wanted.filter { contents[$0] == nil })
  }

  private mutating func hasRoom(for path: RelativePath) -> Bool {
    if paths[path] != nil { return true }
    guard paths.count < Self.pathLimit, pathByteCount < Self.pathByteLimit else { return false }
    pathByteCount += path.bytes.count
    return true
  }

  private mutating func refuse(_ path: RelativePath) {
    guard refused.count < Self.refusedLimit else { return }
    // One byte more than a path may have says why it is none.
    refused.append(RelativePath(Array(path.bytes.prefix(RelativePath.byteLimit + 1))))
  }

  private mutating func take(
    _ version: Version, replacing replaced: [VersionID], at path: RelativePath
  ) {
    var record = paths[path] ?? Path()
    for id in replaced {
      if let index = record.current.firstIndex(where: { $0.id == id }) {
        record.addPast(record.current.remove(at: index))
      } else if messages[id.message] == nil, earlyCount < Self.earlyLimit {
        if early[path, default: []].insert(id).inserted { earlyCount += 1 }
      }
    }
    if early[path]?.remove(version.id) != nil {
      earlyCount -= 1
      if early[path]?.isEmpty == true { early[path] = nil }
      record.addPast(version)
    } else {
      let index = record.current.firstIndex { version.id < $0.id } ?? record.current.count
      record.current.insert(version, at: index)
    }
    paths[path] = record
  }

  /// Notes where the contents lie that a message gives; the first to give one is believed, and
  /// whoever reads it looks whether it is the one.
  private mutating func place(_ change: FolderChange) {
    guard !change.sharedBlobs.isEmpty || !change.ownBlobs.isEmpty else { return }
    var shared = UInt32(clamping: blobs.count)
    blobs += change.sharedBlobs
    var own = UInt32(clamping: blobs.count)
    blobs += change.ownBlobs
    var skip = UInt64(change.sharedSkip)
    for given in change.given {
      var place: Place
      if given.byteCount < ContentHash.sharedLimit {
        while skip > 0, Int(shared) < blobs.count, skip >= UInt64(blobs[Int(shared)].byteCount) {
          skip -= UInt64(blobs[Int(shared)].byteCount)
          shared += 1
        }
        place = Place(
          blob: shared, skip: UInt32(clamping: skip), byteCount: given.byteCount)
        skip += given.byteCount
      } else {
        place = Place(blob: own, skip: 0, byteCount: given.byteCount)
        var rest = given.byteCount
        while rest > 0, Int(own) < blobs.count {
          rest -= min(rest, UInt64(blobs[Int(own)].byteCount))
          own += 1
        }
      }
      if contents[given.hash] == nil { contents[given.hash] = place }
      wanted.remove(given.hash)
    }
  }

  /// The blobs of a content, each with the range of it that is meant.
  package func pieces(of place: Place) -> [(blob: FolderChange.Blob, range: Range<Int>)] {
    var pieces: [(blob: FolderChange.Blob, range: Range<Int>)] = []
    var rest = place.byteCount
    var skip = Int(place.skip)
    var index = Int(place.blob)
    while rest > 0, index < blobs.count {
      let blob = blobs[index]
      let count = Int(min(rest, UInt64(max(0, Int(blob.byteCount) - skip))))
      pieces.append((blob, skip..<skip + count))
      rest -= UInt64(count)
      skip = 0
      index += 1
    }
    return pieces
  }
}

extension Catalogue.Path {
  mutating func addPast(_ version: Version) {
    guard version.content.holdsBytes else { return }
    let fingerprint = version.content.fingerprint
    if !isPast(fingerprint) { past.insert(fingerprint, at: place(of: fingerprint)) }
  }

  /// Which version stands at the path, which beside it, and which each of these speaks for.
  package struct Outcome: Hashable, Sendable {
    package struct Side: Hashable, Sendable {
      package var version: Version
      /// Its id first, then those that say the same or hold nothing.
      package var covers: [VersionID]
    }

    /// Nil only if there is no version at all.
    package var winner: Side
    /// Those that hold something else, each to be kept beside the winner.
    package var losers: [Side]
  }

  /// The same on every device that has the same messages.
  package var outcome: Outcome? {
    guard let first = current.first else { return nil }
    guard current.count > 1 else {
      return Outcome(
        winner: Outcome.Side(version: first, covers: [first.id]), losers: [])
    }
    // What was found on a disk of which nothing was known, and had been replaced, is nothing new.
    var living = current.filter { !($0.isFound && isPast($0.content.fingerprint)) }
    if living.isEmpty { living = current }
    living.sort { $1.isBeaten(by: $0) }
    var sides: [Outcome.Side] = []
    var spoken: [VersionID] = []
    for version in living {
      if let index = sides.firstIndex(where: { $0.version.content.isSame(as: version.content) }) {
        sides[index].covers.append(version.id)
      } else if sides.isEmpty || version.content.holdsBytes {
        sides.append(Outcome.Side(version: version, covers: [version.id]))
      } else {
        spoken.append(version.id)
      }
    }
    spoken += current.map(\.id).filter { id in !living.contains { $0.id == id } }
    sides[0].covers += spoken.sorted()
    return Outcome(winner: sides[0], losers: Array(sides.dropFirst()))
  }

  private func isPast(_ fingerprint: UInt64) -> Bool {
    let place = place(of: fingerprint)
    return place < past.count && past[place] == fingerprint
  }

  /// Where a fingerprint stands, or would.
  private func place(of fingerprint: UInt64) -> Int {
    var low = 0
    var high = past.count
    while low < high {
      let middle = (low + high) / 2
      if past[middle] < fingerprint { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
