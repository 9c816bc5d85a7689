import MartletSeal
import MartletTestSupport

extension FolderVectors {
  static func all() -> [Vector] {
    var made = FolderVectors()
    made.addHashes()
    made.addAccepted()
    made.addUnreadable()
    made.addBadPaths()
    made.addBadColumns()
    made.addBadReplaced()
    made.addBadBlobs()
    return made.vectors
  }

  private mutating func addHashes() {
    hash("hash-empty", [], .fileContent, "a file without bytes")
    hash("hash-short", Array("hello".utf8), .fileContent, "a file of less than 1 MiB")
    hash("hash-chunk", Array("hello".utf8), .fileChunk, "a chunk of a longer file")
    hash(
      "hash-long", random.bytes(96), .fileChunks,
      "a file of 1 MiB or more: the hashes of its three chunks, one behind the other")
  }

  private var some: Parts {
    Parts(rows: [.deleted("a"), .file("b", "hello"), .link("c", "b")])
  }

  private mutating func addAccepted() {
    accept("nothing", Parts(), "no entries, and no bytes")
    accept("kinds", Parts(rows: [.deleted("a"), .directory("b"), .link("c", "../b")]), "no files")
    var found = Row.file("b", "hello")
    found.isFound = true
    found.permissions = 7
    accept(
      "found", Parts(rows: [found]), "a file that was found on a disk of which nothing was known")
    accept(
      "order",
      Parts(rows: [.deleted("a"), .directory("a/b"), .directory("a b"), .directory("a-b")]),
      "the end of a name comes before any byte in it")
    accept(
      "times",
      Parts(rows: [
        .file("a", "", at: .max), .link("b", "a", at: .min), .file("c", "", at: -1),
      ]), "steps between times that go round at 64 bits")
    let messages = [random.bytes(32), random.bytes(32)]
    var first = Row.deleted("a")
    first.replaces = [(0, 0), (1, 300)]
    var second = Row.directory("b")
    second.replaces = [(0, 7)]
    accept(
      "replaces", Parts(rows: [first, second], messages: messages),
      "two versions of one path replaced, one of another")
    accept(
      "wanted", Parts(wanted: [random.bytes(32), random.bytes(32)]),
      "two contents are asked for, nothing else is said")
    acceptContents()
    var rows = ["", "../x", ".GIT/x", ".martlet/x", "/x", "a/./b", "a//b"].map { Row.directory($0) }
    rows.append(Row.directory("a\0"))
    rows.append(Row.directory("b/.git"))
    for index in rows.indices { rows[index].isTaken = false }
    rows.append(.directory("b/.martlet"))
    rows.append(.directory("ok"))
    rows.sort { Self.comes($0.path, before: $1.path) }
    accept(
      "paths", Parts(rows: rows),
      "entries that no folder takes keep the others from nothing; .martlet is ours in the root only"
    )
  }

  /// Names of a path by name, each by its bytes; none before one.
  private static func comes(_ left: [UInt8], before right: [UInt8]) -> Bool {
    func names(_ path: [UInt8]) -> [[UInt8]] {
      path.split(separator: 0x2F, omittingEmptySubsequences: false).map { Array($0) }
    }
    return names(left).lexicographicallyPrecedes(names(right)) { $0.lexicographicallyPrecedes($1) }
  }

  private mutating func acceptContents() {
    var parts = Parts()
    let blobs = (0..<5).map { _ in random.bytes(32) }
    parts.shared = [(blobs[0], 4), (blobs[1], 10)]
    parts.skip = 2
    parts.own = [(blobs[2], 1_000_000), (blobs[3], 48_576), (blobs[4], 1_048_577)]
    var rows = [Row.file("a", "hello"), .file("b", ""), .file("c", "xyz"), .file("d", "offered")]
    for index in 0..<3 { rows[index].isGiven = true }
    var long = Row.file("e", "")
    long.isGiven = true
    long.byteCount = 1_048_576
    long.hash = random.bytes(32)
    parts.rows = rows + [long]
    let lateShort = random.bytes(32)
    let lateLong = random.bytes(32)
    parts.late = [(lateShort, 4), (lateLong, 1_048_577)]
    let names = blobs.map { Hex.encode($0) }
    accept(
      "contents", parts,
      contents: [
        "\(Hex.encode(rows[0].hash)) \(names[0]):2+2 \(names[1]):0+3",
        "\(Hex.encode(rows[1].hash))",
        "\(Hex.encode(rows[2].hash)) \(names[1]):3+3",
        "\(Hex.encode(long.hash)) \(names[2]):0+1000000 \(names[3]):0+48576",
        "\(Hex.encode(lateShort)) \(names[1]):6+4",
        "\(Hex.encode(lateLong)) \(names[4]):0+1048577",
      ], "short contents across two blobs from byte 2 on, a long one in two, and two that come late"
    )
  }

  private mutating func addUnreadable() {
    let good = Self.body(some)
    refuse("cut", "not canonical", "the last byte is missing", bytes: good.dropLast())
    refuse("trailing", "not canonical", "a byte behind the last field", bytes: good + [0])
    refuse(
      "unknown-field", "not canonical", "a field with number 20", bytes: good + Self.field(20, [1]))
    refuse(
      "empty-field", "not canonical", "a field that is there and empty",
      bytes: good + Self.field(19, []))
    refuse(
      "order", "not canonical", "field 2 before field 1",
      bytes: Self.field(2, [1]) + Self.field(1, [0, 1, 0x61]) + Self.field(8, [0]))
    refuse(
      "unpacked", "not canonical", "numbers of a column one by one",
      bytes: Self.field(1, [0, 1, 0x61]) + Self.field(2, [1]) + [8 << 3, 0])
  }

  private mutating func addBadPaths() {
    func paths(_ name: String, _ table: [UInt8], _ comment: String) {
      refuse(name, "bad field paths", comment, some) { $0[1] = table }
    }
    paths("paths-cut", [0, 1, 0x61, 0, 1, 0x62, 0, 2, 0x63], "the last path is cut short")
    paths("paths-twice", [0, 1, 0x61, 1, 0, 0, 1, 0x63], "a path twice")
    paths("paths-order", [0, 1, 0x62, 0, 1, 0x61, 0, 1, 0x63], "paths that do not ascend")
    paths("paths-shared", [0, 1, 0x61, 0, 2, 0x61, 0x62, 0, 1, 0x63], "less shared than could be")
    paths("paths-beyond", [0, 1, 0x61, 2, 1, 0x62, 0, 1, 0x63], "more shared than there is")
    paths("paths-long", [0x80, 0, 1, 0x61, 0, 1, 0x62, 0, 1, 0x63], "a number in two bytes")
    refuse(
      "paths-slash", "bad field paths", "'a-b' before 'a/b'",
      Parts(rows: [.directory("a-b"), .directory("a/b")]))
  }

  private mutating func addBadColumns() {
    let kinds = "bad field kinds"
    refuse("kind-unknown", kinds, "kind 5", some) { $0[2] = [5, 0x63, 4] }
    refuse("kind-mode", kinds, "a link with permissions", some) { $0[2] = [1, 0x63, 0x64] }
    refuse("kind-missing", kinds, "a path without a kind", some) { $0[2] = [1, 0x63] }
    refuse("kind-more", kinds, "a kind without a path", some) {
      $0[2] = [1, 0x63, 4, 1]
    }
    refuse("modified-missing", kinds, "a link without a time", some) { $0[3] = [10] }
    refuse("modified-more", kinds, "a time that belongs to nothing", some) { $0[3] = [10, 0, 0] }
    refuse("hash-missing", kinds, "a file without a hash", some) { $0[5] = [] }
    refuse("hash-cut", "bad field hashes", "a hash of 31 bytes", some) { $0[5]?.removeLast() }
    refuse("given-two", "bad field given", "a mark of 2", some) { $0[6] = [2] }
    refuse("given-missing", "bad field given", "a file without a mark", some) { $0[6] = [] }
    refuse("given-more", kinds, "a mark without a file", some) { $0[6] = [0, 0] }
    refuse("target-empty", "bad field targets", "a link to nothing", Parts(rows: [.link("a", "")]))
    refuse(
      "target-long", "bad field targets", "a target of 4,096 bytes",
      Parts(rows: [.link("a", String(repeating: "x", count: 4096))]))
  }

  private mutating func addBadReplaced() {
    var row = Row.deleted("a")
    row.replaces = [(0, 0)]
    let parts = Parts(rows: [row], messages: [random.bytes(32)])
    refuse("message-cut", "bad field messages", "a message's id of 31 bytes", parts) {
      $0[11]?.removeLast()
    }
    refuse("message-beyond", "bad field replaced_messages", "the second of one message", parts) {
      $0[9] = [1]
    }
    refuse("replaced-missing", "bad field replaced_messages", "two counted, one named", parts) {
      $0[8] = [2]
    }
    refuse("replaced-more", "bad field kinds", "none counted, one named", parts) { $0[8] = [0] }
    refuse(
      "replaced-many", "bad field replaced_counts", "1,025 versions replaced by one entry", parts
    ) {
      $0[8] = Self.varint(1025)
      $0[9] = [UInt8](repeating: 0, count: 1025)
      $0[10] = [UInt8](repeating: 0, count: 1025)
    }
  }

  private mutating func addBadBlobs() {
    var row = Row.file("a", "hello")
    row.isGiven = true
    let blob = random.bytes(32)
    let short = Parts(rows: [row], shared: [(blob, 5)])
    refuse("blob-length-missing", "bad field blobs", "a blob without a length", short) {
      $0[13] = []
    }
    refuse("blob-empty", "bad field blob_byte_counts", "a blob without bytes", short) {
      $0[13] = [0]
    }
    refuse("blob-long", "bad field blob_byte_counts", "a blob of 4 MiB and a byte", short) {
      $0[13] = Self.varint(4 << 20 | 1)
    }
    refuse("shared-short", "bad field shared_blobs", "a content that ends behind its blob", short) {
      $0[13] = [4]
    }
    var skipped = short
    skipped.skip = 1
    refuse("shared-skip", "bad field shared_blobs", "the same, since it begins late", skipped)
    row.byteCount = 1 << 20
    let long = Parts(rows: [row], own: [(blob, 1 << 20)])
    refuse("own-missing", "bad field own_blobs", "a long content without blobs", long) {
      $0[15] = []
      $0[16] = []
    }
    refuse("own-long", "bad field own_blobs", "a blob that is longer than its content", long) {
      $0[16] = Self.varint(1 << 20 | 1)
    }
    refuse(
      "own-more", "bad field own_blobs", "a blob that belongs to no content",
      Parts(rows: [.deleted("a")], own: [(blob, 5)]))
    let hash = random.bytes(32)
    refuse(
      "late-missing", "bad field late_hashes", "a late content without a length",
      Parts(shared: [(blob, 5)], late: [(hash, 5)])
    ) { $0[18] = [] }
    refuse(
      "wanted-cut", "bad field wanted_hashes", "a hash of 31 bytes",
      Parts(wanted: [Array(hash.dropLast())]))
    row.byteCount = 5
    let many = (0..<9).map { _ in (random.bytes(32), UInt64(1)) }
    refuse(
      "shared-many", "bad field shared_blobs", "nine blobs for five bytes",
      Parts(rows: [row], shared: many))
    row.byteCount = 1 << 20
    let pieces = (0..<6).map { _ in (random.bytes(32), UInt64(200_000)) }
    refuse(
      "own-many", "bad field own_blobs", "six blobs for a content of a MiB",
      Parts(rows: [row], own: pieces))
  }
}
