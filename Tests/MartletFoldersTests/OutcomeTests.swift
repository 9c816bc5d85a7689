import Foundation
import MartletFileSystem
import MartletFolders
import MartletNode
import MartletSeal
import MartletTestSupport
import SystemPackage
import Testing

/// What stands in the end where two or three change the same path without having heard of each other.
@Suite("What becomes of changes that cross")
struct OutcomeTests {
  private func shared(
    _ names: [String] = ["ada", "ben"], _ fill: (FolderVillage) throws -> Void
  ) throws -> FolderVillage {
    try FolderVillage.shared(names, seed: 7, fill)
  }

  /// The texts of files by their names; of a copy beside a conflict, by the name without the mark.
  private func texts(_ village: FolderVillage, _ name: String) throws -> [String: Set<String>] {
    var texts: [String: Set<String>] = [:]
    for (path, standing) in try village.standings(name) {
      guard case .file(let bytes, _) = standing else { continue }
      var key = String(decoding: path.bytes, as: UTF8.self)
      if let mark = key.range(of: " (conflict "),
        let end = key.range(of: ")", range: mark.upperBound..<key.endIndex)
      {
        key = "copy of " + key[..<mark.lowerBound] + key[end.upperBound...]
      }
      texts[key, default: []].insert(String(decoding: bytes, as: UTF8.self))
    }
    return texts
  }

  /// Both trees, which are to be equal.
  private func outcome(
    _ village: FolderVillage, _ names: [String] = ["ada", "ben"]
  ) throws -> [String: Set<String>] {
    try village.settle(names)
    let trees = try names.map { try village.standings($0) }
    for tree in trees.dropFirst() { #expect(tree == trees[0]) }
    return try texts(village, names[0])
  }

  private func conflicts(_ village: FolderVillage, _ name: String = "ada") throws -> [String] {
    try village.open(name).list().flatMap(\.conflicts).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test("an edit stands against a deletion, and is no conflict")
  func deleteAgainstEdit() throws {
    let village = try shared { try $0.write("ada", "n.txt", "first") }
    try village.remove("ada", "n.txt")
    try village.write("ben", "n.txt", "edited")
    #expect(try outcome(village) == ["n.txt": ["edited"]])
    #expect(try conflicts(village) == [])
  }

  @Test("an edit stays under the old name, what was renamed under the new one")
  func renameAgainstEdit() throws {
    let village = try shared { try $0.write("ada", "old.txt", "first") }
    try village.disk.rename(village.path("ada", "old.txt"), to: village.path("ada", "new.txt"))
    try village.write("ben", "old.txt", "edited")
    #expect(try outcome(village) == ["old.txt": ["edited"], "new.txt": ["first"]])
    #expect(try conflicts(village) == [])
  }

  @Test("two renames leave both names")
  func renameAgainstRename() throws {
    let village = try shared { try $0.write("ada", "n.txt", "text") }
    try village.disk.rename(village.path("ada", "n.txt"), to: village.path("ada", "a.txt"))
    try village.disk.rename(village.path("ben", "n.txt"), to: village.path("ben", "b.txt"))
    #expect(try outcome(village) == ["a.txt": ["text"], "b.txt": ["text"]])
  }

  @Test("a directory stands, and the file beside it")
  func directoryAgainstFile() throws {
    let village = try shared { try $0.write("ada", "other", "x") }
    try village.write("ada", "n/inner.txt", "inner")
    try village.write("ben", "n", "a file")
    #expect(
      try outcome(village) == ["other": ["x"], "n/inner.txt": ["inner"], "copy of n": ["a file"]])
    #expect(try conflicts(village) == ["n"])
    #expect(try village.open("ben").resolve(village.path("ben", "n")) == 1)
    #expect(try outcome(village) == ["other": ["x"], "n/inner.txt": ["inner"]])
  }

  @Test("a file that was edited where a directory took its place stands beside it")
  func editAgainstDirectory() throws {
    let village = try shared { try $0.write("ada", "n", "first") }
    try village.remove("ada", "n")
    try village.write("ada", "n/inner.txt", "inner")
    try village.write("ben", "n", "edited")
    #expect(try outcome(village) == ["n/inner.txt": ["inner"], "copy of n": ["edited"]])
  }

  @Test("two files of equal content are one")
  func equalCreations() throws {
    let village = try shared { try $0.write("ada", "other", "x") }
    try village.write("ada", "n.txt", "the same")
    try village.write("ben", "n.txt", "the same")
    #expect(try outcome(village) == ["other": ["x"], "n.txt": ["the same"]])
    #expect(try conflicts(village) == [])
  }

  @Test("of three edits one stands at the path and two beside it, alike everywhere")
  func conflictOfThree() throws {
    let names = ["ada", "ben", "cyd"]
    let village = try shared(names) { try $0.write("ada", "n.txt", "first") }
    for name in names { try village.write(name, "n.txt", "by \(name)") }
    #expect(
      try outcome(village, names) == ["n.txt": ["by cyd"], "copy of n.txt": ["by ada", "by ben"]])
    for name in names { #expect(try conflicts(village, name) == ["n.txt"]) }
    #expect(try village.open("ben").resolve(village.path("ben", "n.txt")) == 2)
    #expect(try outcome(village, names) == ["n.txt": ["by cyd"]])
  }

  @Test("a copy that is edited is a file of its own, and the conflict is over")
  func editedCopy() throws {
    let village = try shared { try $0.write("ada", "n.txt", "first") }
    try village.write("ada", "n.txt", "by ada")
    try village.write("ben", "n.txt", "by ben")
    try village.settle()
    let copy = try #require(try village.names("ben").first { $0 != "n.txt" })
    try village.write("ben", copy, "edited beside")
    #expect(try outcome(village) == ["n.txt": ["by ben"], "copy of n.txt": ["edited beside"]])
    #expect(try conflicts(village) == [])
  }

  @Test("where the winner is removed the copy takes its place")
  func removedWinner() throws {
    let village = try shared { try $0.write("ada", "n.txt", "first") }
    try village.write("ada", "n.txt", "by ada")
    try village.write("ben", "n.txt", "by ben")
    try village.settle()
    try village.remove("ben", "n.txt")
    #expect(try outcome(village) == ["n.txt": ["by ada"]])
    #expect(try conflicts(village) == [])
  }

  @Test("a copy stays when the file at the path is edited, and goes when it is removed")
  func editedWinner() throws {
    let village = try shared { try $0.write("ada", "n.txt", "first") }
    try village.write("ada", "n.txt", "by ada")
    try village.write("ben", "n.txt", "by ben")
    try village.settle()
    try village.write("ada", "n.txt", "edited on")
    #expect(try outcome(village) == ["n.txt": ["edited on"], "copy of n.txt": ["by ada"]])
    // Removing the copy says nothing of the winner, which is edited elsewhere meanwhile.
    let copy = try #require(try village.names("ben").first { $0 != "n.txt" })
    try village.remove("ben", copy)
    try village.write("ada", "n.txt", "edited further")
    #expect(try outcome(village) == ["n.txt": ["edited further"]])
    #expect(try conflicts(village) == [])
  }

  @Test("what was replaced and what was deleted can be brought back, for all")
  func restored() throws {
    let village = try shared { try $0.write("ada", "n.txt", "first") }
    try village.write("ada", "n.txt", "second")
    try village.settle()
    _ = try village.open("ben").restore(village.path("ben", "n.txt"), at: nil)
    #expect(try outcome(village) == ["n.txt": ["first"]])
    try village.remove("ada", "n.txt")
    #expect(try outcome(village) == [:])
    let history = try village.open("ben").history(of: village.path("ben", "n.txt"))
    #expect(history.map(\.kind) == [.deleted, .file, .file, .file])
    #expect(history.allSatisfy { $0.isHere })
    let second = try #require(history.dropFirst(2).first)
    _ = try village.open("ben").restore(village.path("ben", "n.txt"), at: second.id)
    #expect(try outcome(village) == ["n.txt": ["second"]])
  }

  @Test("a touched file tells nothing, a changed mode does")
  func touchedAndChanged() throws {
    let village = try shared { try $0.write("ada", "n.txt", "text") }
    let before = try village.group("ada").messageCount
    try village.write("ada", "n.txt", "text")
    try village.sync("ada")
    #expect(try village.group("ada").messageCount == before)
    let file = try village.disk.openFile(village.path("ada", "n.txt"), .readWrite)
    try village.disk.setPermissions(file.number, 0o700)
    try village.settle()
    #expect(
      try village.standings("ben")[RelativePath("n.txt")]
        == .file(Array("text".utf8), permissions: 7))
  }

  @Test("a renamed directory of 200 files costs less than 200 bytes a file, and no content")
  func renamedDirectory() throws {
    let village = try shared { village in
      for index in 0..<200 { try village.write("ada", "d/file-\(index)", "text \(index)") }
    }
    let before = try village.group("ada")
    try village.disk.rename(village.path("ada", "d"), to: village.path("ada", "e"))
    try village.sync("ada")
    let after = try village.group("ada")
    #expect(after.blobCount == before.blobCount)
    #expect(after.messageCount > before.messageCount)
    #expect(after.byteCount - before.byteCount < 200 * 200)
    let told = try outcome(village)
    #expect(told.count == 200)
    #expect(told["e/file-7"] == ["text 7"])
  }

  @Test("a byte at the front of a long file sends one chunk of it")
  func insertedByte() throws {
    let long = SeededRandom(seed: 5).bytes(12 << 20)
    let village = try shared { try $0.write("ada", "long", long) }
    let before = try village.group("ada")
    try village.write("ada", "long", [0x21] + long)
    try village.sync("ada")
    let after = try village.group("ada")
    #expect(after.byteCount - before.byteCount < 4 << 20)
    #expect(try outcome(village).count == 1)
  }

  @Test(
    "names of any bytes arrive",
    arguments: [
      Array("a\nb".utf8), Array("\u{1B}[2J".utf8), [0xFF, 0x41], Array(repeating: 0x61, count: 255),
      Array("e\u{301}".utf8), Array("-rf".utf8), Array("(conflict) x".utf8),
    ])
  func anyName(name: [UInt8]) throws {
    let village = try shared { village in
      let root = try village.disk.openDirectory(village.tree("ada"))
      defer { village.disk.close(root) }
      for name in [name, Array("\u{E9}".utf8)] {
        let file = try village.disk.open(name, in: root, .createNew(permissions: 0o600))
        defer { village.disk.close(file) }
        try village.disk.write(file, at: 0, name)
      }
    }
    let tree = try village.standings("ada")
    #expect(tree.count == 2)
    #expect(try village.standings("ben") == tree)
  }

  @Test("contents that are offered travel on request only")
  func offered() throws {
    let village = try FolderVillage.shared(seed: 9, offers: true) { village in
      try village.write("ada", "same", "both have it")
      try village.write("ben", "same", "both have it")
      try village.write("ada", "other", "only ada has it")
    }
    #expect(try village.group("ben").blobCount == 0)
    #expect(try village.names("ben") == ["same"])
    let report = try #require(try village.open("ben").list().first)
    #expect(report.waiting == [Array("other".utf8)])
    #expect(report.waitingByteCount == 15)
    let (count, byteCount) = try village.open("ben").request(village.path("ben", "other"))
    #expect(count == 1 && byteCount == 15)
    try village.settle()
    #expect(try village.read("ben", "other") == "only ada has it")
    #expect(try village.open("ben").list().first?.waiting == [])
  }
}

@Suite("A directory that is not what it was")
struct RootGuardTests {
  private func prepared() throws -> FolderVillage {
    try FolderVillage.shared(seed: 3) { village in
      for index in 0..<50 { try village.write("ada", "d\(index % 5)/f\(index)", "text \(index)") }
    }
  }

  /// What a scan as cron does it throws; nothing may be told.
  private func failure(_ village: FolderVillage) throws -> FolderError? {
    let before = try village.group("ada").messageCount
    let folders = try village.open("ada")
    var found: FolderError?
    do throws(FolderError) { try folders.scan { _ in } } catch { found = error }
    #expect(try village.group("ada").messageCount == before)
    return found
  }

  @Test("stops a scan where it is missing")
  func missing() throws {
    let village = try prepared()
    try village.disk.rename(village.tree("ada"), to: "/elsewhere")
    #expect(try failure(village) == .rootMissing("notes", village.tree("ada")))
  }

  @Test("stops a scan where another one stands in its place")
  func replaced() throws {
    let village = try prepared()
    try village.disk.rename(village.tree("ada"), to: "/elsewhere")
    try village.disk.makeDirectory(village.tree("ada"), permissions: 0o755)
    #expect(try failure(village) == .rootReplaced("notes", village.tree("ada")))
  }

  @Test("stops a scan where everything or most of it vanished, until that is confirmed")
  func emptied() throws {
    let village = try prepared()
    for name in ["d0", "d1", "d2"] { try village.remove("ada", name) }
    #expect(
      try failure(village) == .manyDeletions("notes", village.tree("ada"), missing: 30, of: 50))
    for name in ["d3", "d4"] { try village.remove("ada", name) }
    #expect(
      try failure(village) == .manyDeletions("notes", village.tree("ada"), missing: 50, of: 50))
    try village.open("ada").scan(confirmsDeletions: true) { #expect($0.deleted == 50) }
  }

  @Test("is no alarm where a directory with most of the files was renamed")
  func renamed() throws {
    let village = try prepared()
    for index in 0..<5 {
      try village.disk.rename(
        village.path("ada", "d\(index)"), to: village.path("ada", "e\(index)"))
    }
    #expect(try village.open("ada").node.groups().isEmpty == false)
    try village.open("ada").scan { #expect($0.added == 50 && $0.deleted == 50) }
  }

  @Test("is no deletion where a directory in it cannot be looked into")
  func unreadable() throws {
    let village = try prepared()
    let disk = try #require(village.simulated)
    let before = try village.group("ada").messageCount
    // The root is listed first, then its directories.
    for number in 2...6 {
      let folders = try village.open("ada")
      disk.fail(.list, number: number, with: .permissionDenied)
      var report: ScanReport?
      try folders.scan { report = $0 }
      #expect(report?.deleted == 0)
      disk.clearFaults()
    }
    #expect(try village.group("ada").messageCount == before)
  }
}
