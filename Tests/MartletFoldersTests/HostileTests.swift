import MartletFileSystem
import MartletFolders
import MartletNode
import MartletObjects
import MartletSeal
import MartletTestSupport
import Synchronization
import SystemPackage
import Testing

/// What a member with a program of its own can do to another one's disk: to the folder what any
/// member may, to the rest nothing.
@Suite("A member that means harm")
struct HostileTests {
  /// A folder that both keep, and something beside it that nobody may touch.
  static func prepared() throws -> FolderVillage {
    let village = try FolderVillage.shared { village in
      try village.write("ada", "kept.txt", "kept")
      try village.write("ada", "d/inner.txt", "inner")
    }
    try village.disk.makeDirectory("/outside", permissions: 0o755)
    for path in ["/outside/canary", "/trees/canary", "/canary"] as [FilePath] {
      let file = try village.disk.openFile(path, .createNew(permissions: 0o644))
      try file.write(at: 0, Array("do not touch".utf8))
    }
    return village
  }

  /// Everything but the stick, the stores and the tree of the one that is attacked.
  static func outside(_ village: FolderVillage) throws -> [[UInt8]: Standing] {
    try village.snapshot(except: ["/sticks", "/stores", village.tree("ben")])
  }

  /// Lets Ben take a change of Ada's; nothing beside his tree may be another afterwards.
  @discardableResult
  private func attack(
    _ village: FolderVillage, _ change: FolderChange, chunks: [[UInt8]] = []
  ) throws -> ApplyReport {
    try village.tell("ada", change, chunks: chunks)
    try village.exchange("ada")
    let before = try Self.outside(village)
    let reports = try village.sync("ben")
    #expect(try Self.outside(village) == before)
    return try #require(reports.first)
  }

  static let badPaths: [(path: [UInt8], name: String)] = [
    (Array("/etc/passwd".utf8), "absolute"), (Array("/outside/canary".utf8), "absolute, standing"),
    (Array("..".utf8), "the directory above"), (Array("../canary".utf8), "beside the root"),
    (Array("a/../../canary".utf8), "there and back"), (Array("a/../b".utf8), "there and here"),
    (Array(".".utf8), "itself"), (Array("a/./b".utf8), "a dot in it"), ([], "empty"),
    (Array("a//b".utf8), "an empty name"), (Array("a/".utf8), "an empty name at the end"),
    (Array("a\0b".utf8), "a zero"), ([0], "only a zero"),
    (Array(repeating: 0x61, count: 5000), "5000 bytes"),
    (Array(repeating: 0x61, count: 256), "a name of 256 bytes"),
    (Array((0..<10_000).map { _ in "a" }.joined(separator: "/").utf8), "10,000 names"),
    (Array(".git/hooks/post-checkout".utf8), "a hook"),
    (Array("x/.GIT/config".utf8), "a hook, loud"),
    (Array("x/.git".utf8), "a repository as a file"),
    (Array(".martlet/new-1".utf8), "our own place"),
    (Array(".martlet".utf8), "our own place as a file"),
  ]

  @Test(
    "names a path no disk may hold: it is refused and named, the rest arrives", arguments: badPaths)
  func badPath(path: [UInt8], name: String) throws {
    let village = try Self.prepared()
    let before = try village.standings("ben")
    let report = try attack(village, .emptyFiles([path, Array("good.txt".utf8)]))
    let refused = try #require(report.refused.first, "\(name)")
    #expect(report.refused.count == 1)
    #expect(path.starts(with: refused.path) && !refused.reason.isEmpty)
    #expect(
      try village.standings("ben")
        == before.merging([RelativePath("good.txt"): .file([], permissions: 6)]) { _, new in new })
    // Said once: nobody can do anything about it.
    try attack(village, .emptyFiles([Array("other.txt".utf8)]))
    #expect(try village.sync("ben").allSatisfy { $0.refused.isEmpty })
    #expect(try village.read("ben", "other.txt") == "")
  }

  @Test("names all of them at once")
  func allBadPaths() throws {
    let village = try Self.prepared()
    let change = FolderChange.emptyFiles(Self.badPaths.map(\.path) + [Array("good.txt".utf8)])
    let report = try attack(village, change)
    #expect(report.refused.count == Self.badPaths.count)
    #expect(try village.read("ben", "good.txt") == "")
  }

  @Test("names more of them than are remembered")
  func manyBadPaths() throws {
    let village = try Self.prepared()
    let paths = (0..<2 * Catalogue.refusedLimit).map { Array("../\($0)".utf8) }
    let report = try attack(village, .emptyFiles(paths))
    #expect(report.refused.count == Catalogue.refusedLimit)
  }

  // MARK: Links

  private func link(_ path: String, _ target: String) -> FolderChange.Entry {
    FolderChange.Entry(
      path: RelativePath(path), content: .link(target: Array(target.utf8)), modified: 1,
      replaces: [], isGiven: false)
  }

  @Test("sends a link and a file below it, in one message or two, in either order")
  func linkAndBelow() throws {
    for order in 0..<3 {
      let village = try Self.prepared()
      var links = FolderChange()
      links.entries = [link("l", "/outside")]
      let below = FolderChange.emptyFiles([Array("l/x".utf8), Array("l/canary".utf8)])
      var both = below
      both.entries = links.entries + below.entries
      for change in [[both], [links, below], [below, links]][order] { try attack(village, change) }
      try village.sync("ben")
      let standings = try village.standings("ben")
      #expect(standings[RelativePath("l")] == .directory)
      #expect(standings[RelativePath("l/canary")] == .file([], permissions: 6))
      #expect(standings.values.contains(.link(Array("/outside".utf8))), "as a copy beside it")
      #expect(try village.read("ben", "kept.txt") == "kept")
    }
  }

  @Test("sends links that lead in circles, to themselves, away, and with a zero")
  func linkLoops() throws {
    let village = try Self.prepared()
    var change = FolderChange()
    change.entries = [
      link("a", "b"), link("b", "a"), link("self", "self"), link("up", "../../../canary"),
      link("zero", "a\0b"), link("zz", String(repeating: "x", count: 4095)),
    ]
    let report = try attack(village, change)
    #expect(report.refused.map(\.path) == [Array("zero".utf8)])
    let standings = try village.standings("ben")
    #expect(standings[RelativePath("self")] == .link(Array("self".utf8)))
    #expect(standings[RelativePath("up")] == .link(Array("../../../canary".utf8)))
    try village.settle()
    #expect(
      try village.standings("ben")[RelativePath("up")] == .link(Array("../../../canary".utf8)))
  }

  @Test("finds a link that the user has made where a directory is to be")
  func usersLink() throws {
    let village = try Self.prepared()
    let root = try village.disk.openDirectory(village.tree("ben"))
    try village.disk.makeLink(Array("l".utf8), in: root, to: Array("/outside".utf8))
    village.disk.close(root)
    try village.tell("ada", .emptyFiles([Array("l/canary".utf8), Array("l/x".utf8)]))
    try village.exchange("ada")
    let before = try Self.outside(village)
    let folders = try village.open("ben")
    _ = try folders.node.sync(village.stick("all"), with: nil)
    // Nobody has looked at the tree since the link was made.
    try folders.apply { _ in }
    #expect(try Self.outside(village) == before)
    #expect(try village.read("ben", "l/x") == "")
    #expect(try village.standings("ben").values.contains(.link(Array("/outside".utf8))))
  }

  // MARK: Contents

  private func file(
    _ path: String, _ hash: ContentHash, _ byteCount: UInt64, isGiven: Bool
  ) -> FolderChange.Entry {
    FolderChange.Entry(
      path: RelativePath(path),
      content: .file(hash: hash, byteCount: byteCount, permissions: 6), modified: 1,
      replaces: [], isGiven: isGiven)
  }

  @Test("says of contents that nobody has that they are as long as can be")
  func hugeContents() throws {
    let village = try Self.prepared()
    var change = FolderChange.emptyFiles([Array("good.txt".utf8)])
    for (index, name) in ["h1", "h2", "h3"].enumerated() {
      change.entries.append(
        file(name, ContentHash(short: [UInt8(index)]), .max - UInt64(index), isGiven: false))
    }
    let report = try attack(village, change)
    #expect(report.waitingCount == 3 && report.waitingByteCount == .max)
    #expect(try village.read("ben", "good.txt") == "")
    let list = try #require(try village.open("ben").list().first)
    #expect(list.waiting.count == 3 && list.waitingByteCount == .max)
    #expect(try village.open("ben").request(village.tree("ben")).count == 3)
    try village.settle()
  }

  @Test("gives contents that are not what their hashes say, short, long and empty")
  func untrueContents() throws {
    let village = try Self.prepared()
    let chunk = Array("false true ".utf8)
    let long = village.random.bytes(1 << 20)
    var change = FolderChange()
    change.entries = [
      file("a.txt", ContentHash(short: Array("wanted".utf8)), 6, isGiven: true),
      file("b.txt", ContentHash(short: Array("true ".utf8)), 5, isGiven: true),
      file("c.bin", ContentHash(short: Array("long".utf8)), UInt64(long.count), isGiven: true),
      file("empty", ContentHash(short: Array("full".utf8)), 0, isGiven: false),
    ]
    change.sharedBlobs = [try village.blob("ada", chunk)]
    change.ownBlobs = [try village.blob("ada", long)]
    let report = try attack(village, change, chunks: [chunk, long])
    #expect(
      report.refused.map { String(decoding: $0.path, as: UTF8.self) }.sorted()
        == ["a.txt", "c.bin", "empty"])
    #expect(try village.read("ben", "b.txt") == "true ")
    #expect(try village.read("ben", "a.txt") == nil && village.read("ben", "c.bin") == nil)
    #expect(try village.names("ben").contains { $0.hasPrefix(".martlet") } == false)
  }

  @Test("gives one blob as two contents, and a blob of another group")
  func sharedAndForeign() throws {
    let village = try Self.prepared()
    _ = try village.open("ada").node.createGroup("other", with: [])
    let foreign = try village.blob("ada", Array("foreign".utf8), in: "other")
    let chunk = Array("one two".utf8)
    var change = FolderChange()
    change.entries = [
      file("one", ContentHash(short: Array("one".utf8)), 3, isGiven: true),
      file("two", ContentHash(short: Array(" two".utf8)), 4, isGiven: true),
    ]
    change.sharedBlobs = [try village.blob("ada", chunk)]
    try attack(village, change, chunks: [chunk])
    change.entries = [
      file("three", ContentHash(short: Array("two".utf8)), 3, isGiven: true),
      file("two again", ContentHash(short: Array("foreign".utf8)), 7, isGiven: true),
    ]
    change.sharedSkip = 4
    change.sharedBlobs += [foreign]
    let report = try attack(village, change)
    #expect(try village.read("ben", "one") == "one" && village.read("ben", "two") == " two")
    #expect(try village.read("ben", "three") == "two")
    #expect(report.waitingCount == 1 && report.waitingByteCount == 7)
  }

  @Test("writes a body that is none: it is passed over as a whole, and what follows is taken")
  func badBodies() throws {
    let village = try Self.prepared()
    let good = FolderChange.emptyFiles([Array("x".utf8), Array("y".utf8)]).encoded
    var kinds = good
    // The kinds stand one behind the other: a file with rw is 0x63.
    let place = try #require(
      kinds.indices.dropLast().first { kinds[$0] == 0x63 && kinds[$0 + 1] == 0x63 })
    for kind in [0x64, 0x00, 0x05, 0x6F, 0x61] as [UInt8] {
      kinds[place] = kind
      try village.tell("ada", body: kinds)
      #expect(throws: ObjectError.self) { try FolderChange(decoding: kinds) }
    }
    try village.tell("ada", body: [])
    try village.tell("ada", body: [0xFF])
    let many = FolderChange.emptyFiles((0...FolderChange.entryLimit).map { Array("\($0)".utf8) })
    try village.tell("ada", many)
    var falling = FolderChange.emptyFiles([Array("x".utf8), Array("y".utf8)])
    falling.entries.reverse()
    try village.tell("ada", falling)
    falling.entries[1] = falling.entries[0]
    try village.tell("ada", falling)
    let before = try village.standings("ben").count
    try attack(village, .emptyFiles([Array("good.txt".utf8)]))
    #expect(try village.standings("ben").count == before + 1)
  }

  @Test("says the same of a path more often than one edit can replace")
  func manyVersions() throws {
    let village = try Self.prepared()
    for index in 0...FolderChange.replacedLimit {
      var change = FolderChange.emptyFiles([Array("many".utf8)])
      change.entries[0].modified = Int64(index)
      try village.tell("ada", change)
    }
    try village.exchange("ada")
    try village.sync("ben")
    try village.write("ben", "many", "edited")
    try village.sync("ben")
    try village.sync("ada")
    #expect(try village.read("ada", "many") == "edited")
    #expect(try village.read("ben", "many") == "edited")
    let history = try village.open("ada").history(of: village.path("ada", "many"))
    #expect(history.first?.author == "ben" && history.first?.isCurrent == true)
  }

  @Test("sets times before and after all others, and permissions nobody has")
  func times() throws {
    let village = try Self.prepared()
    var change = FolderChange.emptyFiles([Array("a".utf8), Array("b".utf8), Array("c".utf8)])
    for (index, time) in [Int64.min, .max, -1].enumerated() {
      change.entries[index].modified = time
      change.entries[index].content = .file(
        hash: ContentHash(short: []), byteCount: 0, permissions: UInt8([0, 7, 1][index]))
    }
    let report = try attack(village, change)
    #expect(report.refused.isEmpty && report.written == 3)
    #expect(try village.standings("ben")[RelativePath("a")] == .file([], permissions: 0))
    try village.settle()
    #expect(try village.standings("ada") == village.standings("ben"))
  }

  @Test("sends paths as deep and as long as can be")
  func deepPaths() throws {
    let village = try Self.prepared()
    let deep = Array((0..<2048).map { _ in "a" }.joined(separator: "/").utf8)
    let wide = (0..<16).map { _ in String(repeating: "b", count: 254) }.joined(separator: "/")
    let change = FolderChange.emptyFiles([deep, Array((wide + "/12345").utf8)])
    for entry in change.entries { #expect(FolderRules.objection(to: entry.path) == nil) }
    let report = try attack(village, change)
    #expect(report.refused.isEmpty, "\(report.refused.map { ($0.path.count, $0.reason) })")
    let standings = try village.standings("ben")
    for entry in change.entries { #expect(standings[entry.path] == .file([], permissions: 6)) }
    try village.settle()
    #expect(try village.standings("ada") == standings)
  }
}
