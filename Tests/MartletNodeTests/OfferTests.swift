import MartletFileSystem
import MartletNode
import MartletSeal
import MartletTestSupport
import SystemPackage
import Testing

@Suite("Less than all of it")
struct OfferTests {
  func options(_ limit: UInt64) -> Node.ExportOptions {
    var options = Node.ExportOptions()
    options.byteLimit = limit
    return options
  }

  func village(seed: UInt64) throws -> Village {
    let village = try Village(seed: seed)
    try village.create("laptop", "clinic")
    for _ in 0..<3 {
      for name in ["laptop", "clinic"] { _ = try village.open(name).sync("/stick", with: nil) }
    }
    return village
  }

  @Test("fits into what was said, offers the rest, and goes on with it", arguments: 1...6)
  func limit(seed: UInt64) throws {
    let village = try village(seed: seed)
    var addresses: [String] = []
    var bytes: [[UInt8]] = []
    for _ in 0..<12 {
      bytes.append(village.random.bytes(20_000 + village.random.below(300_000)))
      addresses.append(try village.put(bytes.last ?? [], from: "laptop", into: "clinic")[0])
    }
    let limit = UInt64(80_000 + village.random.below(900_000))
    var rounds = 0
    while true {
      let path = FilePath("/bundle-\(rounds)")
      guard
        let report = try village.open("laptop").export(
          to: "clinic", .file(path), options(limit))
      else { break }
      let size = try #require(try village.disk.information(at: path)).byteCount
      #expect(size <= limit && size == report.byteCount, "seed \(seed)")
      // At least half of the room is used where there is more than fits.
      if report.withheld.blobs > 0 {
        #expect(report.blobs + report.messages > 0 || limit < 400_000, "seed \(seed)")
      }
      try village.open("clinic").importBundles([path]) { _ in }
      let offered = try village.open("clinic").offers()
      #expect(
        offered.reduce(0) { $0 + $1.messages + $1.blobs }
          == report.withheld.messages + report.withheld.blobs, "seed \(seed)")
      let answer = FilePath("/answer-\(rounds)")
      if try village.open("clinic").export(to: "laptop", .file(answer)) != nil {
        try village.open("laptop").importBundles([answer]) { _ in }
      }
      rounds += 1
      if rounds > 60 { break }
    }
    for (address, expected) in zip(addresses, bytes) {
      #expect(try village.get(address, from: "clinic") == expected, "seed \(seed)")
    }
  }

  @Test("says so where not even receipts fit")
  func noRoom() throws {
    let village = try village(seed: 20)
    _ = try village.put(village.random.bytes(5000), from: "laptop", into: "clinic")
    do {
      _ = try village.open("laptop").export(to: "clinic", .file("/tiny"), options(200))
      Issue.record("200 bytes held a bundle")
    } catch NodeError.noRoom(let limit, let needed) {
      #expect(limit == 200 && needed > 200)
    }
    #expect(try village.disk.information(at: "/tiny") == nil)
    // Nothing was noted as sent.
    #expect(try #require(try village.open("laptop", lacks: "clinic")).unacknowledged == 0)
  }

  @Test("brings first what was asked for")
  func request() throws {
    let village = try village(seed: 21)
    var addresses: [String] = []
    for _ in 0..<6 {
      addresses.append(
        try village.put(village.random.bytes(1_400_000), from: "laptop", into: "clinic")[0])
    }
    _ = try #require(
      try village.open("laptop").export(to: "clinic", .file("/one"), options(60_000)))
    try village.open("clinic").importBundles(["/one"]) { _ in }
    let offer = try #require(try village.open("clinic").offers().first)
    #expect(offer.peer == "laptop" && offer.group == "laptop" && offer.requested == 0)
    #expect(offer.blobs >= 6)
    // The content that was put last.
    var selection = RequestSelection()
    selection.messages = [addresses[5]]
    let asked = try village.open("clinic").request("laptop", selection)
    #expect(asked.map(\.messages) == [0])
    #expect(asked.map(\.byteCount).reduce(0, +) > 1_400_000)
    #expect(try village.open("clinic").offers().first?.requested == asked[0].blobs)
    // Twice is once.
    #expect(try village.open("clinic").request("laptop", selection).isEmpty)
    _ = try #require(try village.open("clinic").export(to: "laptop", .file("/ask")))
    try village.open("laptop").importBundles(["/ask"]) { _ in }
    _ = try #require(
      try village.open("laptop").export(to: "clinic", .file("/two"), options(1_800_000)))
    try village.open("clinic").importBundles(["/two"]) { _ in }
    #expect(try village.get(addresses[5], from: "clinic").count == 1_400_000)
  }

  @Test("is not sent again what a quota refused, until the group is accepted")
  func declined() throws {
    let village = try Village(seed: 22)
    try village.create("laptop", "clinic")
    _ = try village.open("laptop").createGroup("films", with: ["clinic"])
    for _ in 0..<3 {
      _ = try village.open("laptop").sync("/stick", with: nil)
      _ = try village.open("clinic").sync("/stick", with: nil)
    }
    #expect(try village.open("clinic").groups().contains { !$0.isAccepted })
    let address = try village.put(
      village.random.bytes(200_000), from: "laptop", into: "films")[0]
    for _ in 0..<3 {
      _ = try village.open("laptop").sync("/stick", with: nil)
      let clinic = try village.open("clinic")
      clinic.unacceptedRoom = 1000
      _ = try clinic.sync("/stick", with: nil)
    }
    let status = try #require(try village.open("laptop", lacks: "clinic"))
    #expect(status.declined > 0)
    #expect(status.declined == status.lacks.messages + status.lacks.blobs)
    let again = try village.open("laptop").sync("/stick", with: nil)
    #expect(again.exports.allSatisfy { $0.isReceiptOnly })
    _ = try village.open("clinic").acceptGroup("films")
    for _ in 0..<3 {
      _ = try village.open("clinic").sync("/stick", with: nil)
      _ = try village.open("laptop").sync("/stick", with: nil)
    }
    #expect(try village.get(address, from: "clinic").count == 200_000)
    #expect(try #require(try village.open("laptop", lacks: "clinic")).declined == 0)
  }
}
