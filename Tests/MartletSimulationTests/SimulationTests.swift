import Foundation
import MartletSimulation
import Testing

/// Reads scenarios of the repository.
enum Scenarios {
  static func named(_ name: String, test: String = #filePath) throws -> Scenario {
    let root = test.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    let path = root.joined(separator: "/") + "/Scenarios/\(name).scenario"
    return try Scenario(name: name, text: String(contentsOfFile: path, encoding: .utf8))
  }

  static func run(_ scenario: Scenario, seed: UInt64) throws -> Report {
    let plan = Plan(scenario, seed: seed)
    let simulation = try Simulation(scenario, seed: seed)
    simulation.run(plan.events)
    return simulation.report
  }
}

@Suite("A run of a scenario")
struct SimulationTests {
  @Test("is the same whenever it has the same seed, and another with another")
  func replays() throws {
    var scenario = try Scenarios.named("years")
    scenario.length /= 12
    scenario.variety?.contacts = 30
    scenario.variety?.messages = 20
    let one = try Scenarios.run(scenario, seed: 3)
    #expect(try Scenarios.run(scenario, seed: 3) == one)
    #expect(try Scenarios.run(scenario, seed: 4).fingerprint != one.fingerprint)
  }

  @Test("that fails is told by fewer events, which fail in the same way")
  func shrinks() throws {
    // A device that is never on again cannot be honest: what it wrote is lost with it.
    let scenario = try Scenario(
      name: "hole",
      text: """
        length 10d
        device a
        device b
        link a b live every 1d
        group all a b
        write a all 20 before 9d
        """)
    let plan = Plan(scenario, seed: 1)
    let simulation = try Simulation(scenario, seed: 1)
    simulation.run(plan.events)
    var report = simulation.report
    #expect(report.violations.isEmpty)
    // Nothing fails: there is nothing to shrink.
    report.violations = []
    let result = try Shrinker(scenario, seed: 1).shrink(plan.events, report)
    #expect(result.events == plan.events && result.runCount == 0)
  }

  @Test("counts one copy for each message and hop where nothing is lost")
  func copies() throws {
    let scenario = try Scenario(
      name: "two",
      text: """
        length 10d
        device a
        device b
        link a b live every 6h
        group all a b
        write all all 20 before 9d
        """)
    for seed in UInt64(1)...5 {
      let report = try Scenarios.run(scenario, seed: seed)
      #expect(report.violations.isEmpty, "seed \(seed)")
      #expect(report.messages == 40 && report.carried == 40 && report.useful == 40, "seed \(seed)")
      #expect(report.acknowledgedAt != nil && report.lacking == 0, "seed \(seed)")
    }
  }
}

@Suite("The text of a scenario")
struct ScenarioTextTests {
  @Test("of every scenario here can be read")
  func all() throws {
    for name in [
      "p1", "p1-left", "p2", "p2-left", "p3", "p4", "windows-5m", "windows-30s", "slow-mail",
      "mule",
      "hundred", "dozen", "years", "rot",
    ] {
      #expect(throws: Never.self) { try Scenarios.named(name) }
    }
  }

  @Test(
    "is refused where a line makes no sense, and the line is named",
    arguments: [
      ("length", 1), ("length 5", 1), ("length 5m more", 1), ("length 1d\ndevice a on 5m", 2),
      ("length 1d\ndevice a a", 2), ("device a\nlink a b live every 1d", 2),
      ("device a b\nlink a b pigeon every 1d", 2), ("device a b\nlink a b live every 1d lose 2", 2),
      ("device a b\ngroup g a", 2), ("device a b c\ngroup g a b\nwrite c g at 1m", 3),
      ("device a9..1", 1), ("device a up 2 in 5m", 1), ("fault flood 1 a-year", 1),
      ("random devices 1 9 contacts 1 messages 1", 1), ("nonsense", 1), ("", 0), ("length 1d", 0),
    ])
  func refused(text: String, line: Int) {
    let error = #expect(throws: ScenarioError.self) { try Scenario(name: "", text: text) }
    #expect(error?.line == line)
  }

  @Test("names rows of devices, and those who write")
  func rows() throws {
    let scenario = try Scenario(
      name: "rows",
      text: """
        length 1d   # a day
        device mule
        device v1..3 on 1h off 2h
        link mule v1..3 mail every 1h lose 0.5 takes 1m to 2m
        group all mule v1..3
        write v2..3 all 7 before 1d
        """)
    #expect(scenario.devices.map(\.name) == ["mule", "v1", "v2", "v3"])
    #expect(scenario.links.map(\.other) == [1, 2, 3])
    #expect(scenario.links.allSatisfy { $0.mishaps.latency == 60...120 && $0.mishaps.loss == 0.5 })
    #expect(scenario.writings.map(\.author) == [2, 3])
  }
}
