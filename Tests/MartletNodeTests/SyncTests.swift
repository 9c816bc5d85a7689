import MartletFileSystem
import MartletNode
import MartletTestSupport
import SystemPackage
import Testing

@Suite("Two devices and a stick")
struct SyncTests {
  @Test("exchange messages both ways, settle, and then change nothing")
  func settle() throws {
    let village = try Village(seed: 1)
    try village.create("laptop", "clinic")
    _ = try village.open("laptop").send(client: "note", body: Array("hello".utf8), to: "clinic")
    _ = try village.open("laptop").send(client: "note", body: Array("again".utf8), to: "clinic")
    for _ in 0..<2 {
      for device in ["laptop", "clinic"] {
        let peers: [String]? = nil
        _ = try village.open(device).sync("/stick", with: peers)
      }
      _ = try village.open("clinic").send(client: "note", body: Array("got".utf8), to: "laptop")
    }
    for device in ["laptop", "clinic", "laptop", "clinic"] {
      _ = try village.open(device).sync("/stick", with: nil)
    }
    let before = try village.stick()
    for device in ["laptop", "clinic", "laptop", "clinic"] {
      let report = try village.open(device).sync("/stick", with: nil)
      #expect(report.exports.isEmpty && report.removed.isEmpty)
    }
    #expect(try village.stick() == before)
    for (one, other) in [("laptop", "clinic"), ("clinic", "laptop")] {
      let status = try #require(try village.open(one, lacks: other))
      #expect(status.lacks == PeerStatus.Lacks())
      #expect(status.unacknowledged == 0)
      #expect(try village.texts(one, in: other) == ["hello", "again", "got", "got"])
    }
  }

  @Test("send again what was cut short on the stick after it was finished", arguments: [0, 1, 700])
  func cutShort(length: Int) throws {
    let village = try Village(seed: 3)
    try village.create("laptop", "clinic")
    _ = try village.open("laptop").send(client: "note", body: Array("hello".utf8), to: "clinic")
    _ = try village.open("laptop").sync("/stick", with: nil)
    let path = FilePath("/stick/\(try village.stick()[0])")
    let bytes = try village.disk.readAll(path, limit: 1 << 20)
    try village.disk.remove(path)
    try village.disk.openFile(path, .createNew(permissions: 0o600))
      .write(at: 0, Array(bytes.prefix(length)))
    let report = try village.open("laptop").sync("/stick", with: nil)
    #expect(report.exports.map(\.messages) == [1])
    #expect(try village.stick() == report.exports.compactMap { $0.path?.lastComponent?.string })
    _ = try village.open("clinic").sync("/stick", with: nil)
    #expect(try village.texts("clinic", in: "laptop") == ["hello"])
  }

  @Test("clear a stick of what was cut short there, also when another stick was used meanwhile")
  func twoSticks() throws {
    let village = try Village(seed: 5)
    try village.create("laptop", "clinic")
    _ = try village.open("laptop").send(client: "note", body: Array("hello".utf8), to: "clinic")
    try village.disk.makeDirectory("/other", permissions: 0o700)
    try village.disk.syncFileSystem(at: "/")
    let clean = Village(village, on: village.disk.powerCut(seed: 1), seed: 1)
    clean.disk.resetCallCounts()
    _ = try clean.open("laptop").sync("/stick", with: nil)
    var cutShort = 0
    for call in 1...clean.disk.callCount {
      let copy = Village(village, on: village.disk.powerCut(seed: 1), seed: UInt64(call))
      copy.disk.cutPower(atCall: call)
      _ = try? copy.open("laptop").sync("/stick", with: nil)
      copy.disk.restart(seed: UInt64(call))
      let left = try copy.stick()
      _ = try copy.open("laptop").sync("/other", with: nil)
      _ = try copy.open("laptop").sync("/stick", with: nil)
      if try !left.isEmpty && !copy.stick().contains(left[0]) { cutShort += 1 }
      for stick in ["/other", "/stick"] as [FilePath] {
        for report in try copy.open("clinic").sync(stick, with: nil).imports {
          #expect(report.outcome == .imported || report.outcome == .known, "call \(call)")
        }
      }
      #expect(try copy.texts("clinic", in: "laptop") == ["hello"], "call \(call)")
    }
    #expect(cutShort > 0)
  }

  @Test("bring messages that are hundreds of times as long as what is carried of them")
  func expanding() throws {
    let village = try Village(seed: 7)
    try village.create("laptop", "clinic")
    // More in one segment than is opened ahead.
    var addresses: [String] = []
    for number in 0..<24 as Range<UInt8> {
      let zeros = [number] + [UInt8](repeating: 0, count: 1_000_000)
      addresses += try village.put(zeros, from: "laptop", into: "clinic")
    }
    _ = try village.open("laptop").sync("/stick", with: nil)
    let report = try village.open("clinic").sync("/stick", with: nil)
    #expect(report.imports.map(\.messages) == [24])
    #expect(report.imports.map(\.pending) == [0])
    for (number, address) in addresses.enumerated() {
      let bytes = try village.get(address, from: "clinic")
      #expect(bytes.count == 1_000_001 && bytes[0] == UInt8(number))
    }
  }
}
