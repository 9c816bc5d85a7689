import MartletFileSystem
import MartletNode
import MartletSeal
import MartletTestSupport
import SystemPackage
import Testing

@Suite("One bundle for several peers")
struct RecipientTests {
  /// A laptop that shares a group with a clinic and a ship.
  func village(seed: UInt64) throws -> Village {
    let village = try Village(seed: seed)
    try village.create("laptop", "clinic", "ship")
    _ = try village.open("laptop").createGroup("field", with: ["clinic", "ship"])
    for name in ["clinic", "ship"] {
      _ = try village.open("laptop").sync("/stick", with: nil)
      _ = try village.open(name).sync("/stick", with: nil)
      _ = try village.open(name).acceptGroup("field")
    }
    try settle(village)
    return village
  }

  func settle(_ village: Village) throws {
    for _ in 0..<4 {
      for name in ["laptop", "clinic", "ship"] {
        _ = try village.open(name).sync("/stick", with: nil)
      }
    }
  }

  func say(_ text: String, _ village: Village, to group: String) throws {
    _ = try village.open("laptop").send(client: "note", body: Array(text.utf8), to: group)
  }

  @Test("carries once what they lack of what they share, and each reads it")
  func once() throws {
    let village = try village(seed: 11)
    _ = try village.put(village.random.bytes(300_000), from: "laptop", into: "field")
    var dryRun = Node.ExportOptions()
    dryRun.isDryRun = true
    let alone = try #require(
      try village.open("laptop").export(
        to: "clinic", .file("/alone"), dryRun))
    try village.disk.makeDirectory("/out", permissions: 0o700)
    let reports = try village.open("laptop").export(
      to: ["clinic", "ship"], .directory("/out"), Node.ExportOptions())
    let report = try #require(reports.first)
    #expect(reports.count == 1 && report.leftOut.isEmpty)
    #expect(report.peers == ["clinic", "ship"])
    #expect(report.blobs == alone.blobs && report.messages == alone.messages)
    // Padding is at most 1/16 for this length.
    #expect(report.byteCount < alone.byteCount * 17 / 16 + 4096)
    for name in ["clinic", "ship"] {
      let imports = try village.open(name).sync("/out", with: []).imports
      #expect(imports.map(\.outcome) == [.imported])
      #expect(imports.map(\.blobs) == [alone.blobs])
    }
    for name in ["clinic", "ship"] {
      let before = try #require(try village.open("laptop", lacks: name))
      #expect(before.unacknowledged > 0)
    }
    try settle(village)
    for name in ["clinic", "ship"] {
      let status = try #require(try village.open("laptop", lacks: name))
      #expect(status.lacks == PeerStatus.Lacks() && status.unacknowledged == 0)
    }
  }

  @Test("leaves what not all of them share to bundles of their own, or says for whom it lacks")
  func others() throws {
    let village = try village(seed: 12)
    try say("to both", village, to: "field")
    try say("to one", village, to: "ship")
    let left = try village.open("laptop").export(
      to: ["clinic", "ship"], .file("/both"), Node.ExportOptions())
    #expect(left.map(\.peers) == [["clinic", "ship"]])
    #expect(left.map(\.messages) == [1] && left.map(\.leftOut) == [["ship"]])
    try say("again", village, to: "field")
    try village.disk.makeDirectory("/out", permissions: 0o700)
    let reports = try village.open("laptop").export(
      to: ["clinic", "ship"], .directory("/out"), Node.ExportOptions())
    #expect(reports.map(\.peers) == [["clinic", "ship"], ["ship"]])
    #expect(reports.map(\.messages) == [1, 1])
    try village.open("ship").importBundles(["/both"]) { _ in }
    _ = try village.open("ship").sync("/out", with: [])
    #expect(try village.texts("ship", in: "field") == ["to both", "again"])
    #expect(try village.texts("ship", in: "laptop") == ["to one"])
    // Nothing in common is lacking: only what one of them lacks is written.
    try say("more", village, to: "ship")
    let own = try village.open("laptop").export(
      to: ["clinic", "ship"], .directory("/out"), Node.ExportOptions())
    #expect(own.map(\.peers) == [["ship"]])
  }

  @Test("is what a sync writes for those who lack the same, and goes when all of them have it")
  func sync() throws {
    let village = try village(seed: 13)
    try say("hello", village, to: "field")
    let report = try village.open("laptop").sync("/stick", with: nil)
    #expect(report.exports.map(\.peers) == [["clinic", "ship"]])
    let name = try #require(report.exports.first?.path?.lastComponent?.string)
    _ = try village.open("clinic").sync("/stick", with: nil)
    _ = try village.open("laptop").sync("/stick", with: nil)
    #expect(try village.stick().contains(name))
    _ = try village.open("ship").sync("/stick", with: nil)
    let swept = try village.open("laptop").sync("/stick", with: nil)
    #expect(swept.removed.contains { $0.lastComponent?.string == name })
    #expect(try !village.stick().contains(name))
  }

  @Test("is written whole or not at all, at every failing call", arguments: [false, true])
  func faults(isCut: Bool) throws {
    let start = try village(seed: 14)
    try say("hello", start, to: "field")
    try start.disk.syncFileSystem(at: "/")
    var call = 0
    while true {
      call += 1
      let village = Village(start, on: start.disk.powerCut(seed: 1), seed: UInt64(call))
      village.clock.pass(60)
      if isCut {
        village.disk.cutPower(atCall: call)
      } else {
        village.disk.fail(nil, number: call, with: .ioError)
      }
      var isDone = false
      do {
        _ = try village.open("laptop").sync("/stick", with: nil)
        isDone = true
      } catch {}
      let wasHit = isCut ? village.disk.isOff : !isDone
      village.disk.clearFaults()
      if isCut { village.disk.restart(seed: UInt64(call)) }
      try settle(village)
      for name in ["clinic", "ship"] {
        #expect(try village.texts(name, in: "field") == ["hello"], "call \(call)")
        let status = try #require(try village.open("laptop", lacks: name))
        #expect(status.lacks == PeerStatus.Lacks(), "call \(call)")
      }
      if !wasHit, isDone { break }
    }
    #expect(call > 20)
  }
}
