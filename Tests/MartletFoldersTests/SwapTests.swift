import MartletFileSystem
import MartletFolders
import MartletNode
import MartletTestSupport
import SystemPackage
import Testing

@Suite("A directory that is swapped for a link")
struct SwapTests {
  /// What Ada changed and Ben has not applied: edits, new files, removals and a rename, in a directory
  /// that Ben's neighbour can turn into a link to what nobody may touch.
  private func prepared() throws -> FolderVillage {
    let village = try FolderVillage.shared(seed: 11) { village in
      for name in ["one", "two", "three"] { try village.write("ada", "d/e/\(name)", name) }
    }
    try village.disk.makeDirectory("/outside", permissions: 0o755)
    try village.disk.makeDirectory("/outside/e", permissions: 0o755)
    for path in ["/outside/one", "/outside/e/one", "/outside/e/two"] as [FilePath] {
      try village.disk.openFile(path, .createNew(permissions: 0o644)).write(at: 0, [1, 2, 3])
    }
    try village.write("ada", "d/e/one", "edited")
    try village.write("ada", "d/e/new", "new")
    try village.write("ada", "d/new/er/file", "newer")
    try village.remove("ada", "d/e/two")
    try village.disk.rename(
      village.path("ada", "d/e/three"), to: village.path("ada", "d/renamed"))
    try village.sync("ada")
    try village.disk.syncFileSystem(at: "/")
    return village
  }

  @Test("before any of the calls of an apply leads to nothing outside", arguments: ["d", "d/e"])
  func swapped(path: String) throws {
    let first = try prepared()
    let disk = try #require(first.simulated)
    var number = 1
    while true {
      // All of it is durable: a cut changes nothing, and gives a copy.
      let copy = disk.powerCut(seed: 1)
      let moments = MomentFileSystem(copy)
      let village = try FolderVillage(seed: 12, on: moments, at: "/", simulated: copy)
      let outside = try village.snapshot(of: "/outside")
      let (here, away) = (village.path("ben", path), FilePath("/away"))
      let name = path.split(separator: "/").last.map { Array($0.utf8) } ?? []
      moments.beforeAny(number) {
        guard (try? copy.rename(here, to: away)) != nil,
          let parent = try? copy.openDirectory(here.removingLastComponent())
        else { return }
        try? copy.makeLink(name, in: parent, to: Array("/outside".utf8))
        copy.close(parent)
      }
      // What the moment makes impossible is refused or fails; it never leads outside.
      _ = try? village.sync("ben")
      let isOver = moments.isWaiting
      moments.beforeAny(1, nil)
      _ = try? village.sync("ben")
      #expect(try village.snapshot(of: "/outside") == outside, "call \(number)")
      if isOver { break }
      number += 1
    }
    #expect(number > 20)
  }
}
