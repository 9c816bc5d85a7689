import Foundation
import MartletSimulation
import Testing

@Suite("Years of everything at once")
struct SimulatedYearsTests {
  /// `MARTLET_SIM_SEEDS` is how many seeds of each scenario to run, `MARTLET_SIM_SEED` replays one. Each is
  /// two to five device-years.
  static let environment = ProcessInfo.processInfo.environment
  static let one = environment["MARTLET_SIM_SEED"].flatMap(UInt64.init)
  static let count = max(1, environment["MARTLET_SIM_SEEDS"].flatMap(UInt64.init) ?? 29)
  static let threadCount: UInt64 = 2

  /// Devices by two and three are many more runs in the same time.
  @Test(
    "break no invariant",
    arguments: [("years", count), ("years-few", count == 29 ? 4 : count)], 1...threadCount)
  func years(scenario: (name: String, count: UInt64), thread: UInt64) throws {
    let years = try Scenarios.named(scenario.name)
    let seeds = Self.one.map { $0...$0 } ?? 1...scenario.count
    for seed in seeds where seed % Self.threadCount == thread - 1 {
      let report = try Scenarios.run(years, seed: seed)
      #expect(report.violations.isEmpty, "MARTLET_SIM_SEED=\(seed) \(scenario.name)")
    }
  }
}
