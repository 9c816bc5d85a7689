import Foundation
import Testing

@Suite("Devices on disks that lose power, over sticks and mail")
struct NodeScheduleTests {
  /// `MARTLET_NODE_SEEDS` is how many schedules to run, `MARTLET_NODE_SEED` replays one.
  static var seeds: ClosedRange<UInt64> {
    let environment = ProcessInfo.processInfo.environment
    if let one = environment["MARTLET_NODE_SEED"].flatMap(UInt64.init) { return one...one }
    return 1...max(1, environment["MARTLET_NODE_SEEDS"].flatMap(UInt64.init) ?? 100)
  }

  @Test("lose nothing, deliver everything once and in order, and come to rest")
  func schedules() throws {
    for seed in Self.seeds {
      do {
        let schedule = try Schedule(seed: seed)
        for _ in 0..<40 { try schedule.step() }
        try schedule.settleDown()
        #expect(schedule.violations.isEmpty, "MARTLET_NODE_SEED=\(seed)")
      } catch {
        Issue.record("MARTLET_NODE_SEED=\(seed): \(error)")
      }
    }
  }
}
