internal import FoundationEssentials
internal import MartletFileSystem
internal import MartletSeal
internal import MartletWire

/// What the tables of this client share.
enum Columns {
  // Of a kind's byte; its upper half holds permissions and a mark.
  static let deleted: UInt8 = 1
  static let directory: UInt8 = 2
  static let file: UInt8 = 3
  static let link: UInt8 = 4
  static let foundMark: UInt8 = 0x80

  static func kind(of content: Content, isFound: Bool) -> UInt8 {
    let mark = isFound ? foundMark : 0
    switch content {
    case .deleted: return deleted | mark
    case .directory: return directory | mark
    case .file(_, _, let permissions): return file | mark | (permissions & 7) << 4
    case .link: return link | mark
    }
  }

  /// Names one behind the other.
  static func names<Kind>(_ bytes: [UInt8], limit: Int) -> [Identifier<Kind>]? {
    guard bytes.count.isMultiple(of: Digest.byteCount), bytes.count / Digest.byteCount <= limit
    else { return nil }
    let span = bytes.span.bytes
    var names: [Identifier<Kind>] = []
    names.reserveCapacity(bytes.count / Digest.byteCount)
    for start in stride(from: 0, to: bytes.count, by: Digest.byteCount) {
      guard let digest = Digest(span, at: start) else { return nil }
      names.append(Identifier(digest))
    }
    return names
  }

  static func data<Kind>(_ names: some Sequence<Identifier<Kind>>) -> Data {
    var bytes: [UInt8] = []
    for name in names { bytes += name.bytes }
    return Data(bytes)
  }
}

/// Messages by a number in a table.
struct MessageTable {
  private(set) var ids: [ObjectID] = []
  private var numbers: [ObjectID: UInt32] = [:]

  mutating func number(of id: ObjectID) -> UInt32 {
    // Versions come in runs of one message.
    if let last = ids.last, last == id { return UInt32(ids.count - 1) }
    if let number = numbers[id] { return number }
    let number = UInt32(clamping: ids.count)
    ids.append(id)
    numbers[id] = number
    return number
  }
}

/// A column that is read value by value.
struct ColumnReader<Value> {
  private let values: [Value]
  private var at = 0

  init(_ values: [Value]) { self.values = values }

  var isAtEnd: Bool { at == values.count }

  mutating func next() -> Value? {
    guard at < values.count else { return nil }
    defer { at += 1 }
    return values[at]
  }
}

/// The columns that hold contents, written one by one.
struct ContentColumns {
  var kinds: [UInt8] = []
  var modified: [Int64] = []
  var byteCounts: [UInt64] = []
  var hashes: [UInt8] = []
  var targets: [Data] = []
  private var before: Int64 = 0

  mutating func append(_ content: Content, modified time: Int64, isFound: Bool) {
    kinds.append(Columns.kind(of: content, isFound: isFound))
    switch content {
    case .deleted, .directory: return
    case .file(let hash, let byteCount, _):
      byteCounts.append(byteCount)
      hashes += hash.bytes
    case .link(let target): targets.append(Data(target))
    }
    modified.append(time &- before)
    before = time
  }
}

/// The same columns, read one by one.
struct ContentColumnsReader {
  private var kinds: ColumnReader<UInt8>
  private var modified: ColumnReader<Int64>
  private var byteCounts: ColumnReader<UInt64>
  private var hashes: ColumnReader<ContentHash>
  private var targets: ColumnReader<Data>
  private var before: Int64 = 0

  init?(
    kinds: Data, modified: [Int64], byteCounts: [UInt64], hashes: Data, targets: [Data]
  ) {
    guard let names: [ContentHash] = Columns.names([UInt8](hashes), limit: .max) else { return nil }
    self.kinds = ColumnReader([UInt8](kinds))
    self.modified = ColumnReader(modified)
    self.byteCounts = ColumnReader(byteCounts)
    self.hashes = ColumnReader(names)
    self.targets = ColumnReader(targets)
  }

  var isAtEnd: Bool {
    kinds.isAtEnd && modified.isAtEnd && byteCounts.isAtEnd && hashes.isAtEnd && targets.isAtEnd
  }

  mutating func next() -> (content: Content, modified: Int64, isFound: Bool)? {
    guard let kind = kinds.next() else { return nil }
    let isFound = kind & Columns.foundMark != 0
    let permissions = kind >> 4 & 7
    let content: Content
    switch kind & 0x0F {
    case Columns.deleted: content = .deleted
    case Columns.directory: content = .directory
    case Columns.file:
      guard let byteCount = byteCounts.next(), let hash = hashes.next() else { return nil }
      content = .file(hash: hash, byteCount: byteCount, permissions: permissions)
    case Columns.link:
      guard let target = targets.next() else { return nil }
      content = .link(target: [UInt8](target))
    default: return nil
    }
    if kind & 0x0F != Columns.file, permissions != 0 { return nil }
    guard content.holdsBytes else { return (content, 0, isFound) }
    guard let step = modified.next() else { return nil }
    before = before &+ step
    return (content, before, isFound)
  }
}
