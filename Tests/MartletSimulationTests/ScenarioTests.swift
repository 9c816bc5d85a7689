import MartletSimulation
import Testing

@Suite("The scenarios of the original proof of concept")
struct ScenarioTests {
  /// What must be so in each of them.
  private func run(_ name: String) throws -> Report {
    let report = try Scenarios.run(try Scenarios.named(name), seed: 1)
    #expect(report.violations.isEmpty)
    return report
  }

  @Test("P1 and P2: what has a path arrives at once, in one copy", arguments: ["p1", "p2"])
  func withoutPath(name: String) throws {
    let report = try run(name)
    // A's message at C. A and B are never on together: A's at B and B's at A and C have no path.
    #expect(report.delays == [0])
    #expect(report.lacking == 3 || report.lacking == 4)
    #expect(report.copiesPerHop == 1)
  }

  @Test(
    "P1 and P2: where bundles can be left, both messages reach all, in one copy each",
    arguments: ["p1-left", "p2-left"])
  func left(name: String) throws {
    let report = try run(name)
    #expect(report.lacking == 0)
    #expect(report.convergedAt.map { $0 <= 10 * 60 } == true)
    #expect(report.acknowledgedAt.map { $0 <= 15 * 60 } == true)
    #expect(report.copiesPerHop == 1)
  }

  @Test("P3 and P4: both messages reach all within ten ticks", arguments: ["p3", "p4"])
  func forwarded(name: String) throws {
    let report = try run(name)
    #expect(report.lacking == 0)
    #expect(report.convergedAt.map { $0 <= 10 * 60 } == true)
  }
}

@Suite("Devices that are on a tenth of the time")
struct WindowTests {
  @Test("carry each message once, and settle", arguments: ["windows-5m", "windows-30s"])
  func windows(name: String) throws {
    let scenario = try Scenarios.named(name)
    var carried = 0
    var useful = 0
    for seed in UInt64(1)...60 {
      let report = try Scenarios.run(scenario, seed: seed)
      #expect(report.violations.isEmpty, "seed \(seed)")
      #expect(report.acknowledgedAt != nil, "seed \(seed)")
      carried += report.carried
      useful += report.useful
    }
    #expect(Double(carried) <= 1.2 * Double(useful))
  }
}

@Suite("Those who carry for others")
struct CarryingTests {
  @Test("a mule that visits twenty villages brings all to all, in one copy a hop")
  func mule() throws {
    let report = try Scenarios.run(try Scenarios.named("mule"), seed: 1)
    #expect(report.violations.isEmpty)
    #expect(report.lacking == 0 && report.acknowledgedAt != nil)
    #expect(report.copiesPerHop == 1)
  }

  @Test("a dozen people who meet at random come to hold the same")
  func dozen() throws {
    let report = try Scenarios.run(try Scenarios.named("dozen"), seed: 1)
    #expect(report.violations.isEmpty)
    #expect(report.lacking == 0)
  }
}
