import MartletFileSystem
import MartletNode
import MartletSeal
import MartletTestSupport
import SystemPackage
import Testing

/// A sync of either side, tried against whatever its calls may do.
@Suite("A sync that goes wrong", .serialized)
struct FaultTests {
  enum Side: String, CaseIterable, Sendable {
    case exporting, importing
    var device: String { self == .exporting ? "ada" : "ben" }
    var peer: String { self == .exporting ? "ben" : "ada" }
  }

  /// Ready for one side's sync, with something of everything to do.
  static func prepared(_ side: Side) throws -> (village: Village, address: String, bytes: [UInt8]) {
    let village = try Village(seed: 5)
    try village.create("ada", "ben")
    _ = try village.open("ben").send(client: "record", body: [1], to: "ada")
    _ = try village.open("ben").sync("/stick", with: nil)
    _ = try village.open("ada").sync("/stick", with: nil)
    let bytes = village.random.bytes(1_400_000)
    let address = try village.put(bytes, from: "ada", into: "ben")[0]
    for body in 2..<6 as Range<UInt8> {
      _ = try village.open("ada").send(client: "record", body: [body], to: "ben")
    }
    if side == .importing { _ = try village.open("ada").sync("/stick", with: nil) }
    try village.disk.syncFileSystem(at: "/")
    return (village, address, bytes)
  }

  /// Afterwards: the store is whole, what was reported is there, and the same again completes.
  static func check(
    _ village: Village, _ side: Side, reported: UInt64, _ prepared: (String, [UInt8]),
    _ what: String
  ) throws {
    let found = try village.open(side.device).verify()
    #expect(found.damage.isEmpty && found.lost.isEmpty, "\(what): \(found.damage)")
    if side == .importing {
      let group = try village.open("ben", .reading).group("ada")
      #expect(group.messageCount + UInt64(group.pendingCount) >= reported, "\(what)")
    }
    for _ in 0..<3 {
      for device in [side.device, side.peer] {
        _ = try village.open(device, clients: [Recorder()]).sync("/stick", with: nil)
      }
    }
    #expect(try village.get(prepared.0, from: "ben") == prepared.1, "\(what)")
    for (one, other) in [("ada", "ben"), ("ben", "ada")] {
      let status = try #require(try village.open(one, lacks: other))
      #expect(status.lacks == PeerStatus.Lacks() && status.unacknowledged == 0, "\(what)")
    }
    let delivered = try village.open("ben").clientState(Recorder.type, of: "ada")
    #expect(delivered.count == 5 * 32, "\(what)")
    #expect(try village.stick().count <= 2, "\(what)")
  }

  /// Calls that a clean run makes.
  static func callCount(_ village: Village, _ side: Side) throws -> Int {
    let copy = Village(village, on: village.disk.powerCut(seed: 1), seed: 1)
    let before = copy.disk.callCount
    _ = try copy.open(side.device, clients: [Recorder()]).sync("/stick", with: nil)
    return copy.disk.callCount - before
  }

  @Test("survives a power cut at every call", arguments: Side.allCases)
  func powerCuts(side: Side) throws {
    let (village, address, bytes) = try Self.prepared(side)
    let count = try Self.callCount(village, side)
    #expect(count > 60)
    for call in 1...count {
      let copy = Village(village, on: village.disk.powerCut(seed: 1), seed: UInt64(call))
      copy.disk.cutPower(atCall: call)
      var reported: UInt64 = 1
      do {
        _ = try copy.open(side.device, clients: [Recorder()]).sync("/stick", with: nil) {
          reported += $0.messages
        }
      } catch {}
      copy.disk.restart(seed: UInt64(call))
      try Self.check(
        copy, side, reported: side == .importing ? reported : 0, (address, bytes),
        "\(side), cut at call \(call) of \(count)")
    }
  }

  @Test(
    "survives a full or failing disk at every call that writes",
    arguments: Side.allCases, [Errno.noSpace, .ioError])
  func failures(side: Side, errno: Errno) throws {
    try fail(side, errno, threadCount: 0)
  }

  @Test(
    "survives it also where others read and write meanwhile, whichever call that is then",
    arguments: Side.allCases, [Errno.noSpace, .ioError])
  func failuresWithThreads(side: Side, errno: Errno) throws {
    try fail(side, errno, threadCount: 2)
  }

  private func fail(_ side: Side, _ errno: Errno, threadCount: Int) throws {
    let (village, address, bytes) = try Self.prepared(side)
    for kind in [FileSystemCall.write, .sync, .syncDirectory] {
      let clean = Village(village, on: village.disk.powerCut(seed: 1), seed: 1)
      clean.disk.resetCallCounts()
      _ = try clean.open(side.device, clients: [Recorder()]).sync("/stick", with: nil)
      for number in 1...max(1, clean.disk.callCount(kind)) {
        let copy = Village(village, on: village.disk.powerCut(seed: 1), seed: UInt64(number))
        copy.disk.fail(kind, number: number, with: errno)
        copy.threadCount = threadCount
        do {
          _ = try copy.open(side.device, clients: [Recorder()]).sync("/stick", with: nil)
        } catch {
          switch error as? NodeError {
          case .store, .file, .full, .gone: break
          default: Issue.record("\(side), \(kind) \(number): \(error)")
          }
        }
        copy.disk.clearFaults()
        copy.threadCount = 0
        try Self.check(
          copy, side, reported: 0, (address, bytes),
          "\(side), \(errno) at \(kind) \(number), \(threadCount) threads")
      }
    }
  }
}
