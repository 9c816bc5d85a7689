import MartletFileSystem
import MartletSeal
import MartletStore
import MartletTestSupport
import MartletWire
import SystemPackage
import Testing

@Suite("Verifying the store")
struct VerifyTests {
  let disk = SimulatedFileSystem()
  let log = LogID(group: GroupID(.zero), objectClass: .blobs)
  /// Of the objects 0 to 5: two are loose, and the others share two packs.
  let objects: [StoredObject]

  init() throws {
    try Store.create(at: "/s", on: disk, identity: [1], limits: StoreTests.limits)
    let store = try Store(
      at: "/s", on: disk, for: .writing(wait: false), limits: StoreTests.limits)
    var objects: [StoredObject] = []
    for part in [0..<4, 4..<6] {
      let transaction = try store.transaction()
      var added: [StoredObject] = []
      for number in part {
        let bytes = Self.bytes(number)
        added.append(try transaction.addObject(ObjectID(Hash.plain(bytes)), bytes))
      }
      try transaction.append(added, to: log)
      try transaction.setState(.node, [UInt8(part.upperBound)])
      try transaction.commit()
      objects += added
    }
    self.objects = objects
    try disk.syncFileSystem(at: "/s")
  }

  static func bytes(_ number: Int) -> [UInt8] {
    (0..<(number % 3 == 2 ? 300 : 90)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) }
  }

  func store(_ disk: SimulatedFileSystem, _ access: Store.Access = .reading) throws -> Store {
    try Store(at: "/s", on: disk, for: access, limits: StoreTests.limits)
  }

  /// Every file below the store, save those that verifying reads nothing of.
  func paths() throws -> [FilePath] {
    var paths: [FilePath] = []
    var waiting: [FilePath] = ["/s"]
    while let directory = waiting.popLast() {
      for name in try disk.list(directory) {
        let path = directory.appending(name)
        if try disk.information(at: path)?.kind == .directory {
          waiting.append(path)
        } else if !["lock", "identity", "format"].contains(name.string) {
          paths.append(path)
        }
      }
    }
    return paths.sorted { $0.string < $1.string }
  }

  func change(_ path: FilePath, _ body: (inout [UInt8]) -> Void) throws -> SimulatedFileSystem {
    let disk = disk.powerCut(seed: 1)
    var bytes = try disk.readAll(path, limit: 1 << 20)
    body(&bytes)
    let file = try disk.openFile(path, .readWrite)
    try file.write(at: 0, bytes)
    try file.truncate(to: UInt64(bytes.count))
    try file.sync()
    return disk
  }

  @Test("finds nothing wrong with what is whole")
  func whole() throws {
    var told: (UInt64, UInt64) = (0, 0)
    let found = try store(disk).verify(alsoHeld: objects) { told = ($0, $1) }
    #expect(found.damage.isEmpty && found.lost.isEmpty && found.lostHeld.isEmpty)
    #expect(!found.wasStopped)
    // The loose ones twice: the log names them, and they are said to be held.
    #expect(found.objectCount == 8 && told == (found.objectCount, found.byteCount))
    #expect(found.byteCount == UInt64((0..<6).map { Self.bytes($0).count }.reduce(600, +)))
  }

  @Test("finds every changed byte of every file, and names what is lost")
  func everyByte() throws {
    var lost: Set<ObjectID> = []
    for path in try paths() {
      let byteCount = Int(try #require(try disk.information(at: path)).byteCount)
      for byte in stride(from: 0, to: byteCount, by: 5)
      where path.lastComponent?.string != "commit" || byte < 900 {
        let disk = try change(path) { $0[byte] ^= 1 << UInt8(byte % 8) }
        let store = try store(disk)
        let found = try store.verify(alsoHeld: objects)
        // Of the last commit entry one copy is as good as two, and states gone by are not read.
        let isPast = path.lastComponent?.string == "state.1" && byte < 13
        // An index is never synchronised: a torn one is made again, and no damage.
        if path.lastComponent?.string != "commit", path.extension != "idx", !isPast {
          #expect(!found.damage.isEmpty, "\(path), byte \(byte)")
        }
        for (_, position, id) in found.lost {
          #expect(objects[Int(position)].id == id)
          #expect(throws: StoreError.self) { try store.read(objects[Int(position)]) }
        }
        #expect(Set(found.lostHeld).isSuperset(of: found.lost.map(\.id)))
        #expect(found.lost.count <= 1, "\(path), byte \(byte)")
        for object in objects where !found.lostHeld.contains(object.id) {
          #expect(try store.read(object) == Self.bytes(objects.firstIndex(of: object) ?? 0))
        }
        lost.formUnion(found.lost.map(\.id))
      }
    }
    #expect(lost.count == objects.count)
  }

  @Test("never traps on a file that is cut short or gone")
  func everyFile() throws {
    for path in try paths() where path.lastComponent?.string != "commit" {
      let byteCount = Int(try #require(try disk.information(at: path)).byteCount)
      for length in stride(from: 0, to: byteCount, by: 5) {
        let disk = try change(path) { $0.removeLast($0.count - length) }
        for access in [Store.Access.reading, .writing(wait: false)] {
          // An index is never synchronised, so a torn one is made again and no damage.
          #expect(
            try store(disk, access).verify().damage.isEmpty == (path.extension == "idx"),
            "\(path), \(length) bytes")
        }
      }
      let disk = disk.powerCut(seed: 1)
      try disk.remove(path)
      let found = try store(disk).verify()
      #expect(found.damage.isEmpty == (path.extension == "idx"), "\(path)")
    }
  }

  @Test("does not call lost what is damaged at its place and whole elsewhere")
  func elsewhere() throws {
    for path in try paths() where path.starts(with: "/s/packs") || path.starts(with: "/s/objects") {
      guard path.extension != "idx" else { continue }
      let disk = try change(path) { for index in $0.indices { $0[index] ^= 1 } }
      let damaged = try store(disk).verify()
      #expect(!damaged.lost.isEmpty && !damaged.damage.isEmpty)
      do {
        let store = try store(disk, .writing(wait: false))
        #expect(try store.verify().lost.map(\.id) == damaged.lost.map(\.id))
        let transaction = try store.transaction()
        let again = try transaction.addObject(
          damaged.lost[0].id, Self.bytes(Int(damaged.lost[0].position)))
        try transaction.append([again], to: log)
        try transaction.commit()
      }
      let found = try store(disk).verify()
      #expect(found.lost.map(\.id) == Array(damaged.lost.map(\.id).dropFirst()), "\(path)")
      // A loose file was moved aside; a pack stays.
      #expect(found.damage.isEmpty == path.starts(with: "/s/objects"))
      let aside = try disk.list("/s/quarantine").count
      #expect(aside == (path.starts(with: "/s/objects") ? 1 : 0))
    }
  }

  @Test("goes on behind what the medium does not give")
  func medium() throws {
    let calls = try store(disk).verify().objectCount
    #expect(calls == 6)
    for number in 1...60 {
      let disk = disk.powerCut(seed: 1)
      let store = try store(disk)
      disk.fail(.read, number: number, with: .ioError)
      let found = try store.verify()
      #expect(found.lost.isEmpty, "read \(number)")
    }
  }

  @Test("rebuilds every log entry with one bit changed, and says that it was damaged")
  func everyLogBit() throws {
    let path = try #require(try paths().first { $0.extension == "log" })
    let whole = try disk.readAll(path, limit: 1 << 20)
    for bit in stride(from: 0, to: whole.count * 8, by: 11) {
      let disk = try change(path) { $0[bit / 8] ^= 1 << UInt8(bit % 8) }
      let found = try store(disk, .writing(wait: false)).verify()
      #expect(found.damage.map(\.path).allSatisfy { $0.hasSuffix(".log") } && found.lost.isEmpty)
      #expect(!found.damage.isEmpty, "bit \(bit)")
      #expect(try disk.powerCut(seed: 1).readAll(path, limit: 1 << 20) == whole, "bit \(bit)")
    }
  }

  @Test(
    "rebuilds what was wiped from a log if the packs tell it, and nothing else", arguments: 0..<6)
  func wipedLog(position: Int) throws {
    let path = try #require(try paths().first { $0.extension == "log" })
    let whole = try disk.readAll(path, limit: 1 << 20)
    for count in 1...6 - position {
      let wiped = position * 104..<(position + count) * 104
      let disk = try change(path) { for index in wiped { $0[index] = 0 } }
      let damaged = try disk.readAll(path, limit: 1 << 20)
      let found = try store(disk, .writing(wait: false)).verify()
      #expect(found.damage.count == count && found.lost.isEmpty)
      let after = try disk.readAll(path, limit: 1 << 20)
      // The last is vouched for by none behind it, and the third and sixth are in no pack.
      let isTold =
        position + count < 6 && !(position...position + count).contains(2)
        || position == 1 && count == 1
      #expect(after == whole || after == damaged)
      if isTold { #expect(after == whole, "\(count) from \(position)") }
      if position + count == 6 { #expect(after == damaged) }
    }
  }

  @Test("stops when told to")
  func stop() throws {
    for number in 0..<20 {
      var asked = 0
      let found = try store(disk).verify(
        alsoHeld: objects,
        shouldStop: {
          asked += 1
          return asked > number
        })
      #expect(found.wasStopped == (asked > number))
      #expect(found.lost.isEmpty && found.damage.isEmpty && found.lostHeld.isEmpty)
    }
  }

  @Test("and repairing: a damaged state is told, the one before is offered, and it can be set")
  func states() throws {
    let path = try #require(try paths().first { $0.lastComponent?.string == "state.1" })
    for byte in 0..<26 {
      for isCut in [false, true] {
        let disk = try change(path) { bytes in
          if isCut { bytes.removeLast(bytes.count - byte) } else { bytes[byte] ^= 1 }
        }
        let store = try store(disk, .writing(wait: false))
        if isCut || byte >= 13 {
          #expect(throws: StoreError.damaged(path, offset: 13), "byte \(byte)") {
            try store.state(.node)
          }
          #expect(try store.previousState(.node) == (byte >= 13 ? [4] : nil))
        } else {
          #expect(try store.state(.node) == [6])
          #expect(try store.previousState(.node) == nil)
        }
        let transaction = try store.transaction()
        try transaction.setState(.node, [9, 9])
        try transaction.commit()
        #expect(try store.state(.node) == [9, 9])
        #expect(try self.store(disk.powerCut(seed: 3)).state(.node) == [9, 9])
      }
    }
  }
}
