import MartletFileSystem
import MartletTestSupport
import SystemPackage
import Testing

/// A disk with the durable directories `/d` and `/e`, and `a`, `b` in the first, `c` in the second.
struct CutDisk {
  let disk: SimulatedFileSystem
  let d: FileNumber
  let e: FileNumber

  init(seed: UInt64 = 0) throws {
    disk = SimulatedFileSystem(seed: seed)
    for path in ["/d", "/e"] as [FilePath] { try disk.makeDirectory(path, permissions: 0o700) }
    d = try disk.openDirectory("/d")
    e = try disk.openDirectory("/e")
    for (text, directory) in [("a", d), ("b", d), ("c", e)] {
      let file = try disk.open(name(text), in: directory, .createNew(permissions: 0o600))
      try disk.write(file, at: 0, name(text))
      try disk.setModified(file, 1000)
      disk.close(file)
    }
    try disk.syncFileSystem(of: d)
  }

  /// What the names in both directories stand for: of a file its text, of a link where it leads.
  static func found(on disk: SimulatedFileSystem) throws -> [String: [UInt8]] {
    var found: [String: [UInt8]] = [:]
    for path in ["d", "e"] as [FilePath] {
      guard try disk.information(at: path) != nil else { continue }
      let directory = try disk.openDirectory(path)
      for entry in try disk.entries(of: directory) {
        let key = String(decoding: path.bytes + [0x2f] + entry.name, as: UTF8.self)
        switch entry.kind {
        case .link: found[key] = try disk.linkTarget(entry.name, in: directory)
        case .file:
          let file = try disk.open(entry.name, in: directory, .read)
          found[key] = try disk.read(file, at: 0, count: 99)
          disk.close(file)
        default: found[key] = []
        }
      }
      disk.close(directory)
    }
    return found
  }

  func outcomes(_ count: UInt64 = 200) throws -> Set<[String: [UInt8]]> {
    Set(try (0..<count).map { try Self.found(on: disk.powerCut(seed: $0)) })
  }
}

@Suite("A power cut, where directories are held open,")
struct DirectoryPowerCutTests {
  private let before = ["d/a": name("a"), "d/b": name("b"), "e/c": name("c")]

  @Test("loses nothing that was synchronised, and closes all")
  func durable() throws {
    let cut = try CutDisk()
    #expect(try cut.outcomes() == [before])
    cut.disk.cutPower(atCall: 1)
    #expect(errno { try cut.disk.entries(of: cut.d) } == FileSystemError.powerCut)
    #expect(errno { try cut.disk.openDirectory("/d") } == FileSystemError.powerCut)
    cut.disk.restart(seed: 1)
    #expect(errno { try cut.disk.entries(of: cut.d) } == .badFileDescriptor)
    #expect(cut.disk.openFileCount == 0)
  }

  @Test("keeps an exchange within a directory whole or not at all")
  func exchange() throws {
    let cut = try CutDisk()
    try cut.disk.rename(name("a"), in: cut.d, to: name("b"), in: cut.d, .exchanging)
    var after = before
    after["d/a"] = name("b")
    after["d/b"] = name("a")
    #expect(try cut.outcomes() == [before, after])
    try cut.disk.sync(cut.d)
    #expect(try cut.outcomes() == [after])
  }

  @Test("splits an exchange between directories, unless both are synchronised")
  func exchangeAcross() throws {
    let cut = try CutDisk()
    try cut.disk.rename(name("a"), in: cut.d, to: name("c"), in: cut.e, .exchanging)
    var after = before
    after["d/a"] = name("c")
    after["e/c"] = name("a")
    let twice = before.merging(["d/a": name("c")]) { $1 }
    let other = before.merging(["e/c": name("a")]) { $1 }
    #expect(try cut.outcomes() == [before, after, twice, other])
    try cut.disk.sync(cut.e)
    #expect(try cut.outcomes() == [other, after])
    try cut.disk.sync(cut.d)
    #expect(try cut.outcomes() == [after])
  }

  @Test("keeps a rename that keeps what stands, or loses it")
  func keeping() throws {
    let cut = try CutDisk()
    try cut.disk.rename(name("a"), in: cut.d, to: name("n"), in: cut.d, .keeping)
    var after = before
    after["d/a"] = nil
    after["d/n"] = name("a")
    #expect(try cut.outcomes() == [before, after])
    try cut.disk.sync(cut.d)
    #expect(try cut.outcomes() == [after])
  }

  @Test("keeps a link as it was made, or loses it with its name")
  func links() throws {
    let cut = try CutDisk()
    try cut.disk.makeLink(name("l"), in: cut.d, to: name("../e"))
    let after = before.merging(["d/l": name("../e")]) { $1 }
    #expect(try cut.outcomes() == [before, after])
    try cut.disk.sync(cut.d)
    #expect(try cut.outcomes() == [after])
    try cut.disk.remove(name("l"), in: cut.d)
    #expect(try cut.outcomes() == [before, after])
    try cut.disk.sync(cut.d)
    #expect(try cut.outcomes() == [before])
  }

  @Test("loses a directory that was made or removed, until the one above it is synchronised")
  func directories() throws {
    let cut = try CutDisk()
    try cut.disk.makeDirectory(name("n"), in: cut.d, permissions: 0o700)
    let after = before.merging(["d/n": []]) { $1 }
    #expect(try cut.outcomes() == [before, after])
    try cut.disk.syncFileSystem(of: cut.e)
    #expect(try cut.outcomes() == [after])
    try cut.disk.removeDirectory(name("n"), in: cut.d)
    #expect(try cut.outcomes() == [before, after])
    try cut.disk.sync(cut.d)
    #expect(try cut.outcomes() == [before])
  }

  @Test("finds by its number the directory that was moved")
  func moved() throws {
    let cut = try CutDisk()
    try cut.disk.rename("/d", to: "/e/d")
    try cut.disk.rename("/e", to: "/d")
    try cut.disk.remove(name("a"), in: cut.d)
    try cut.disk.rename(name("b"), in: cut.d, to: name("b"), in: cut.e, .keeping)
    try cut.disk.syncFileSystem(of: cut.d)
    #expect(
      try cut.outcomes(20) == [["d/b": name("b"), "d/c": name("c"), "d/d": []]])
  }

  @Test("keeps permissions and times or loses them, the ones without the others")
  func metadata() throws {
    struct Found: Hashable {
      var permissions: UInt16?
      var modified: Int64?
    }
    let cut = try CutDisk()
    let file = try cut.disk.open(name("a"), in: cut.d, .readWrite)
    func outcomes() throws -> Set<Found> {
      Set(
        try (0..<100 as Range<UInt64>).map { seed in
          let found = try cut.disk.powerCut(seed: seed).information(at: "/d/a")
          return Found(permissions: found?.permissions, modified: found?.modified)
        })
    }
    let old = Found(permissions: 0o600, modified: 1000)
    #expect(try outcomes() == [old])
    try cut.disk.setPermissions(file, 0o755)
    try cut.disk.setModified(file, 2000)
    let new = Found(permissions: 0o755, modified: 2000)
    let all: Set = [
      old, new, Found(permissions: 0o755, modified: 1000),
      Found(permissions: 0o600, modified: 2000),
    ]
    #expect(try outcomes() == all)
    #expect(try cut.disk.information(file).modified == 2000)
    // The directory's own sync does not help.
    try cut.disk.sync(cut.d)
    #expect(try outcomes() == all)
    let open = cut.disk.powerCut(seed: 0)
    #expect(open.openFileCount == 0)
    cut.disk.fail(.sync, number: 1, with: .ioError)
    #expect(errno { try cut.disk.sync(file) } == .ioError)
    try cut.disk.sync(file)
    #expect(try outcomes() == [old])
    try cut.disk.setPermissions(file, 0o755)
    try cut.disk.setModified(file, 2000)
    try cut.disk.sync(file)
    #expect(try outcomes() == [new])
    try cut.disk.write(file, at: 0, name("A"))
    #expect(try outcomes().count == 2)
    try cut.disk.syncFileSystem(of: file)
    #expect(try outcomes().count == 1)
  }

  @Test("tells the last change as late as a rename, or not at all")
  func changed() throws {
    let cut = try CutDisk()
    let old = try #require(try cut.disk.information(name("a"), in: cut.d)).changed
    try cut.disk.rename(name("a"), in: cut.d, to: name("n"), in: cut.d, .replacing)
    let new = try #require(try cut.disk.information(name("n"), in: cut.d)).changed
    #expect(new > old)
    try cut.disk.sync(cut.d)
    let found = Set(
      try (0..<50).map { try cut.disk.powerCut(seed: $0).information(at: "/d/n")?.changed })
    #expect(found == [old, new])
  }

  @Test("at any call leaves what stood or what was put in its place", arguments: 1...9)
  func everyCall(call: Int) throws {
    for seed in 0..<60 as Range<UInt64> {
      let cut = try CutDisk(seed: seed)
      let disk = cut.disk
      disk.cutPower(atCall: call)
      var finished = false
      do throws(FileSystemError) {
        let file = try disk.open(name("new"), in: cut.e, .createNew(permissions: 0o600))
        try disk.write(file, at: 0, name("NEW"))
        try disk.setModified(file, 3000)
        try disk.sync(file)
        try disk.sync(cut.e)
        try disk.rename(name("new"), in: cut.e, to: name("a"), in: cut.d, .replacing)
        try disk.sync(cut.d)
        try disk.sync(cut.e)
        finished = true
      } catch {
        #expect(error.isPowerCut, "\(error)")
      }
      #expect(finished == (call == 9))
      disk.restart(seed: seed)
      let found = try CutDisk.found(on: disk)
      #expect(
        found["d/a"] == name("NEW") || (!finished && found["d/a"] == name("a")), "seed \(seed)")
      if found["d/a"] == name("NEW") {
        #expect(try disk.information(at: "/d/a")?.modified == 3000, "seed \(seed)")
      }
      if finished { #expect(found["e/new"] == nil, "seed \(seed)") }
    }
  }
}

@Suite("A simulated fault, where directories are held open,")
struct DirectoryFaultTests {
  private static let calls:
    [(FileSystemCall, @Sendable (CutDisk) throws(FileSystemError) -> Void)] = [
      (.openDirectory, { (cut) throws(FileSystemError) in _ = try cut.disk.openDirectory("/d") }),
      (
        .openDirectory,
        { (cut) throws(FileSystemError) in
          try cut.disk.makeDirectory("/d/n", permissions: 0o700)
          _ = try cut.disk.openDirectory(name("n"), beneath: cut.d)
        }
      ),
      (.list, { (cut) throws(FileSystemError) in _ = try cut.disk.entries(of: cut.d) }),
      (
        .information,
        { (cut) throws(FileSystemError) in _ = try cut.disk.information(name("a"), in: cut.d) }
      ),
      (
        .open,
        { (cut) throws(FileSystemError) in _ = try cut.disk.open(name("a"), in: cut.d, .read) }
      ),
      (
        .linkTarget,
        { (cut) throws(FileSystemError) in
          try cut.disk.makeLink(name("l"), in: cut.d, to: name("a"))
          _ = try cut.disk.linkTarget(name("l"), in: cut.d)
        }
      ),
      (
        .makeLink,
        { (cut) throws(FileSystemError) in
          try cut.disk.makeLink(name("l"), in: cut.d, to: name("a"))
        }
      ),
      (
        .makeDirectory,
        { (cut) throws(FileSystemError) in
          try cut.disk.makeDirectory(name("n"), in: cut.d, permissions: 0o700)
        }
      ),
      (
        .rename,
        { (cut) throws(FileSystemError) in
          try cut.disk.rename(name("a"), in: cut.d, to: name("c"), in: cut.e, .exchanging)
        }
      ),
      (.remove, { (cut) throws(FileSystemError) in try cut.disk.remove(name("a"), in: cut.d) }),
      (
        .removeDirectory,
        { (cut) throws(FileSystemError) in
          try cut.disk.makeDirectory(name("n"), in: cut.d, permissions: 0o700)
          try cut.disk.removeDirectory(name("n"), in: cut.d)
        }
      ),
      (
        .setPermissions,
        { (cut) throws(FileSystemError) in try cut.disk.setPermissions(cut.d, 0o755) }
      ),
      (.setModified, { (cut) throws(FileSystemError) in try cut.disk.setModified(cut.d, 1) }),
      (
        .syncFileSystem, { (cut) throws(FileSystemError) in try cut.disk.syncFileSystem(of: cut.d) }
      ),
    ]

  @Test("fails, counts and cuts every call", arguments: calls.indices)
  func everyCall(index: Int) throws {
    let (call, body) = Self.calls[index]
    let cut = try CutDisk()
    let before = cut.disk.callCount(call)
    try body(cut)
    #expect(cut.disk.callCount(call) == before + 1)

    let failing = try CutDisk()
    let found = try CutDisk.found(on: failing.disk)
    failing.disk.fail(call, number: 1, with: .ioError)
    do throws(FileSystemError) {
      try body(failing)
      Issue.record("\(call) did not fail")
    } catch {
      #expect(error.errno == .ioError && error.action == call.rawValue)
    }
    #expect(failing.disk.openFileCount == 2)
    var after = try CutDisk.found(on: failing.disk)
    // What was made for it to work on.
    after["d/n"] = nil
    after["d/l"] = nil
    #expect(after == found)

    let dark = try CutDisk()
    dark.disk.cutPower(atCall: 1)
    #expect(errno { try body(dark) } == FileSystemError.powerCut)
    #expect(dark.disk.isOff)
  }

  @Test("of a read-only disk refuses every change", arguments: calls.indices)
  func readOnly(index: Int) throws {
    let (call, body) = Self.calls[index]
    let reads: Set<FileSystemCall> = [.list, .information, .open, .syncFileSystem]
    let cut = try CutDisk()
    cut.disk.isReadOnly = true
    let found = errno { try body(cut) }
    #expect(found == .readOnlyFileSystem || reads.contains(call) || index == 0)
    #expect(
      errno { try cut.disk.open(name("n"), in: cut.d, .createNew(permissions: 0o600)) }
        == .readOnlyFileSystem)
  }

  @Test("of a disk that tells no kinds leaves them to be asked for")
  func noKinds() throws {
    let cut = try CutDisk()
    cut.disk.tellsKinds = false
    let found = try cut.disk.entries(of: cut.d)
    #expect(found.count == 2 && found.allSatisfy { $0.kind == nil })
    for entry in found {
      #expect(try cut.disk.information(entry.name, in: cut.d)?.kind == .file)
    }
  }

  @Test("gives back the space of links and of what is replaced")
  func space() throws {
    let disk = SimulatedFileSystem(capacity: 10)
    let root = try disk.openDirectory("/")
    try disk.makeLink(name("l"), in: root, to: Array(repeating: 1, count: 8))
    #expect(try disk.freeByteCount(at: "/") == 2)
    #expect(
      errno { try disk.makeLink(name("m"), in: root, to: Array(repeating: 1, count: 3)) }
        == .noSpace)
    try disk.makeLink(name("m"), in: root, to: [1])
    try disk.rename(name("m"), in: root, to: name("l"), in: root, .replacing)
    #expect(try disk.freeByteCount(at: "/") == 9)
    try disk.remove(name("l"), in: root)
    #expect(try disk.freeByteCount(at: "/") == 10)
  }

  @Test("of a path finds no link to follow")
  func paths() throws {
    let cut = try CutDisk()
    try cut.disk.makeLink(name("l"), in: cut.d, to: name("/e"))
    #expect(try cut.disk.information(at: "/d/l")?.kind == .link)
    #expect(try cut.disk.information(at: "/d/l/c") == nil)
    #expect(errno { try cut.disk.openFile("/d/l/c", .read) } == .notDirectory)
    #expect(errno { try cut.disk.openFile("/d/l", .read) } == .tooManySymbolicLinkLevels)
    #expect(errno { try cut.disk.openDirectory("/d/l") } == .notDirectory)
    #expect(errno { try cut.disk.removeDirectory("/d/l") } == .notDirectory)
    try cut.disk.remove("/d/l")
    #expect(try cut.disk.information(at: "/d/l") == nil)
  }
}
