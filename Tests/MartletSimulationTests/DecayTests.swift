import MartletSimulation
import Testing

/// An object that comes back after it was damaged stands in another pack than its log says: where a peer
/// named it, or it went before, it is hashed before it is sent.
@Suite("On disks that decay")
struct DecayTests {
  @Test("what one lost comes back from the other")
  func rot() throws {
    let scenario = try Scenarios.named("rot")
    for seed in UInt64(1)...30 {
      let report = try Scenarios.run(scenario, seed: seed)
      #expect(report.violations.isEmpty, "seed \(seed)")
    }
  }
}
