import MartletFileSystem
import MartletNode
import MartletSeal
import MartletTestSupport
import SystemPackage
import Testing

@Suite("A damaged bundle")
struct DamageTests {
  static let sizes = [10, 70_000, 60_000, 300, 65_000, 90_000, 20]

  /// Two peers, one of whom has written a bundle of several segments for the other.
  static func prepared() throws -> (village: Village, contents: [(String, [UInt8])]) {
    let village = try Village(seed: 11)
    try village.create("ada", "ben")
    var contents: [(String, [UInt8])] = []
    for size in sizes {
      let bytes = village.random.bytes(size)
      contents.append((try village.put(bytes, from: "ada", into: "ben")[0], bytes))
    }
    _ = try village.open("ada").export(to: "ben", .file("/good"))
    try village.disk.syncFileSystem(at: "/")
    return (village, contents)
  }

  /// One of the things that happen to files on their way.
  static func damage(_ bytes: inout [UInt8], _ random: SeededRandom) {
    switch random.below(6) {
    case 0: bytes.removeLast(1 + random.below(bytes.count))
    case 1: bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8))
    case 2:
      for _ in 0..<3 { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
    case 3:
      let start = random.below(bytes.count)
      for index in start..<min(bytes.count, start + 512) { bytes[index] = 0 }
    case 4: bytes += random.bytes(1 + random.below(5000))
    default:
      // Two stretches change places.
      let length = min(4096, bytes.count / 4)
      let one = random.below(bytes.count - length)
      let other = random.below(bytes.count - length)
      let copy = Array(bytes[one..<one + length])
      bytes.replaceSubrange(one..<one + length, with: bytes[other..<other + length])
      bytes.replaceSubrange(other..<other + length, with: copy)
    }
  }

  @Test("changes nothing, or gives what is whole of it; the good copy then completes")
  func damages() throws {
    let (village, contents) = try Self.prepared()
    let good = try village.disk.readAll("/good", limit: 1 << 24)
    let before = try village.files(of: "ben")
    var salvaged = 0
    for seed in UInt64(1)...500 {
      let random = SeededRandom(seed: seed)
      var bytes = good
      Self.damage(&bytes, random)
      guard bytes != good else { continue }
      let copy = Village(village, on: village.disk.powerCut(seed: seed), seed: seed)
      try copy.disk.openFile("/bad", .createNew(permissions: 0o600)).write(at: 0, bytes)
      var outcome: ImportReport.Outcome?
      try copy.open("ben").importBundles(["/bad"]) { outcome = $0.outcome }
      switch outcome {
      case .refused, .notForUs:
        #expect(try copy.files(of: "ben") == before, "seed \(seed)")
      case .salvaged, .imported:
        salvaged += 1
      default: Issue.record("seed \(seed): \(String(describing: outcome))")
      }
      for (address, content) in contents {
        do {
          #expect(try copy.get(address, from: "ben") == content, "seed \(seed)")
        } catch NodeError.unknownObject {
        } catch NodeError.incomplete {}
      }
      var again: ImportReport.Outcome?
      try copy.open("ben").importBundles(["/good"]) { again = $0.outcome }
      #expect(again == .imported || (again == .known && outcome == .imported), "seed \(seed)")
      for (address, content) in contents {
        #expect(try copy.get(address, from: "ben") == content, "seed \(seed)")
      }
    }
    #expect(salvaged > 100)
  }

  @Test("for somebody else is not for us, and changes nothing")
  func others() throws {
    let (village, _) = try Self.prepared()
    try Node.create(
      at: village.path("eve"), name: "eve", passphrase: nil, in: village.environment)
    let before = try village.files(of: "eve")
    var outcome: ImportReport.Outcome?
    try village.open("eve").importBundles(["/good"]) { outcome = $0.outcome }
    #expect(outcome == .notForUs)
    #expect(try village.files(of: "eve") == before)
    #expect(try village.open("eve").inspect("/good").isForUs == false)
  }

  @Test("of a stranger is kept aside, and imported once its card is added")
  func strangers() throws {
    let (village, contents) = try Self.prepared()
    let card = try village.open("ada", .reading).card.text
    try village.open("ben").removePeer("ada")
    var outcome: ImportReport.Outcome?
    try village.open("ben").importBundles(["/good"]) { outcome = $0.outcome }
    #expect(outcome == .stranger(name: "ada", .kept))
    _ = try village.open("ben").addPeer("ada", card: card)
    for (address, content) in contents {
      #expect(try village.get(address, from: "ben") == content)
    }
  }
}
