internal import MartletFileSystem
internal import MartletSimulation
internal import SystemPackage

@main
enum Main {
  static func main() throws {
    let arguments = CommandLine.arguments
    let text = String(
      decoding: try LocalFileSystem().readAll(.init(arguments[1]), limit: 1 << 20), as: UTF8.self)
    let scenario = try Scenario(name: arguments[1], text: text)
    let clock = ContinuousClock()
    let first = UInt64(arguments[2]) ?? 1
    let last = UInt64(arguments[3]) ?? 1
    var years = 0.0
    let start = clock.now
    for seed in first...last {
      let plan = Plan(scenario, seed: seed)
      let begun = clock.now
      let simulation = try Simulation(scenario, seed: seed, tells: arguments.count > 4)
      simulation.run(plan.events)
      let report = simulation.report
      years += report.deviceYears
      if arguments.count > 4 { print(simulation.story.joined(separator: "\n")) }
      print(
        seed, plan.scenario.devices.count, plan.events.count, report.deviceYears, report.messages,
        report.contacts, report.bundles, report.carried, report.useful, report.copiesPerHop,
        report.convergedAt ?? 0, report.acknowledgedAt ?? 0, report.lacking,
        report.peakJournalBytes, report.peakDiskBytes, report.fingerprint,
        begun.duration(to: clock.now),
        report.violations.prefix(3))
    }
    print(years, start.duration(to: clock.now))
  }
}
