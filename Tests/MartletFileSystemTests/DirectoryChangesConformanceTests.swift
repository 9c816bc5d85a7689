import MartletFileSystem
import MartletTestSupport
import SystemPackage
import Testing

@Suite("Every change in a directory that is held open")
struct DirectoryChangesConformanceTests {
  @Test("makes and removes directories", arguments: Ground.Kind.allCases)
  func directories(kind: Ground.Kind) throws {
    let held = try Held(kind)
    let (system, directory) = (held.system, held.directory)
    try held.within("d") { d in
      #expect(
        errno { try system.makeDirectory(name("d"), in: directory, permissions: 0o700) }
          == .fileExists)
      #expect(try system.information(name("d"), in: directory)?.permissions == 0o700)
      try held.make("f", [1], in: d)
      #expect(errno { try system.removeDirectory(name("d"), in: directory) } == .directoryNotEmpty)
      #expect(errno { try system.removeDirectory(name("f"), in: d) } == .notDirectory)
      #expect(
        errno { try system.removeDirectory(name("x"), in: d) } == .noSuchFileOrDirectory)
      try system.remove(name("f"), in: d)
      try system.remove(name("f"), in: d)
      try system.removeDirectory(name("d"), in: directory)
      // Held open, it takes nothing any more.
      #expect(try system.entries(of: d).isEmpty)
      #expect(errno { try held.make("f", [1], in: d) } == .noSuchFileOrDirectory)
      #expect(errno { try system.makeLink([1], in: d, to: [1]) } == .noSuchFileOrDirectory)
      #expect(
        errno { try system.makeDirectory([1], in: d, permissions: 0o700) }
          == .noSuchFileOrDirectory)
      try held.make("a", [1])
      #expect(
        errno { try system.rename(name("a"), in: directory, to: name("a"), in: d, .replacing) }
          == .noSuchFileOrDirectory)
    }
    #expect(try held.names() == [name("a")])
  }

  @Test("replaces by a rename, and keeps what is open", arguments: Ground.Kind.allCases)
  func replacing(kind: Ground.Kind) throws {
    let held = try Held(kind)
    let (system, directory) = (held.system, held.directory)
    func rename(_ old: String, _ new: String, _ from: FileNumber, _ to: FileNumber) throws {
      try system.rename(name(old), in: from, to: name(new), in: to, .replacing)
    }
    try held.make("a", [1])
    try held.make("b", [2])
    let old = try system.open(name("b"), in: directory, .read)
    defer { system.close(old) }
    try rename("a", "b", directory, directory)
    #expect(try held.contents("b") == [1])
    #expect(try system.read(old, at: 0, count: 9) == [2])
    #expect(errno { try rename("a", "b", directory, directory) } == .noSuchFileOrDirectory)
    try held.within("d") { d in
      #expect(errno { try rename("b", "d", directory, directory) } == .isDirectory)
      #expect(errno { try rename("d", "b", directory, directory) } == .notDirectory)
      #expect(errno { try rename("d", "e", directory, d) } == .invalidArgument)
      try rename("b", "c", directory, d)
      #expect(try held.contents("c", in: d) == [1])
      try system.makeLink(name("l"), in: directory, to: name("d"))
      try rename("l", "c", directory, d)
      #expect(try system.linkTarget(name("c"), in: d) == name("d"))
      try held.within("e") { _ in
        try rename("d", "e", directory, directory)
        #expect(errno { try rename("e", "d", directory, directory) } == nil)
      }
    }
    #expect(try held.names() == [name("d")])
  }

  @Test("exchanges what two names stand for", arguments: Ground.Kind.allCases)
  func exchanging(kind: Ground.Kind) throws {
    let held = try Held(kind)
    let (system, directory) = (held.system, held.directory)
    func exchange(_ old: String, _ new: String, _ from: FileNumber, _ to: FileNumber) throws {
      try system.rename(name(old), in: from, to: name(new), in: to, .exchanging)
    }
    try held.make("a", [1])
    #expect(errno { try exchange("a", "b", directory, directory) } == .noSuchFileOrDirectory)
    #expect(errno { try exchange("b", "a", directory, directory) } == .noSuchFileOrDirectory)
    try held.make("b", [2])
    // Some file systems can only replace.
    guard errno({ try exchange("a", "b", directory, directory) }) != .invalidArgument else {
      return
    }
    #expect(try held.contents("a") == [2])
    #expect(try held.contents("b") == [1])
    try exchange("a", "a", directory, directory)
    #expect(try held.contents("a") == [2])
    try held.within("d") { d in
      try held.make("c", [3], in: d)
      try exchange("a", "c", directory, d)
      #expect(try held.contents("a") == [3])
      #expect(try held.contents("c", in: d) == [2])
      // A file with a directory, which keeps what is in it and stays open.
      try exchange("b", "d", directory, directory)
      #expect(try held.contents("d") == [1])
      #expect(try held.contents("c", in: d) == [2])
      #expect(try system.information(name("b"), in: directory) == (try system.information(d)))
      #expect(errno { try exchange("b", "c", directory, d) } == .invalidArgument)
      #expect(errno { try exchange("c", "b", d, directory) } == .invalidArgument)
      #expect(try held.names(in: d) == [name("c")])
    }
    #expect(try held.names() == [name("a"), name("b"), name("d")])
  }

  @Test("keeps what has the new name", arguments: Ground.Kind.allCases)
  func keeping(kind: Ground.Kind) throws {
    let held = try Held(kind)
    let (system, directory) = (held.system, held.directory)
    func keep(_ old: String, _ new: String) throws {
      try system.rename(name(old), in: directory, to: name(new), in: directory, .keeping)
    }
    try held.make("a", [1])
    // Some file systems can only replace.
    guard errno({ try keep("a", "b") }) != .invalidArgument else { return }
    try held.make("a", [2])
    try system.makeLink(name("l"), in: directory, to: name("none"))
    try held.within("d") { _ in
      for new in ["a", "b", "l", "d"] {
        #expect(errno { try keep("a", new) } == .fileExists, "\(new)")
        #expect(errno { try keep("d", new) } == .fileExists, "\(new)")
      }
      #expect(errno { try keep("x", "a") } == .noSuchFileOrDirectory)
    }
    #expect(try held.contents("a") == [2])
    #expect(try held.contents("b") == [1])
    try keep("l", "m")
    #expect(try held.names() == [name("a"), name("b"), name("d"), name("m")])
  }

  @Test(
    "happens in a directory that was moved or replaced meanwhile", arguments: Ground.Kind.allCases)
  func moved(kind: Ground.Kind) throws {
    let held = try Held(kind)
    let (system, directory) = (held.system, held.directory)
    try system.makeDirectory(held.ground.root.appending("outside"), permissions: 0o700)
    try held.within("d") { d in
      try held.make("f", [1], in: d)
      try system.rename(
        held.ground.root.appending("d"), to: held.ground.root.appending("outside/e"))
      try system.makeLink(name("d"), in: directory, to: name("outside"))
      #expect(try held.contents("f", in: d) == [1])
      try held.make("g", [2], in: d)
      try system.remove(name("f"), in: d)
      #expect(try held.names(in: d) == [name("g")])
      let path = held.ground.root.appending("outside/e")
      #expect(try system.list(path).map(\.string) == ["g"])
      #expect(try system.information(at: path) == (try system.information(d)))
      #expect(
        errno { try system.openDirectory(name("d/e"), beneath: directory) }
          == .tooManySymbolicLinkLevels)
    }
  }

  @Test("sets permissions and times of files and directories", arguments: Ground.Kind.allCases)
  func metadata(kind: Ground.Kind) throws {
    let held = try Held(kind)
    let system = held.system
    let file = try system.open(
      name("a"), in: held.directory, .createNew(permissions: 0o600))
    defer { system.close(file) }
    for permissions in [0o644, 0o400, 0o755, 0o000, 0o600] as [UInt16] {
      try system.setPermissions(file, permissions)
      #expect(try system.information(file).permissions == permissions)
    }
    let times: [Int64] = [
      0, 1, 999_999_999, 1_000_000_000, 1_785_000_000_123_456_789, 4_102_444_800_000_000_000,
      -1, -1_000_000_000, -1_500_000_000,
    ]
    for time in times {
      try system.setModified(file, time)
      // A file system may keep less of it.
      let found = try system.information(file).modified
      #expect(found == time || (!held.ground.isLocal ? false : abs(found - time) < 2_000_000_000))
    }
    try system.setPermissions(held.directory, 0o711)
    try system.setModified(held.directory, 5_000_000_000)
    let found = try #require(try system.information(at: held.ground.root))
    #expect(found.permissions == 0o711 && found.modified == 5_000_000_000)
  }

  @Test(
    "is told by the time of the last change, if it is of the inode", arguments: Ground.Kind.allCases
  )
  func changed(kind: Ground.Kind) throws {
    let held = try Held(kind)
    let (system, directory) = (held.system, held.directory)
    let file = try system.open(name("a"), in: directory, .createNew(permissions: 0o600))
    defer { system.close(file) }
    var last = try system.information(file).changed
    func expectChange(_ what: String, _ body: () throws -> Void) throws {
      // The clock of a file system ticks only every few milliseconds: change it until it did.
      var now = last
      for _ in 0..<1_000_000 where now <= last {
        try body()
        now = try system.information(file).changed
      }
      #expect(now > last, "\(what)")
      last = now
    }
    try expectChange("write") { try system.write(file, at: 0, [1]) }
    try expectChange("truncate") { try system.truncate(file, to: 0) }
    try expectChange("permissions") { try system.setPermissions(file, 0o640) }
    try expectChange("time") { try system.setModified(file, 1) }
    try expectChange("rename") {
      try system.rename(name("a"), in: directory, to: name("b"), in: directory, .replacing)
      try system.rename(name("b"), in: directory, to: name("a"), in: directory, .replacing)
    }
    _ = try held.contents("a")
    #expect(try system.information(file).changed == last)
    #expect(try system.information(name("a"), in: directory)?.changed == last)
  }
}
