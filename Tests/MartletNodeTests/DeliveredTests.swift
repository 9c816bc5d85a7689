import MartletNode
import MartletSeal
import MartletTestSupport
import SystemPackage
import Testing

@Suite("What others have delivered")
struct DeliveredTests {
  /// Sticks between neighbours in a row: who meets whom.
  func row(_ names: [String], seed: UInt64) throws -> Village {
    let village = try Village(seed: seed)
    for name in names {
      try Node.create(at: village.path(name), name: name, passphrase: nil, in: village.environment)
    }
    // All have all cards, and only neighbours meet.
    for one in names {
      let node = try village.open(one)
      for other in names where other != one {
        _ = try node.addPeer(other, card: try village.open(other, .reading).card.text)
      }
    }
    for (one, other) in zip(names, names.dropFirst()) {
      try village.disk.makeDirectory(FilePath("/stick-\(one)-\(other)"), permissions: 0o700)
    }
    _ = try village.open(names[0]).createGroup("all", with: Array(names.dropFirst()))
    for _ in names {
      try meet(names, village)
      for name in names.dropFirst() {
        let node = try village.open(name)
        if try node.groups().contains(where: { $0.name == "all" && !$0.isAccepted }) {
          _ = try node.acceptGroup("all")
        }
      }
    }
    return village
  }

  func meet(_ names: [String], _ village: Village) throws {
    for (one, other) in zip(names, names.dropFirst()) {
      for (here, there) in [(one, other), (other, one), (one, other)] {
        _ = try village.open(here).sync(FilePath("/stick-\(one)-\(other)"), with: [there])
      }
    }
    village.clock.pass(3600)
  }

  @Test("is known across those in between", arguments: [3, 4])
  func across(count: Int) throws {
    let names = Array(["ada", "ben", "cyd", "dot"].prefix(count))
    let village = try row(names, seed: UInt64(count))
    let id = try village.open("ada").send(client: "note", body: [1], to: "all")
    #expect(try village.open("ada", .reading).delivered(id, in: "all").isEmpty)
    // There, and the word back.
    for _ in 0..<2 * count { try meet(names, village) }
    let known = try village.open("ada", .reading).delivered(id, in: "all")
    #expect(known.sorted() == names.dropFirst().sorted())
    // Everybody knows of everybody.
    for name in names {
      let known = try village.open(name, .reading).delivered(id, in: "all")
      #expect(known.sorted() == names.filter { $0 != name })
    }
    // And then there is nothing more to say.
    var written = 0
    for (one, other) in zip(names, names.dropFirst()) {
      for (here, there) in [(one, other), (other, one)] {
        let stick = FilePath("/stick-\(one)-\(other)")
        written += try village.open(here).sync(stick, with: [there]).exports.count
      }
    }
    #expect(written == 0)
  }

  @Test("spares sending what somebody has through others")
  func inferred() throws {
    let names = ["ada", "ben", "cyd"]
    let village = try row(names, seed: 9)
    for index in 0..<20 as Range<UInt8> {
      _ = try village.open("ada").send(
        client: "note", body: village.random.bytes(2000) + [index], to: "all")
    }
    for _ in 0..<6 { try meet(names, village) }
    // Ada and Cyd never met; Ada has heard of what Cyd has.
    let first = try #require(try village.open("ada").export(to: "cyd", .file("/direct")))
    #expect(first.messages == 0)
    try village.open("cyd").importBundles(["/direct"]) { _ in }
    _ = try #require(try village.open("cyd").export(to: "ada", .file("/answer")))
    try village.open("ada").importBundles(["/answer"]) { _ in }
    let status = try #require(try village.open("ada", lacks: "cyd"))
    #expect(status.lacks.messages == 0)
    #expect(try village.open("ada").export(to: "cyd", .file("/nothing"))?.messages ?? 0 == 0)
  }
}
