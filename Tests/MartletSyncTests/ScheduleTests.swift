import Foundation
import MartletSync
import Testing

@Suite("Devices that exchange bundles over anything")
struct ScheduleTests {
  /// `MARTLET_SEEDS` is how many schedules to run, `MARTLET_SEED` replays one.
  static var seeds: ClosedRange<UInt64> {
    let environment = ProcessInfo.processInfo.environment
    if let one = environment["MARTLET_SEED"].flatMap(UInt64.init) { return one...one }
    return 1...max(1, environment["MARTLET_SEEDS"].flatMap(UInt64.init) ?? 400)
  }

  @Test(
    "agree and come to rest after every schedule, and are never told a falsehood",
    arguments: FaultMix.allCases)
  func schedules(mix: FaultMix) throws {
    for seed in Self.seeds {
      do {
        let world = try World(seed: seed, mix: mix)
        world.declines = seed.isMultiple(of: 4) ? 0.05 : 0
        for _ in 0..<150 { try world.step() }
        try world.settleDown()
        #expect(world.violations.isEmpty, "MARTLET_SEED=\(seed) \(mix)")
        for journal in world.devices.flatMap(\.state.peers.values) {
          let again = try PeerJournal(decoding: journal.encoded())
          #expect(again == journal, "MARTLET_SEED=\(seed) \(mix)")
        }
      } catch {
        Issue.record("MARTLET_SEED=\(seed) \(mix): \(error)")
      }
    }
  }
}
