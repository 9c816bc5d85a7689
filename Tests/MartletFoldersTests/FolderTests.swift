import MartletFileSystem
import MartletFolders
import MartletNode
import MartletSeal
import MartletTestSupport
import Testing

@Suite("A folder on two devices")
struct FolderTests {
  private func pair() throws -> FolderVillage {
    let village = try FolderVillage(seed: 1)
    try village.create(["ada", "ben"])
    return village
  }

  /// A folder that both keep, with what Ada had in it.
  private func shared(_ fill: (FolderVillage) throws -> Void) throws -> FolderVillage {
    let village = try pair()
    try fill(village)
    _ = try village.open("ada").add(
      village.tree("ada"), name: "notes", with: ["ben"], offers: false)
    try village.sync("ada")
    try village.sync("ben")
    _ = try village.open("ben").accept("notes", in: village.tree("ben"))
    try village.sync("ben")
    try village.sync("ada")
    return village
  }

  private func settle(_ village: FolderVillage) throws {
    for _ in 0..<3 { for name in ["ada", "ben"] { try village.sync(name) } }
  }

  @Test("files, empty directories and links arrive as they are")
  func arrive() throws {
    let long = SeededRandom(seed: 3).bytes(3 << 20)
    let village = try shared { village in
      try village.write("ada", "a.txt", "one")
      try village.write("ada", "d/b.txt", "two")
      try village.write("ada", "d/empty", "")
      try village.write("ada", "long", long)
      try village.disk.makeDirectory(village.path("ada", "hollow"), permissions: 0o755)
      let root = try village.disk.openDirectory(village.tree("ada"))
      defer { village.disk.close(root) }
      try village.disk.makeLink(Array("link".utf8), in: root, to: Array("../away".utf8))
    }
    let ada = try village.standings("ada")
    #expect(ada.count == 7)
    #expect(try village.standings("ben") == ada)
  }

  @Test("edits, renames and deletions travel both ways")
  func travel() throws {
    let village = try shared { village in
      for index in 0..<20 { try village.write("ada", "d\(index % 3)/f\(index)", "text \(index)") }
    }
    try village.write("ada", "d0/f0", "edited by ada")
    try village.write("ben", "d1/f1", "edited by ben")
    try village.remove("ben", "d2/f2")
    try village.disk.rename(village.path("ada", "d0"), to: village.path("ada", "e"))
    try settle(village)
    #expect(try village.standings("ada") == village.standings("ben"))
    #expect(try village.read("ben", "e/f0") == "edited by ada")
    #expect(try village.read("ada", "d1/f1") == "edited by ben")
    #expect(try village.read("ada", "d2/f2") == nil)
    #expect(try village.read("ben", "d0/f0") == nil)
    #expect(try village.names("ada").contains("d0") == false)
  }

  @Test("two edits of one file stand side by side, and one can be put aside")
  func conflict() throws {
    let village = try shared { village in try village.write("ada", "n.txt", "first") }
    try village.write("ada", "n.txt", "by ada")
    try village.write("ben", "n.txt", "by ben")
    try settle(village)
    let names = try village.names("ada")
    #expect(try village.names("ben") == names)
    #expect(names.count == 2)
    #expect(try village.read("ada", "n.txt") == "by ben")
    let copy = try #require(names.first { $0 != "n.txt" })
    #expect(copy.hasPrefix("n (conflict ada ") && copy.hasSuffix(").txt"))
    #expect(try village.read("ben", copy) == "by ada")
    #expect(try village.open("ben").list().first?.conflicts == [Array("n.txt".utf8)])
    try village.remove("ben", copy)
    try settle(village)
    #expect(try village.names("ada") == ["n.txt"])
    #expect(try village.names("ben") == ["n.txt"])
    #expect(try village.open("ada").history(of: village.path("ada", "n.txt")).count == 4)
  }
}
