import Foundation
import MartletFileSystem
import MartletTestSupport
import SystemPackage
import Testing

/// A file system to try, and an empty directory on it.
final class Ground: Sendable {
  enum Kind: CaseIterable, Sendable {
    case local, stepByStep, simulated

    static let allCases: [Self] = [.local, .simulated]
    /// The local one in both ways in which it opens what is below a directory.
    static let withSteps: [Self] = [.local, .stepByStep, .simulated]
  }

  let system: any FileSystem
  let root: FilePath
  let isLocal: Bool

  init(_ kind: Kind) throws {
    isLocal = kind != .simulated
    switch kind {
    case .local, .stepByStep:
      system = LocalFileSystem(walksStepByStep: kind == .stepByStep)
      root = FilePath(NSTemporaryDirectory()).appending("martlet-\(UUID().uuidString)")
    case .simulated:
      system = SimulatedFileSystem()
      root = "/ground"
    }
    try system.makeDirectory(root, permissions: 0o700)
  }

  deinit { if isLocal { try? FileManager.default.removeItem(atPath: root.string) } }
}

@Suite("Every file system")
struct FileSystemConformanceTests {
  @Test("reads back what was written, at every offset", arguments: Ground.Kind.allCases)
  func writeAndRead(kind: Ground.Kind) throws {
    let ground = try Ground(kind)
    let file = try ground.system.openFile(
      ground.root.appending("a"), .createNew(permissions: 0o600))
    let bytes = (0..<50).map { UInt8($0) }
    try file.write(at: 0, bytes)
    for offset in 0...60 {
      #expect(
        try file.read(at: UInt64(offset), count: 7) == Array(bytes.dropFirst(offset).prefix(7)))
    }
    try file.write(at: 60, [9])
    #expect(try file.read(at: 48, count: 99) == [48, 49] + [UInt8](repeating: 0, count: 10) + [9])
    try file.truncate(to: 2)
    try file.truncate(to: 4)
    #expect(try file.readAll(limit: 4) == [0, 1, 0, 0])
    #expect(try file.information().byteCount == 4)
    try file.sync()
    file.dropCache()
    #expect(try file.readAll(limit: 4) == [0, 1, 0, 0])
    #expect(throws: FileSystemError.self) { try file.readAll(limit: 3) }
  }

  @Test(
    "writes and reads the same bytes past the cache, wherever they begin and end",
    arguments: Ground.Kind.allCases)
  func pastCache(kind: Ground.Kind) throws {
    let ground = try Ground(kind)
    let seed = UInt64.random(in: 0..<1 << 32)
    let random = SeededRandom(seed: seed)
    let edges = [0, 1, 511, 512, 4095, 4096, 4097, 8192, 1 << 20, 1 << 20 + 4096, 2 << 20 + 9]
    for (number, start) in edges.enumerated() {
      let path = ground.root.appending("f\(number)")
      let file = try ground.system.openFile(path, .createNew(permissions: 0o600))
      var wanted: [UInt8] = []
      for length in [4096, 1, 4095, start, 1 << 20, 12_288] {
        file.bypassCache()
        let at = wanted.isEmpty ? start : random.below(wanted.count + 1)
        let first = random.below(251)
        let bytes = (0..<length).map { UInt8((first + $0) % 251) }
        try file.write(at: UInt64(at), bytes)
        if wanted.count < at + length {
          wanted += [UInt8](repeating: 0, count: at + length - wanted.count)
        }
        wanted.replaceSubrange(at..<at + length, with: bytes)
      }
      try file.sync()
      let reader = try ground.system.openFile(path, .read)
      reader.bypassCache()
      for begin in edges {
        for length in edges where length < 1 << 21 || begin == 0 {
          #expect(
            try reader.read(at: UInt64(begin), count: length)
              == Array(wanted.dropFirst(begin).prefix(length)),
            "seed \(seed), from \(start), \(length) at \(begin)")
        }
      }
      #expect(try ground.system.readAll(path, limit: wanted.count) == wanted, "seed \(seed)")
    }
  }

  @Test("opens what each mode promises", arguments: Ground.Kind.allCases)
  func modes(kind: Ground.Kind) throws {
    let ground = try Ground(kind)
    let system = ground.system
    let path = ground.root.appending("a")
    #expect(errno { try system.openFile(path, .read) } == .noSuchFileOrDirectory)
    #expect(errno { try system.openFile(path, .readWrite) } == .noSuchFileOrDirectory)
    let first = try system.openFile(path, .readWriteOrCreate(permissions: 0o600))
    try first.write(at: 0, [1, 2])
    #expect(errno { try system.openFile(path, .createNew(permissions: 0o600)) } == .fileExists)
    let second = try system.openFile(path, .readWriteOrCreate(permissions: 0o600))
    #expect(try second.readAll(limit: 2) == [1, 2])
    let reader = try system.openFile(path, .read)
    #expect(errno { try reader.write(at: 0, [1]) } == .badFileDescriptor)
    #expect(errno { try system.openFile(ground.root, .readWrite) } == .isDirectory)
    #expect(
      errno { try system.openFile(path.appending("b"), .createNew(permissions: 0)) }
        == .notDirectory)
    #expect(
      errno { try system.openFile(ground.root.appending("x/y"), .createNew(permissions: 0)) }
        == .noSuchFileOrDirectory)
  }

  @Test("tells what stands at a path", arguments: Ground.Kind.allCases)
  func information(kind: Ground.Kind) throws {
    let ground = try Ground(kind)
    let path = ground.root.appending("a")
    #expect(try ground.system.information(at: path) == nil)
    let file = try ground.system.openFile(path, .createNew(permissions: 0o600))
    try file.write(at: 0, [1, 2, 3])
    let found = try #require(try ground.system.information(at: path))
    #expect(found == (try file.information()))
    #expect(found.kind == .file && found.byteCount == 3 && found.permissions == 0o600)
    #expect(try ground.system.information(at: path.appending("below")) == nil)
    let root = try #require(try ground.system.information(at: ground.root))
    #expect(root.kind == .directory && root.inode != found.inode && root.device == found.device)
  }

  @Test("makes, lists and removes", arguments: Ground.Kind.allCases)
  func directories(kind: Ground.Kind) throws {
    let ground = try Ground(kind)
    let system = ground.system
    let directory = ground.root.appending("d")
    try system.makeDirectory(directory, permissions: 0o700)
    try system.makeDirectory(directory, permissions: 0o700)
    #expect(try system.list(directory).isEmpty)
    for name in ["a", "b", "ä", ".hidden"] {
      _ = try system.openFile(directory.appending(name), .createNew(permissions: 0o600))
    }
    #expect(Set(try system.list(directory).map(\.string)) == ["a", "b", "ä", ".hidden"])
    #expect(errno { try system.removeDirectory(directory) } == .directoryNotEmpty)
    #expect(errno { try system.remove(directory) } != nil)
    #expect(errno { try system.removeDirectory(directory.appending("a")) } == .notDirectory)
    #expect(
      errno { try system.makeDirectory(directory.appending("a"), permissions: 0o700) }
        == .fileExists)
    #expect(errno { try system.list(directory.appending("a")) } == .notDirectory)
    for name in ["a", "b", "ä", ".hidden"] {
      try system.remove(directory.appending(name))
      try system.remove(directory.appending(name))
    }
    try system.syncDirectory(directory)
    try system.syncFileSystem(at: directory)
    try system.removeDirectory(directory)
    #expect(errno { try system.list(directory) } == .noSuchFileOrDirectory)
    #expect(errno { try system.syncDirectory(directory) } == .noSuchFileOrDirectory)
    #expect(try system.freeByteCount(at: ground.root) > 0)
    #expect(try !system.isReadOnly(at: ground.root))
    #expect(errno { try system.isReadOnly(at: directory) } == .noSuchFileOrDirectory)
  }

  @Test("renames over what stands, and keeps open files", arguments: Ground.Kind.allCases)
  func rename(kind: Ground.Kind) throws {
    let ground = try Ground(kind)
    let system = ground.system
    let (a, b, d) = (
      ground.root.appending("a"), ground.root.appending("b"), ground.root.appending("d")
    )
    try system.replace(a, with: [1], permissions: 0o600)
    try system.replace(b, with: [2], permissions: 0o600)
    let old = try system.openFile(b, .read)
    try system.rename(a, to: b)
    #expect(try system.readAll(b, limit: 9) == [1])
    #expect(try old.readAll(limit: 9) == [2])
    #expect(try system.information(at: a) == nil)
    #expect(errno { try system.rename(a, to: b) } == .noSuchFileOrDirectory)
    try system.makeDirectory(d, permissions: 0o700)
    #expect(errno { try system.rename(b, to: d) } == .isDirectory)
    #expect(errno { try system.rename(d, to: b) } == .notDirectory)
    #expect(errno { try system.rename(d, to: d.appending("e")) } == .invalidArgument)
    try system.rename(b, to: d.appending("b"))
    #expect(try system.readAll(d.appending("b"), limit: 9) == [1])
    #expect(try system.list(ground.root).map(\.string) == ["d"])
  }

  @Test("gives a lock to one holder, until it is closed", arguments: Ground.Kind.allCases)
  func locks(kind: Ground.Kind) throws {
    let ground = try Ground(kind)
    let path = ground.root.appending("lock")
    var first: OpenFile? = try ground.system.openFile(path, .readWriteOrCreate(permissions: 0o600))
    let second = try ground.system.openFile(path, .readWriteOrCreate(permissions: 0o600))
    #expect(try first?.lock(wait: false) == true)
    #expect(try first?.lock(wait: true) == true)
    #expect(try second.lock(wait: false) == false)
    first = nil
    #expect(try second.lock(wait: true))
  }
}

/// The number of the error thrown, or nil.
func errno<Result>(_ body: () throws -> Result) -> Errno? {
  do {
    _ = try body()
    return nil
  } catch {
    return (error as? FileSystemError)?.errno
  }
}
