internal import FoundationEssentials
internal import MartletFileSystem
internal import MartletSeal
internal import MartletWire
internal import SwiftProtobuf
internal import SystemPackage

/// A reason why what this device wrote of a folder cannot be read: damage, or a defect.
struct FolderFormatError: Error {
  var what: String
}

extension FolderState {
  /// The most paths of a folder, and the most bytes of them all.
  static let pathLimit = 16 << 20
  static let pathByteLimit = 1 << 30

  var encoded: [UInt8] {
    var wire = Martlet_FolderStateMessage()
    if let root {
      wire.root = Data(root.path.bytes)
      wire.rootInode = root.inode
      wire.rootDevice = root.device
      if let born = root.born { wire.rootBorn = born }
    }
    wire.removed = root == nil
    wire.instance = Data(instance.bytes)
    wire.offers = offers
    wire.applied = applied
    wire.modeless = !holdsPermissions
    wire.refusedCount = UInt32(clamping: refusedCount)
    wire.named = Data(PathTable.encode(named.sorted()))
    let paths = shown.ascending
    wire.paths = Data(PathTable.encode(paths))
    // Columns of their own: each change of one that is in the message would copy it.
    var messages = MessageTable()
    var columns = ContentColumns()
    var seen = SeenColumns()
    var coverCounts: [UInt32] = []
    var coverMessages: [UInt32] = []
    var coverEntries: [UInt32] = []
    for (index, path) in paths.enumerated() {
      guard let shown = shown[path] else { continue }
      coverCounts.append(UInt32(clamping: shown.covers.count))
      for version in shown.covers {
        coverMessages.append(messages.number(of: version.message))
        coverEntries.append(version.entry)
      }
      if let path = shown.copyOf {
        wire.copies.append(UInt32(clamping: index))
        wire.copiedPaths.append(Data(path.bytes))
      }
      columns.append(shown.content, modified: 0, isFound: false)
      seen.append(shown.seen, isKept: shown.isKept)
    }
    wire.coverCounts = coverCounts
    wire.coverMessages = coverMessages
    wire.coverEntries = coverEntries
    wire.messages = Columns.data(messages.ids)
    wire.kinds = Data(columns.kinds)
    wire.modified = columns.modified
    wire.byteCounts = columns.byteCounts
    wire.hashes = Data(columns.hashes)
    wire.targets = columns.targets
    wire.seen = Data(seen.marks)
    wire.seenModified = seen.modified
    wire.seenChanged = seen.changed
    wire.seenInodes = seen.inodes
    wire.seenPermissions = Data(seen.permissions)
    return (try? wire.serializedBytes()) ?? []
  }

  init(decoding bytes: [UInt8]) throws(FolderFormatError) {
    guard let wire = try? Martlet_FolderStateMessage(serializedBytes: bytes),
      let instance = InstanceID(wire.instance),
      let paths = PathTable.decode(
        [UInt8](wire.paths), countLimit: Self.pathLimit, byteLimit: Self.pathByteLimit),
      let messages: [ObjectID] = Columns.names([UInt8](wire.messages), limit: .max),
      var contents = ContentColumnsReader(
        kinds: wire.kinds, modified: wire.modified, byteCounts: wire.byteCounts,
        hashes: wire.hashes, targets: wire.targets),
      wire.copies.count == wire.copiedPaths.count
    else { throw FolderFormatError(what: "columns that do not fit") }
    self.init(
      root: wire.removed
        ? nil
        : Root(
          path: FilePath(bytes: [UInt8](wire.root)), inode: wire.rootInode,
          device: wire.rootDevice, born: wire.hasRootBorn ? wire.rootBorn : nil),
      instance: instance, offers: wire.offers)
    applied = wire.applied
    holdsPermissions = !wire.modeless
    refusedCount = Int(wire.refusedCount)
    named = Set(
      PathTable.decode(
        [UInt8](wire.named), countLimit: Self.namedLimit, byteLimit: Self.pathByteLimit) ?? [])
    var copies: [UInt32: RelativePath] = [:]
    for (index, path) in zip(wire.copies, wire.copiedPaths) {
      copies[index] = RelativePath([UInt8](path))
    }
    var counts = ColumnReader(wire.coverCounts)
    var numbers = ColumnReader(wire.coverMessages)
    var entries = ColumnReader(wire.coverEntries)
    var seen = SeenReader(wire)
    shown = ShownPaths(ascending: paths)
    for (index, path) in paths.enumerated() {
      guard let count = counts.next(), let (content, _, _) = contents.next(),
        let look = seen.next()
      else { throw FolderFormatError(what: "a short column") }
      var covers: [VersionID] = []
      covers.reserveCapacity(Int(min(count, 16)))
      for _ in 0..<count {
        guard let number = numbers.next(), number < messages.count, let entry = entries.next()
        else { throw FolderFormatError(what: "a version without a message") }
        covers.append(VersionID(message: messages[Int(number)], entry: entry))
      }
      guard !covers.isEmpty else { throw FolderFormatError(what: "a path that shows no version") }
      shown.restore(
        path,
        Shown(
          copyOf: copies.isEmpty ? nil : copies[UInt32(clamping: index)], covers: covers,
          content: content, seen: look.seen, isKept: look.isKept))
    }
  }
}

private struct SeenColumns {
  var marks: [UInt8] = []
  var modified: [Int64] = []
  var changed: [Int64] = []
  var inodes: [UInt64] = []
  var permissions: [UInt8] = []

  // Of a mark: whether it was seen, and whether the store was seen to have it.
  static let isSeen: UInt8 = 1
  static let isKept: UInt8 = 2

  mutating func append(_ seen: FolderState.Seen?, isKept: Bool) {
    marks.append((seen == nil ? 0 : Self.isSeen) | (isKept ? Self.isKept : 0))
    guard let seen else { return }
    modified.append(seen.modified)
    changed.append(seen.changed)
    inodes.append(seen.inode)
    permissions.append(seen.permissions)
  }
}

private struct SeenReader {
  private var marks: ColumnReader<UInt8>
  private var modified: ColumnReader<Int64>
  private var changed: ColumnReader<Int64>
  private var inodes: ColumnReader<UInt64>
  private var permissions: ColumnReader<UInt8>

  init(_ wire: Martlet_FolderStateMessage) {
    marks = ColumnReader([UInt8](wire.seen))
    modified = ColumnReader(wire.seenModified)
    changed = ColumnReader(wire.seenChanged)
    inodes = ColumnReader(wire.seenInodes)
    permissions = ColumnReader([UInt8](wire.seenPermissions))
  }

  /// Nil at the end of a column.
  mutating func next() -> (seen: FolderState.Seen?, isKept: Bool)? {
    guard let mark = marks.next() else { return nil }
    let isKept = mark & SeenColumns.isKept != 0
    guard mark & SeenColumns.isSeen != 0 else { return (nil, isKept) }
    guard let modified = modified.next(), let changed = changed.next(), let inode = inodes.next(),
      let permissions = permissions.next()
    else { return nil }
    return (
      FolderState.Seen(
        modified: modified, changed: changed, inode: inode, permissions: permissions), true
    )
  }
}
