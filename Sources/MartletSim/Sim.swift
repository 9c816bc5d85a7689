internal import ArgumentParser
internal import MartletFileSystem
internal import MartletSimulation
internal import SystemPackage

/// Runs scenarios, prints what they came to, and shrinks what fails.
@main
struct Sim: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "martlet-sim",
    abstract: "Run devices through a scenario, in a simulated world.",
    discussion: "Scenarios and their language are described in docs/simulation.md.")

  @Argument(help: "A scenario file.")
  var scenario: String

  @Option(help: "Run this seed.")
  var seed: UInt64 = 1

  @Option(help: "Run all seeds from A to B, and name those that fail.", transform: Seeds.init)
  var seeds: Seeds?

  @Flag(help: "Print one line of JSON for each seed.")
  var json = false

  @Flag(help: "Print everything that happens.")
  var story = false

  @Flag(inversion: .prefixedNo, help: "Look for a shorter story that fails in the same way.")
  var shrink = true

  @Flag(help: "Stop at the first seed that fails.")
  var first = false

  struct Seeds {
    var range: ClosedRange<UInt64>

    init(_ text: String) throws {
      let parts = text.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 3, parts[1].isEmpty, let lower = UInt64(parts[0]),
        let upper = UInt64(parts[2]), lower <= upper
      else { throw ValidationError("expected seeds such as 1..100") }
      range = lower...upper
    }
  }

  func run() throws {
    let path = FilePath(scenario)
    let bytes = try LocalFileSystem().readAll(path, limit: Scenario.textByteCountLimit)
    let scenario: Scenario
    do throws(ScenarioError) {
      scenario = try Scenario(
        name: path.stem ?? "", text: String(decoding: bytes, as: UTF8.self))
    } catch { throw ValidationError("\(self.scenario): \(error)") }
    var total = Total()
    for seed in seeds?.range ?? seed...seed {
      let plan = Plan(scenario, seed: seed)
      let simulation = try Simulation(scenario, seed: seed, tells: story)
      simulation.run(plan.events)
      let report = simulation.report
      total.add(report)
      for line in simulation.story { say(line) }
      if json { say(report.json) } else if seeds == nil { say(report) }
      guard !report.violations.isEmpty else { continue }
      try tell(of: report, plan, scenario)
      if first { break }
    }
    if seeds != nil, !json { say(total) }
    if !total.failed.isEmpty { throw ExitCode.failure }
  }

  private func tell(of report: Report, _ plan: Plan, _ scenario: Scenario) throws {
    if seeds != nil, !json { say(report) }
    guard shrink else { return }
    let result = try Shrinker(scenario, seed: report.seed).shrink(plan.events, report)
    say("seed \(report.seed) fails with \(result.events.count) of \(plan.events.count) events:")
    for line in result.story { say(line) }
  }
}

/// Prints at once: whoever waits for hours wants to read meanwhile.
private func say(_ words: some CustomStringConvertible) {
  _ = try? FileDescriptor.standardOutput.writeAll("\(words)\n".utf8)
}

/// What many runs came to.
private struct Total: CustomStringConvertible {
  var runs = 0
  var deviceYears = 0.0
  var messages = 0
  var contacts = 0
  var carried = 0
  var useful = 0
  var strays = 0
  var settled = 0
  var failed: [UInt64] = []
  var delays: [UInt64] = []
  var arrivals: [UInt64] = []

  mutating func add(_ report: Report) {
    runs += 1
    deviceYears += report.deviceYears
    messages += report.messages
    contacts += report.contacts
    carried += report.carried
    useful += report.useful
    strays += report.strays
    delays += report.delays
    arrivals += report.arrivals
    if report.acknowledgedAt != nil { settled += 1 }
    if !report.violations.isEmpty { failed.append(report.seed) }
  }

  var description: String {
    func times(_ delays: [UInt64]) -> String {
      guard !delays.isEmpty else { return "never" }
      let sorted = delays.sorted()
      func part(_ part: Double) -> UInt64 {
        sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
      }
      return "after \(part(0.5)) s (99 %: \(part(0.99)) s)"
    }
    let copies = (Double(carried) / Double(max(1, useful)) * 1000).rounded() / 1000
    return """
      \(runs) seeds, \((deviceYears * 10).rounded() / 10) device-years, \(contacts) contacts, \
      \(messages) messages, \(copies) copies, held \(times(arrivals)), delivered \(times(delays)), \
      \(settled) settled, \(strays) strays, failed: \
      \(failed.isEmpty ? "none" : failed.map(String.init).joined(separator: " "))
      """
  }
}
