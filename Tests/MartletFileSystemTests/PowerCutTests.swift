import MartletFileSystem
import MartletTestSupport
import SystemPackage
import Testing

@Suite("A power cut")
struct PowerCutTests {
  /// A disk with a durable file `a` of 2048 ones.
  private func disk() throws -> SimulatedFileSystem {
    let disk = SimulatedFileSystem()
    let file = try disk.openFile("/a", .createNew(permissions: 0o600))
    try file.write(at: 0, [UInt8](repeating: 1, count: 2048))
    try file.sync()
    try disk.syncDirectory("/")
    return disk
  }

  @Test("loses nothing that was synchronised", arguments: 0..<50 as Range<UInt64>)
  func durable(seed: UInt64) throws {
    let after = try disk().powerCut(seed: seed)
    #expect(try after.readAll("/a", limit: 9999) == [UInt8](repeating: 1, count: 2048))
  }

  @Test("leaves old, new or torn contents that were not synchronised")
  func torn() throws {
    let disk = try disk()
    let file = try disk.openFile("/a", .readWrite)
    try file.write(at: 0, [UInt8](repeating: 2, count: 2048))
    var outcomes: Set<[UInt8]> = []
    for seed in 0..<200 as Range<UInt64> {
      let contents = try disk.powerCut(seed: seed).readAll("/a", limit: 9999)
      #expect(contents.count == 2048 && contents.allSatisfy { $0 == 1 || $0 == 2 }, "seed \(seed)")
      #expect(contents == (try disk.powerCut(seed: seed).readAll("/a", limit: 9999)))
      outcomes.insert(contents)
    }
    #expect(outcomes.contains([UInt8](repeating: 1, count: 2048)))
    #expect(outcomes.contains([UInt8](repeating: 2, count: 2048)))
    #expect(outcomes.count > 10)
    #expect(try file.readAll(limit: 9999).allSatisfy { $0 == 2 })
  }

  @Test("loses names whose directory was not synchronised, in some outcome")
  func names() throws {
    let disk = try disk()
    try disk.makeDirectory("/d", permissions: 0o700)
    try disk.syncDirectory("/")
    let file = try disk.openFile("/d/new", .createNew(permissions: 0o600))
    try file.write(at: 0, [7])
    try file.sync()
    var seen: Set<Bool> = []
    for seed in 0..<100 as Range<UInt64> {
      let after = disk.powerCut(seed: seed)
      let found = try after.information(at: "/d/new") != nil
      seen.insert(found)
      if found { #expect(try after.readAll("/d/new", limit: 9) == [7]) }
    }
    #expect(seen == [true, false])
    try disk.syncDirectory("/d")
    for seed in 0..<100 as Range<UInt64> {
      #expect(try disk.powerCut(seed: seed).readAll("/d/new", limit: 9) == [7], "seed \(seed)")
    }
  }

  @Test("leaves the old or the new file whole at every call of a replacement", arguments: 1...12)
  func everyCall(call: Int) throws {
    for seed in 0..<40 as Range<UInt64> {
      let disk = try disk()
      disk.cutPower(atCall: call)
      var finished = false
      do {
        try disk.replace("/a", with: [5, 6], permissions: 0o600)
        finished = true
      } catch {
        #expect(error.isPowerCut)
        #expect(throws: FileSystemError.self) { try disk.list("/") }
      }
      disk.restart(seed: seed)
      let contents = try disk.readAll("/a", limit: 9999)
      #expect(contents == [5, 6] || (!finished && contents.count == 2048), "seed \(seed)")
    }
  }

  @Test("loses what a failed sync should have written, even if a later one succeeds")
  func failedSync() throws {
    let disk = try disk()
    let file = try disk.openFile("/a", .readWrite)
    try file.write(at: 0, [3])
    disk.fail(.sync, number: 1, with: .ioError)
    #expect(errno { try file.sync() } == .ioError)
    try file.sync()
    #expect(try file.read(at: 0, count: 1) == [3])
    #expect(try disk.powerCut(seed: 1).readAll("/a", limit: 9999)[0] == 1)
    file.dropCache()
    #expect(try file.read(at: 0, count: 1) == [1])
  }

  @Test("loses nothing after the whole file system was synchronised")
  func fileSystem() throws {
    let disk = try disk()
    try disk.makeDirectory("/d", permissions: 0o700)
    try disk.openFile("/d/b", .createNew(permissions: 0o600)).write(at: 0, [1, 2, 3])
    try disk.rename("/a", to: "/d/a")
    try disk.syncFileSystem(at: "/")
    for seed in 0..<50 as Range<UInt64> {
      let after = disk.powerCut(seed: seed)
      #expect(try after.readAll("/d/b", limit: 9) == [1, 2, 3])
      #expect(try after.readAll("/d/a", limit: 9999).count == 2048)
      #expect(try after.information(at: "/a") == nil)
    }
  }
}

@Suite("A simulated fault")
struct SimulatedFaultTests {
  @Test(
    "fails the call it was set for, once or always",
    arguments: [FileSystemCall.open, .write, .sync, .rename, .syncDirectory, .remove],
    [Errno.noSpace, .ioError])
  func everyCall(call: FileSystemCall, number: Errno) throws {
    let disk = SimulatedFileSystem()
    disk.fail(call, number: 1, with: number)
    #expect(errno { try disk.replace("/a", with: [1], permissions: 0o600) } == number)
    try disk.replace("/a", with: [1], permissions: 0o600)
    disk.failEvery(call, with: number)
    for _ in 0..<3 {
      #expect(errno { try disk.replace("/a", with: [2], permissions: 0o600) } == number)
    }
    disk.clearFaults()
    try disk.replace("/a", with: [3], permissions: 0o600)
    #expect(try disk.readAll("/a", limit: 1) == [3])
    #expect(disk.callCount(call) >= 5)
    #expect(disk.openFileCount == 0)
  }

  @Test("stops at the free space, and gives it back", arguments: 0...20)
  func freeSpace(count: Int) throws {
    let disk = SimulatedFileSystem(capacity: 10)
    do {
      let file = try disk.openFile("/a", .createNew(permissions: 0o600))
      let bytes = [UInt8](repeating: 1, count: count)
      #expect(errno { try file.write(at: 0, bytes) } == (count > 10 ? .noSpace : nil))
      #expect(try file.information().byteCount == UInt64(min(count, 10)))
      #expect(try disk.freeByteCount(at: "/") == UInt64(max(0, 10 - count)))
      try disk.remove("/a")
      #expect(try disk.freeByteCount(at: "/") == UInt64(max(0, 10 - count)))
    }
    #expect(try disk.freeByteCount(at: "/") == 10)
  }
}
