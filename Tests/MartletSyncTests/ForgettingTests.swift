import MartletSeal
import MartletSync
import MartletTestSupport
import MartletWire
import Testing

@Suite("A device that may keep little of its peers")
struct ForgettingTests {
  static var tight: JournalLimits {
    var limits = JournalLimits()
    limits.intervals = 2
    limits.pairs = 2
    limits.acknowledgedPairs = 1
    limits.unplaced = 1
    limits.ids = 1
    limits.sentBundles = 2
    limits.sentIntervals = 3
    limits.offered = 1
    return limits
  }

  @Test(
    "forgets, takes nothing for held that is not, and in the end everybody has everything",
    arguments: FaultMix.allCases)
  func forgets(mix: FaultMix) throws {
    let all = ScheduleTests.seeds
    for seed in all.count == 1 ? all : 1...max(40, all.upperBound / 4) {
      do {
        let world = try World(seed: seed, mix: mix)
        world.limits = Self.tight
        for _ in 0..<150 {
          try world.step()
          for journal in world.devices.flatMap(\.state.peers.values) {
            #expect(journal.sent.count <= 2, "MARTLET_SEED=\(seed)")
          }
        }
        #expect(world.violations.isEmpty, "MARTLET_SEED=\(seed) \(mix)")
        // They never rest while what was just heard is forgotten; nothing more is, from here on.
        world.limits = JournalLimits()
        for device in 0..<world.count { world.devices[device].state.limits = world.limits }
        try world.settleDown()
        #expect(world.violations.isEmpty, "MARTLET_SEED=\(seed) \(mix)")
      } catch {
        Issue.record("MARTLET_SEED=\(seed) \(mix): \(error)")
      }
    }
  }

  @Test(
    "keeps one pair of what was acknowledged, and comes to rest with it",
    arguments: FaultMix.allCases)
  func compacts(mix: FaultMix) throws {
    let all = ScheduleTests.seeds
    for seed in all.count == 1 ? all : 1...max(40, all.upperBound / 4) {
      do {
        let world = try World(seed: seed, mix: mix)
        world.limits.acknowledgedPairs = 1
        for _ in 0..<150 { try world.step() }
        try world.settleDown()
        #expect(world.violations.isEmpty, "MARTLET_SEED=\(seed) \(mix)")
      } catch {
        Issue.record("MARTLET_SEED=\(seed) \(mix): \(error)")
      }
    }
  }

  @Test("keeps within its limits whatever it hears and sends")
  func bounded() throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      let world = try World(seed: seed)
      world.limits = Self.tight
      for _ in 0..<150 {
        try world.step()
        for journal in world.devices.flatMap(\.state.peers.values) {
          for known in journal.logs.values {
            // What came since the last bundle was finished may be one more.
            #expect(known.applied.ranges.count <= 3, "seed \(seed)")
            #expect(known.offered.count <= 1, "seed \(seed)")
            #expect(known.asking.ranges.count <= 3, "seed \(seed)")
            #expect(known.telling.count <= 16, "seed \(seed)")
            // Without it a receipt could not be believed.
            let ends = known.held.union(known.void).ranges.map(\.upperBound)
            #expect(ends.allSatisfy { known.marks[$0] != nil }, "seed \(seed)")
          }
        }
      }
    }
  }

  @Test("keeps all logs of a peer together within one limit, and takes nothing more for held")
  func together() throws {
    let random = SeededRandom(seed: 17)
    var state = SyncState(device: DeviceState(instance: InstanceID(random.digest())))
    state.limits.entries = 1000
    let peer = DeviceID(random.digest())
    state.peers[peer] = PeerJournal()
    let held = Intervals((0..<100).map { 2 * $0..<2 * $0 + 1 })
    for _ in 0..<40 {
      let log = LogID(group: GroupID(random.digest()), objectClass: .messages)
      state.logs[log] = GroupLogState(epoch: EpochID(random: random))
      state.peers[peer]?.share(log)
      state.peers[peer]?.logs[log]?.applied = held
    }
    let heard = HeardBundle(
      instance: InstanceID(random.digest()), retired: [], logs: [],
      section: Section(
        number: 1, echo: .init(instance: state.device.instance, number: 0), logs: [],
        answeredAbsent: []))
    state.peers[peer]?.instance = heard.instance
    let views: [LogID: ArrayLog] = [:]
    let reception = try state.receive(heard, from: peer, views: views, random: random)
    state.finish(reception, changed: true)
    let logs = try #require(state.peers[peer]?.logs.values)
    #expect((500...1000).contains(logs.reduce(0) { $0 + $1.applied.ranges.count }))
    #expect(logs.allSatisfy { $0.applied.subtracting(held).isEmpty })
  }
}
