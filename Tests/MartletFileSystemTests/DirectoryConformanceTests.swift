import MartletFileSystem
import MartletTestSupport
import SystemPackage
import Testing

/// An empty directory held open.
final class Held: Sendable {
  let ground: Ground
  let directory: FileNumber
  var system: any FileSystem { ground.system }

  init(_ kind: Ground.Kind) throws {
    ground = try Ground(kind)
    directory = try ground.system.openDirectory(ground.root)
  }

  deinit { system.close(directory) }

  func make(_ path: String, _ bytes: [UInt8], in other: FileNumber? = nil) throws {
    let file = try system.open(
      name(path), in: other ?? directory, .createNew(permissions: 0o600))
    defer { system.close(file) }
    try system.write(file, at: 0, bytes)
  }

  func contents(_ path: String, in other: FileNumber? = nil) throws -> [UInt8] {
    let file = try system.open(name(path), in: other ?? directory, .read)
    defer { system.close(file) }
    return try system.read(file, at: 0, count: 99)
  }

  /// Makes a directory and holds it open until `body` returns.
  func within(_ path: String, _ body: (FileNumber) throws -> Void) throws {
    try system.makeDirectory(name(path), in: directory, permissions: 0o700)
    let opened = try system.openDirectory(name(path), beneath: directory)
    defer { system.close(opened) }
    try body(opened)
  }

  func names(in other: FileNumber? = nil) throws -> Set<[UInt8]> {
    Set(try system.entries(of: other ?? directory).map(\.name))
  }
}

func name(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite("Every directory that is held open")
struct DirectoryConformanceTests {
  @Test("opens what stands below it", arguments: Ground.Kind.withSteps)
  func beneath(kind: Ground.Kind) throws {
    let held = try Held(kind)
    let system = held.system
    try held.within("a") { a in
      try system.makeDirectory(name("b"), in: a, permissions: 0o700)
      let b = try system.openDirectory(name("a/b"), beneath: held.directory)
      defer { system.close(b) }
      try held.make("f", [7], in: b)
      #expect(try system.readAll(held.ground.root.appending("a/b/f"), limit: 9) == [7])
      #expect(try system.information(b) == system.information(name("b"), in: a))
      #expect(try system.information(b).kind == .directory)
      #expect(
        errno { try system.openDirectory(name("a/b/f"), beneath: held.directory) }
          == .notDirectory)
      #expect(
        errno { try system.openDirectory(name("a/b/f/g"), beneath: held.directory) }
          == .notDirectory)
      #expect(
        errno { try system.openDirectory(name("a/x/b"), beneath: held.directory) }
          == .noSuchFileOrDirectory)
      #expect(errno { try system.openDirectory(held.ground.root.appending("x")) } != nil)
      #expect(
        errno { try system.openDirectory(held.ground.root.appending("a/b/f")) } == .notDirectory)
      try system.sync(b)
      try system.sync(a)
      try system.syncFileSystem(of: b)
    }
  }

  @Test("lets nothing leave it and passes no link", arguments: Ground.Kind.withSteps)
  func leaving(kind: Ground.Kind) throws {
    let held = try Held(kind)
    let system = held.system
    func opening(_ path: String) -> Errno? {
      errno { system.close(try system.openDirectory(name(path), beneath: held.directory)) }
    }
    try held.within("inside") { inside in
      try held.make("f", [1], in: inside)
      try system.makeDirectory(name("deep"), in: inside, permissions: 0o700)
      try system.makeLink(name("back"), in: inside, to: name("."))
    }
    try system.makeLink(name("link"), in: held.directory, to: name("inside"))
    try system.makeLink(name("out"), in: held.directory, to: name("/"))
    try system.makeLink(name("nowhere"), in: held.directory, to: name("none"))
    #expect(opening("inside/deep") == nil)
    for path in ["..", "../x", "/", "/tmp", "inside/..", "inside/../inside", "inside/../../x"] {
      #expect(opening(path) == .improperLink, "\(path)")
    }
    for path in ["link", "link/deep", "out", "nowhere", "inside/back", "inside/back/deep"] {
      #expect(opening(path) == .tooManySymbolicLinkLevels, "\(path)")
    }
    for path in ["", ".", "inside/", "inside//deep", "inside/./deep", "./inside", "inside\0"] {
      #expect(opening(path) == .invalidArgument, "\(path)")
    }
    let long = [String](repeating: "inside", count: 700).joined(separator: "/")
    #expect(opening(long) == .fileNameTooLong)
    let longName = String(repeating: "n", count: 256)
    #expect(opening(longName) == .fileNameTooLong)
    #expect(opening("inside/" + longName) == .fileNameTooLong)
  }

  @Test("takes nothing that is no name, with any call", arguments: Ground.Kind.allCases)
  func noNames(kind: Ground.Kind) throws {
    let held = try Held(kind)
    let (system, directory) = (held.system, held.directory)
    try held.make("a", [1])
    let calls = callsByName(system, directory)
    for bad in ["", ".", "..", "/", "a/", "a/b", "/a", "a\0", "\0", "../a"] {
      for (call, body) in calls {
        #expect(errno { try body(name(bad)) } == .invalidArgument, "\(call) \(bad)")
      }
    }
    for count in [256, 5000] {
      for (call, body) in calls {
        let long = [UInt8](repeating: 0x61, count: count)
        #expect(errno { try body(long) } == .fileNameTooLong, "\(call) \(count)")
      }
    }
    #expect(try held.names() == [name("a")])
    #expect(try held.contents("a") == [1])
  }

  private func callsByName(
    _ system: any FileSystem, _ directory: FileNumber
  ) -> [String: ([UInt8]) throws -> Void] {
    [
      "information": { _ = try system.information($0, in: directory) },
      "open": { system.close(try system.open($0, in: directory, .read)) },
      "create": {
        system.close(
          try system.open($0, in: directory, .readWriteOrCreate(permissions: 0o600)))
      },
      "linkTarget": { _ = try system.linkTarget($0, in: directory) },
      "makeLink": { try system.makeLink($0, in: directory, to: [1]) },
      "makeDirectory": { try system.makeDirectory($0, in: directory, permissions: 0o700) },
      "rename": { try system.rename($0, in: directory, to: [1], in: directory, .replacing) },
      "rename to": {
        try system.rename(name("a"), in: directory, to: $0, in: directory, .replacing)
      },
      "remove": { try system.remove($0, in: directory) },
      "removeDirectory": { try system.removeDirectory($0, in: directory) },
    ]
  }

  @Test("opens files, and neither follows nor replaces a link", arguments: Ground.Kind.allCases)
  func open(kind: Ground.Kind) throws {
    let held = try Held(kind)
    let (system, directory) = (held.system, held.directory)
    #expect(errno { try held.contents("a") } == .noSuchFileOrDirectory)
    #expect(try system.information(name("a"), in: directory) == nil)
    try held.make("a", [1, 2])
    #expect(errno { try held.make("a", []) } == .fileExists)
    #expect(try held.contents("a") == [1, 2])
    let found = try #require(try system.information(name("a"), in: directory))
    #expect(found == (try system.information(at: held.ground.root.appending("a"))))
    #expect(found.kind == .file && found.byteCount == 2 && found.permissions == 0o600)
    let both = try system.open(
      name("a"), in: directory, .readWriteOrCreate(permissions: 0o600))
    try system.write(both, at: 1, [3])
    #expect(try system.information(both).byteCount == 2)
    system.close(both)
    #expect(try held.contents("a") == [1, 3])
    try system.makeLink(name("l"), in: directory, to: name("a"))
    let modes: [OpenMode] = [.read, .readWrite, .readWriteOrCreate(permissions: 0o600)]
    for mode in modes {
      #expect(
        errno { try system.open(name("l"), in: directory, mode) } == .tooManySymbolicLinkLevels)
    }
    #expect(
      errno { try system.open(name("l"), in: directory, .createNew(permissions: 0o600)) }
        == .fileExists)
    try held.within("d") { _ in
      #expect(errno { try system.open(name("d"), in: directory, .readWrite) } == .isDirectory)
    }
    let file = try system.open(name("a"), in: directory, .read)
    defer { system.close(file) }
    #expect(errno { try system.information(name("a"), in: file) } == .notDirectory)
    #expect(errno { try system.open(name("a"), in: file, .read) } == .notDirectory)
    #expect(errno { try system.entries(of: file) } == .notDirectory)
    #expect(errno { try system.openDirectory(name("a"), beneath: file) } == .notDirectory)
  }

  @Test("makes links to anything, and says where they lead", arguments: Ground.Kind.allCases)
  func links(kind: Ground.Kind) throws {
    let held = try Held(kind)
    let (system, directory) = (held.system, held.directory)
    try held.make("a", [1])
    let targets = [
      name("a"), name("none"), name("/"), name("../x"), [0xff, 0x0a, 0x1b],
      [UInt8](repeating: 0x61, count: 4095),
    ]
    for target in targets {
      try system.makeLink(name("l"), in: directory, to: target)
      #expect(try system.linkTarget(name("l"), in: directory) == target)
      let found = try #require(try system.information(name("l"), in: directory))
      #expect(found.kind == .link && found.byteCount == UInt64(target.count))
      #expect(errno { try system.makeLink(name("l"), in: directory, to: [1]) } == .fileExists)
      #expect(
        errno { try system.makeDirectory(name("l"), in: directory, permissions: 0o700) }
          == .fileExists)
      #expect(errno { try system.removeDirectory(name("l"), in: directory) } == .notDirectory)
      try system.remove(name("l"), in: directory)
    }
    #expect(errno { try system.makeLink(name("l"), in: directory, to: []) } == .invalidArgument)
    #expect(
      errno { try system.makeLink(name("l"), in: directory, to: [1, 0]) } == .invalidArgument)
    #expect(
      errno { try system.makeLink(name("l"), in: directory, to: Array(repeating: 1, count: 4096)) }
        == .fileNameTooLong)
    #expect(errno { try system.makeLink(name("a"), in: directory, to: [1]) } == .fileExists)
    #expect(errno { try system.linkTarget(name("a"), in: directory) } == .invalidArgument)
    #expect(errno { try system.linkTarget(name("l"), in: directory) } == .noSuchFileOrDirectory)
    #expect(try held.names() == [name("a")])
    #expect(try held.contents("a") == [1])
  }

  @Test("lists names of any bytes, each with its kind", arguments: Ground.Kind.allCases)
  func entries(kind: Ground.Kind) throws {
    let held = try Held(kind)
    let (system, directory) = (held.system, held.directory)
    #expect(try system.entries(of: directory).isEmpty)
    var expected: Set<DirectoryEntry> = []
    let names: [[UInt8]] = [
      name("line\nbreak"), name("\u{1b}[2J"), [0xff], [0xc3], name("..."), name(".hidden"),
      name("ä"), name(" "), name("-rf"), name("\\"), [UInt8](repeating: 0x7a, count: 255),
    ]
    for (index, name) in names.enumerated() {
      do {
        switch index % 3 {
        case 0:
          system.close(try system.open(name, in: directory, .createNew(permissions: 0o600)))
          expected.insert(DirectoryEntry(name: name, kind: .file))
        case 1:
          try system.makeLink(name, in: directory, to: name)
          expected.insert(DirectoryEntry(name: name, kind: .link))
        default:
          try system.makeDirectory(name, in: directory, permissions: 0o700)
          expected.insert(DirectoryEntry(name: name, kind: .directory))
        }
      } catch {
        // Some file systems take text only.
        #expect(error.errno == .illegalByteSequence)
      }
    }
    func check() throws {
      let found = try system.entries(of: directory)
      #expect(Set(found.map(\.name)) == Set(expected.map(\.name)))
      // And some tell no kinds.
      #expect(Set(found.filter { $0.kind != nil }).isSubset(of: expected))
      #expect(found.count == expected.count)
    }
    try check()
    try check()
    for entry in expected {
      #expect(
        try system.information(entry.name, in: directory)?.kind == entry.kind, "\(entry.name)")
      if entry.kind == .directory {
        #expect(errno { try system.remove(entry.name, in: directory) } != nil)
        try system.removeDirectory(entry.name, in: directory)
      } else {
        try system.remove(entry.name, in: directory)
      }
      try system.remove(entry.name, in: directory)
    }
    #expect(try system.entries(of: directory).isEmpty)
  }

  @Test("lists from several at once, while names come and go", arguments: Ground.Kind.allCases)
  func concurrentEntries(kind: Ground.Kind) async throws {
    let held = try Held(kind)
    let staying = Set((0..<300).map { name("staying-\($0)") })
    for name in staying {
      held.system.close(
        try held.system.open(name, in: held.directory, .createNew(permissions: 0o600)))
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<2 {
        group.addTask {
          for round in 0..<100 {
            let new = name("coming-\(writer)-\(round % 7)")
            held.system.close(
              try held.system.open(
                new, in: held.directory, .readWriteOrCreate(permissions: 0o600)))
            try held.system.remove(new, in: held.directory)
          }
        }
      }
      for _ in 0..<3 {
        group.addTask {
          for _ in 0..<20 {
            let found = try held.names()
            #expect(found.isSuperset(of: staying))
            #expect(found.subtracting(staying).allSatisfy { $0.starts(with: name("coming-")) })
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try held.names() == staying)
  }
}
