internal import MartletFileSystem
internal import SystemPackage

/// What stands on a simulated disk: as programs see it, and as it would be found after a cut.
struct SimulatedDisk: Sendable {
  static let root: UInt64 = 1
  static let sectorByteCount = 512

  var inodes: [UInt64: Inode] = [root: Inode(kind: .directory, permissions: 0o755, born: 0)]
  var nextInode: UInt64 = 2
  /// Bytes in files that have a name or are open.
  var usedByteCount: UInt64 = 0

  /// What is told of an inode apart from its contents.
  struct Metadata: Sendable {
    var permissions: UInt16
    var modified: Int64
    var changed: Int64
  }

  /// A file, directory or link: as it is, what of it is durable, and the changes in between. The
  /// contents of a link are where it leads, and never change.
  struct Inode: Sendable {
    var kind: FileInformation.Kind
    var born: Int64
    var isLinked = true
    var openCount = 0

    var metadata: Metadata
    var durableMetadata: Metadata
    /// Whether they were changed, and no failed sync has given that up.
    var hasPendingPermissions = false
    var hasPendingTimes = false

    var contents: [UInt8] = []
    var durableContents: [UInt8] = []
    var pendingWrites: [Write] = []

    var entries: [SimulatedName: UInt64] = [:]
    var durableEntries: [SimulatedName: UInt64] = [:]
    var pendingEntries: [EntryChange] = []

    init(kind: FileInformation.Kind, permissions: UInt16, born: Int64) {
      self.kind = kind
      self.born = born
      metadata = Metadata(permissions: permissions, modified: born, changed: born)
      durableMetadata = metadata
    }
  }

  enum Write: Sendable {
    case bytes([UInt8], at: Int)
    case truncate(to: Int)

    func apply(to contents: inout [UInt8]) {
      switch self {
      case .bytes(let bytes, let start):
        let end = start + bytes.count
        if contents.count < start {
          contents.append(contentsOf: repeatElement(0, count: start - contents.count))
        }
        if contents.count == start {
          contents.append(contentsOf: bytes)
        } else {
          if contents.count < end {
            contents.append(contentsOf: repeatElement(0, count: end - contents.count))
          }
          contents.replaceSubrange(start..<end, with: bytes)
        }
      case .truncate(let count):
        if count < contents.count {
          contents.removeLast(contents.count - count)
        } else {
          contents.append(contentsOf: repeatElement(0, count: count - contents.count))
        }
      }
    }
  }

  enum EntryChange: Sendable {
    case add(SimulatedName, UInt64)
    case remove(SimulatedName, UInt64)
    /// Within one directory, where it is one change.
    case rename(SimulatedName, to: SimulatedName, UInt64)
    /// Within one directory too: each name, and what it then stands for.
    case exchange(SimulatedName, UInt64, SimulatedName, UInt64)

    func apply(to entries: inout [SimulatedName: UInt64]) {
      switch self {
      case .add(let name, let inode): entries[name] = inode
      case .remove(let name, let inode):
        if entries[name] == inode { entries[name] = nil }
      case .rename(let old, let new, let inode):
        if entries[old] == inode { entries[old] = nil }
        entries[new] = inode
      case .exchange(let first, let firstInode, let second, let secondInode):
        entries[first] = firstInode
        entries[second] = secondInode
      }
    }
  }
}

extension SimulatedDisk.Inode {
  mutating func write(_ write: SimulatedDisk.Write, _ now: Int64) {
    write.apply(to: &contents)
    pendingWrites.append(write)
    setModified(now, now)
  }

  mutating func change(_ change: SimulatedDisk.EntryChange, _ now: Int64) {
    change.apply(to: &entries)
    pendingEntries.append(change)
    setModified(now, now)
  }

  mutating func setPermissions(_ permissions: UInt16, _ now: Int64) {
    metadata.permissions = permissions & 0o7777
    hasPendingPermissions = true
    touch(now)
  }

  mutating func setModified(_ modified: Int64, _ now: Int64) {
    metadata.modified = modified
    touch(now)
  }

  /// Something about it is another now, its name for one.
  mutating func touch(_ now: Int64) {
    metadata.changed = now
    hasPendingTimes = true
  }

  mutating func makeDurable() {
    for write in pendingWrites { write.apply(to: &durableContents) }
    for change in pendingEntries { change.apply(to: &durableEntries) }
    makeMetadataDurable()
    losePending()
  }

  /// What was to be made durable never will be.
  mutating func losePending() {
    pendingWrites = []
    pendingEntries = []
    hasPendingPermissions = false
    hasPendingTimes = false
  }

  private mutating func makeMetadataDurable() {
    if hasPendingPermissions { durableMetadata.permissions = metadata.permissions }
    if hasPendingTimes {
      durableMetadata.modified = metadata.modified
      durableMetadata.changed = metadata.changed
    }
  }

  /// What is to be read when nothing is cached that has not still to be written.
  mutating func dropCleanPages() {
    contents = durableContents
    for write in pendingWrites { write.apply(to: &contents) }
  }

  /// Chooses what the medium holds after a cut.
  mutating func cut(_ random: SeededRandom, metadata metadataRandom: SeededRandom) {
    if hasPendingPermissions { hasPendingPermissions = metadataRandom.chance(0.5) }
    if hasPendingTimes { hasPendingTimes = metadataRandom.chance(0.5) }
    makeMetadataDurable()
    if !pendingWrites.isEmpty {
      switch random.below(4) {
      case 0: break
      case 1: makePrefixDurable(random)
      case 2: makeSectorsDurable(random)
      default: for write in pendingWrites { write.apply(to: &durableContents) }
      }
    }
    if !pendingEntries.isEmpty {
      let kept =
        switch random.below(4) {
        case 0: [] as [SimulatedDisk.EntryChange]
        case 1: Array(pendingEntries.prefix(random.below(pendingEntries.count + 1)))
        case 2: pendingEntries.filter { _ in random.chance(0.5) }
        default: pendingEntries
        }
      for change in kept { change.apply(to: &durableEntries) }
    }
    losePending()
    metadata = durableMetadata
    contents = durableContents
    entries = durableEntries
    openCount = 0
    isLinked = true
  }

  /// The first writes, the last of them in part.
  private mutating func makePrefixDurable(_ random: SeededRandom) {
    let count = random.below(pendingWrites.count)
    for write in pendingWrites.prefix(count) { write.apply(to: &durableContents) }
    if case .bytes(let bytes, let start) = pendingWrites[count] {
      let part = Array(bytes.prefix(random.below(bytes.count + 1)))
      SimulatedDisk.Write.bytes(part, at: start).apply(to: &durableContents)
    }
  }

  /// Any of the sectors, and any length between the old and the new one.
  private mutating func makeSectorsDurable(_ random: SeededRandom) {
    var after = durableContents
    for write in pendingWrites { write.apply(to: &after) }
    let shorter = min(after.count, durableContents.count)
    let longer = max(after.count, durableContents.count)
    let count = random.chance(0.5) ? after.count : shorter + random.below(longer - shorter + 1)
    SimulatedDisk.Write.truncate(to: count).apply(to: &durableContents)
    var start = 0
    while start < min(count, after.count) {
      let end = min(start + SimulatedDisk.sectorByteCount, count, after.count)
      if random.chance(0.5) {
        durableContents.replaceSubrange(start..<end, with: after[start..<end])
      }
      start = end
    }
  }
}

extension SimulatedDisk {
  mutating func makeAllDurable() {
    for inode in inodes.keys { inodes[inode]?.makeDurable() }
    forgetUnreachable()
  }

  /// Turns this into what is found after a cut. In the order of numbers: a seed says it all.
  mutating func cut(_ random: SeededRandom) {
    let metadata = SeededRandom(seed: random.seed ^ 0x6D65_7461)
    for inode in inodes.keys.sorted() { inodes[inode]?.cut(random, metadata: metadata) }
    keepOneName()
    forgetUnreachable()
    usedByteCount = inodes.values.reduce(0) { $0 + UInt64($1.contents.count) }
  }

  /// Of a directory renamed between two others, of which both names were kept, the repair on
  /// mounting leaves one. A file may keep both, or, if neither change was synced, have none.
  private mutating func keepOneName() {
    var seen: Set<UInt64> = [Self.root]
    var waiting = [Self.root]
    while let directory = waiting.popLast() {
      let entries = inodes[directory]?.entries ?? [:]
      for (name, inode) in entries.sorted(by: { $0.key.key < $1.key.key }) {
        if inodes[inode] == nil || (inodes[inode]?.kind == .directory && seen.contains(inode)) {
          inodes[directory]?.entries[name] = nil
          inodes[directory]?.durableEntries[name] = nil
        } else if seen.insert(inode).inserted {
          waiting.append(inode)
        }
      }
    }
  }

  private mutating func forgetUnreachable() {
    var seen: Set<UInt64> = []
    var waiting = [Self.root] + inodes.filter { $0.value.openCount > 0 }.keys
    while let number = waiting.popLast() {
      guard seen.insert(number).inserted, let inode = inodes[number] else { continue }
      waiting += inode.entries.values
      waiting += inode.durableEntries.values
    }
    inodes = inodes.filter { seen.contains($0.key) }
  }
}
