import MartletFileSystem
import MartletSeal
import MartletStore
import MartletTestSupport
import MartletWire
import SystemPackage
import Testing

@Suite("A reader beside a writer")
struct ReaderTests {
  let scenario = Scenario("new files", setUp: 1, [50, 60]) {
    $0.stateFileByteCount = 30
    $0.commitHalfByteCount = 1024
    $0.packByteCount = 100
  }

  @Test("is not told of damage where files are replaced under it")
  func replaced() throws {
    let disk = try scenario.disk()
    let writer = try scenario.open(disk)
    var readers = [try scenario.open(disk, .reading)]
    for number in 1..<12 {
      try scenario.commit(number, to: writer)
      for reader in readers {
        let state = try reader.state(.node)
        // The state's file may still stand for a reader that looked before.
        #expect(state.map { Int($0[0]) <= number } == true)
        let found = try reader.verify()
        #expect(found.damage.isEmpty && found.lost.isEmpty)
      }
      readers.append(try scenario.open(disk, .reading))
      #expect(try readers.last?.state(.node) == scenario.state(number))
    }
    #expect(try readers.first?.state(.node) != scenario.state(0))
  }

  @Test("finds by name what stands in many packs, with little room for their indexes")
  func names() throws {
    var scenario = scenario
    scenario.limits.indexCacheByteCount = 16
    let disk = try scenario.disk()
    let writer = try scenario.open(disk)
    for number in 1..<6 { try scenario.commit(number, to: writer) }
    let reader = try scenario.open(disk, .reading)
    for number in (0..<6).reversed() {
      for index in 0..<2 {
        let bytes = scenario.object(index, of: number)
        #expect(try reader.read(ObjectID(Hash.plain(bytes))) == bytes)
      }
    }
    #expect(throws: StoreError.missing(ObjectID(.zero))) { try reader.read(ObjectID(.zero)) }
  }
}

@Suite("A file written with a transaction")
struct WriteFileTests {
  let scenario = Scenario.all[0]

  @Test(
    "has a path that is the caller's, or nothing is committed",
    arguments: [
      "", "/x", "../x", "a/../b", "./a", "a//b", "a/", "clients/../identity", "clients/..",
      "identity", "format", "lock", "commit", "state.1", "objects", "packs/a", "groups/a/state.1",
      "peers/a", "tmp/a", "quarantine/a", "clients", "other/a", "a\0b",
    ])
  func refused(name: String) throws {
    let disk = try scenario.disk()
    let store = try scenario.open(disk)
    let transaction = try store.transaction()
    try transaction.setState(.node, [9])
    transaction.writeFile(name, [1])
    #expect(throws: StoreError.notAName(name)) { try transaction.commit() }
    #expect(try scenario.count(disk, .reading) == 1)
    try scenario.commit(1, to: store)
    #expect(try scenario.count(disk.powerCut(seed: 1), .reading) == 2)
  }

  @Test("is durable with it", arguments: ["config.json", "clients/folder/cache/a", "clients/b"])
  func kept(name: String) throws {
    let disk = try scenario.disk()
    for seed in 1...5 as ClosedRange<UInt64> {
      let store = try scenario.open(disk)
      let transaction = try store.transaction()
      transaction.writeFile(name, [UInt8(seed)])
      try transaction.commit()
      let after = try scenario.open(disk.powerCut(seed: seed), .reading)
      #expect(try after.file(name, limit: 9) == [UInt8(seed)])
    }
  }
}
