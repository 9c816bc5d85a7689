import Foundation
import MartletCarriers
import MartletFileSystem
import MartletTestSupport
import SystemPackage
import Testing

@Suite("A bundle that is written")
struct OutgoingFileTests {
  static let whole = bytes(2600, seed: 3)
  static let pieces = [0..<1, 1..<700, 700..<1400, 1400..<2600].map { Array(whole[$0]) }

  /// A stick with files of others, and how many calls one put makes there.
  private static func stick() throws -> (disk: SimulatedFileSystem, medium: DirectoryMedium) {
    let disk = SimulatedFileSystem()
    let medium = try DirectoryMedium(disk, "/stick")
    try medium.plant("notes.txt", bytes(900, seed: 1))
    try medium.plant(names[1], bytes(900, seed: 2))
    return (disk, medium)
  }

  static let callCount: Int = {
    guard let (disk, medium) = try? stick() else { return 0 }
    disk.resetCallCounts()
    try? medium.put(names[0], pieces, meanwhile: {})
    return disk.callCount
  }()

  @Test(
    "is whole, a beginning or not there after a power cut at any call", arguments: 1...callCount + 1
  )
  func powerCut(call: Int) throws {
    for seed in 0..<60 as Range<UInt64> {
      let (disk, medium) = try Self.stick()
      let others = try medium.contents()
      disk.cutPower(atCall: call)
      let failure = failure { try medium.put(names[0], Self.pieces, meanwhile: {}) }
      if !disk.isOff { disk.cutPower(atCall: 1) }
      _ = try? disk.list("/")
      disk.restart(seed: seed)
      var contents = try medium.contents()
      let found = contents.removeValue(forKey: names[0])
      #expect(contents == others, "seed \(seed)")
      if failure == nil { #expect(found == Self.whole, "seed \(seed)") }
      guard let found else { continue }
      // Sectors that never reached the medium are zero, which no byte of ours is.
      #expect(found.count <= Self.whole.count, "seed \(seed)")
      #expect(
        zip(found, Self.whole).allSatisfy { $0 == $1 || $0 == 0 }, "call \(call), seed \(seed)")
    }
  }

  @Test(
    "is removed, and others' files left alone, whichever call fails", arguments: 1...callCount,
    [
      Errno.ioError, .noSpace, .operationNotSupportedByDevice, .permissionDenied,
      .readOnlyFileSystem,
    ])
  func everyFault(call: Int, number: Errno) throws {
    let (disk, medium) = try Self.stick()
    let others = try medium.contents()
    disk.fail(nil, number: call, with: number)
    let failure = try #require(failure { try medium.put(names[0], Self.pieces, meanwhile: {}) })
    switch (number, failure) {
    case (.noSpace, .full), (.operationNotSupportedByDevice, .gone),
      (.readOnlyFileSystem, .readOnly),
      (.ioError, .system), (.permissionDenied, .system):
      break
    default: Issue.record("\(failure)")
    }
    #expect(try medium.contents() == others)
    #expect(disk.openFileCount == 0)
    for seed in 0..<5 as Range<UInt64> {
      // Once removed, it does not come back with the power.
      #expect(
        try disk.powerCut(seed: seed).information(at: FilePath("/stick/\(names[0])")) == nil,
        "seed \(seed)")
    }
    try medium.put(names[0], Self.pieces, meanwhile: {})
    #expect(try medium.get(names[0]) == Self.whole)
  }

  @Test("makes a file system durable that cannot do so for a directory")
  func unsupported() throws {
    let (disk, medium) = try Self.stick()
    disk.fail(.syncDirectory, number: 1, with: .invalidArgument)
    let before = disk.callCount(.syncFileSystem)
    try medium.put(names[0], Self.pieces, meanwhile: {})
    #expect(disk.callCount(.syncFileSystem) == before + 1)
    #expect(try medium.get(names[0]) == Self.whole)
  }

  @Test("is removed if nobody finishes it, or whoever watches it being read back stops it")
  func abandoned() throws {
    let (disk, medium) = try Self.stick()
    let others = try medium.contents()
    let path = FilePath("/stick/\(names[0])")
    let first = try medium.carrier.create(names[0])
    try first.write([1, 2, 3])
    #expect(first.byteCount == 3 && first.path == path)
    #expect(
      failure {
        try first.finish { _ throws(CarrierError) in throw .full(path, needed: nil) }
      } == .full(path, needed: nil))
    #expect(try medium.contents() == others)
    // Nothing more can be written, or finished.
    #expect(failure { try first.write([4]) } == .gone(path))
    #expect(failure { try first.finish() } == .gone(path))

    let second = try medium.carrier.create(names[0])
    try second.write([1])
    second.abandon()
    #expect(try medium.contents() == others)
    do {
      let third = try medium.carrier.create(names[0])
      try third.write([1])
    }
    #expect(try medium.contents() == others)
    #expect(disk.openFileCount == 0)
  }

  @Test("is removed if any byte of it is not what was written")
  func altered() throws {
    let path = FilePath("/stick/\(names[0])")
    for index in Self.whole.indices {
      let (disk, medium) = try Self.stick()
      let file = try medium.carrier.create(names[0])
      try file.write(Self.whole)
      // The last block is written when the file is finished: the medium lies about an earlier one.
      try disk.openFile(path, .readWrite).write(at: UInt64(index), [Self.whole[index] ^ 0x10])
      if index < 2100 {
        #expect(failure { try file.finish() } == .doesNotReadBack(path))
        #expect(try disk.information(at: path) == nil)
      } else {
        try file.finish()
        #expect(try medium.get(names[0]) == Self.whole)
      }
    }
  }

  @Test("is whole on a real disk, whatever its length and however many threads write it")
  func lengths() throws {
    let mebibyte = OutgoingFile.blockByteCount
    for count in [0, 1, 4096, mebibyte, mebibyte + 1, 2 * mebibyte + 4097] {
      for threadCount in [0, 2] {
        let disk = LocalFileSystem()
        let directory = FilePath(NSTemporaryDirectory()).appending("m-\(UUID().uuidString)")
        try disk.makeDirectory(directory, permissions: 0o700)
        let written = bytes(count, seed: UInt64(count))
        let carrier = try DirectoryCarrier(
          directory, on: disk, threadCount: threadCount)
        let file = try carrier.create(names[0])
        var rest = written[...]
        while !rest.isEmpty {
          try file.write(Array(rest.prefix(700_001)))
          rest = rest.dropFirst(700_001)
        }
        try file.finish()
        let path = directory.appending(names[0])
        #expect(try disk.readAll(path, limit: count) == written)
        try disk.remove(path)
        try disk.removeDirectory(directory)
      }
    }
  }

  @Test("is read back by its own length, from the medium")
  func shortened() throws {
    let (disk, medium) = try Self.stick()
    let path = FilePath("/stick/\(names[0])")
    for length in 0..<2600 as Range<UInt64> {
      let file = try medium.carrier.create(names[0])
      try file.write(Self.whole)
      var isCut = false
      // Somebody cuts it short behind our back, once all of it was written.
      #expect(
        failure {
          try file.finish { _ in
            if !isCut { try? disk.openFile(path, .readWrite).truncate(to: length) }
            isCut = true
          }
        } == .doesNotReadBack(path))
      #expect(try disk.information(at: path) == nil)
    }
    let file = try medium.carrier.create(names[0])
    try file.write(Self.whole)
    try disk.openFile(path, .readWrite).write(at: 2600, [0])
    #expect(failure { try file.finish() } == .doesNotReadBack(path))
  }

  @Test("tells how much was read back")
  func progress() throws {
    let (_, medium) = try Self.stick()
    let file = try medium.carrier.create(names[0])
    try file.write(Self.whole)
    var told: [UInt64] = []
    try file.finish { told.append($0) }
    #expect(told == [700, 1400, 2100, 2600])
  }

  @Test("stays when it is finished, and is not removed after")
  func finished() throws {
    let (_, medium) = try Self.stick()
    do {
      let file = try medium.carrier.create(names[0])
      try file.write([1])
      try file.finish()
      file.abandon()
    }
    #expect(try medium.get(names[0]) == [1])
  }

  @Test("under a name that the user chose replaces nothing")
  func chosenPath() throws {
    let (disk, medium) = try Self.stick()
    let path: FilePath = "/stick/for clinic.bundle"
    func put(_ path: FilePath, _ bytes: [UInt8]) throws(CarrierError) {
      let file = try OutgoingFile.create(at: path, on: disk)
      try file.write(bytes)
      try file.finish()
    }
    try put(path, [1])
    #expect(failure { try put(path, [2]) } == .exists(path))
    #expect(try disk.readAll(path, limit: 9) == [1])
    #expect(failure { try put("/stick", [1]) } == .exists("/stick"))
    #expect(failure { try put("/", [1]) } == .exists("/"))
    #expect(failure { try put("/none/x", [1]) } == .noDirectory("/none"))
    try put("relative", [5])
    #expect(try disk.readAll("relative", limit: 9) == [5])
    #expect(try medium.contents()["notes.txt"] == bytes(900, seed: 1))
  }
}
