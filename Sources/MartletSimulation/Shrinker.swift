/// Finds a shorter story that ends as badly.
package struct Shrinker: Sendable {
  /// What was found, and how many runs it took.
  package struct Result: Sendable {
    package var events: [Event]
    package var report: Report
    package var story: [String]
    package var runCount: Int
  }

  let scenario: Scenario
  let seed: UInt64
  /// The most runs it may take.
  let limit: Int

  package init(_ scenario: Scenario, seed: UInt64, limit: Int = 400) {
    self.scenario = scenario
    self.seed = seed
    self.limit = limit
  }

  /// Leaves out events, many at once and then fewer, as long as the same invariant breaks.
  ///
  /// - Complexity: As many runs as the limit says, at most.
  package func shrink(_ all: [Event], _ report: Report) throws -> Result {
    guard let wanted = report.violations.first?.invariant else {
      return Result(events: all, report: report, story: [], runCount: 0)
    }
    var runCount = 0
    func fails(_ events: [Event]) throws -> Bool {
      runCount += 1
      let simulation = try Simulation(scenario, seed: seed)
      simulation.run(events)
      return simulation.report.violations.first?.invariant == wanted
    }
    var events = all
    // What came after the violation had no part in it, save in settling.
    let end = report.violations.first?.time ?? .max
    let before = events.filter { $0.time <= end }
    if before.count < events.count, try fails(before) { events = before }
    var size = max(1, events.count / 2)
    while runCount < limit {
      var isSmaller = false
      var start = 0
      while start < events.count, runCount < limit {
        let rest = Array(events[..<start] + events[min(events.count, start + size)...])
        if try fails(rest) {
          events = rest
          isSmaller = true
        } else {
          start += size
        }
      }
      if size == 1, !isSmaller { break }
      size = max(1, size / 2)
    }
    let simulation = try Simulation(scenario, seed: seed, tells: true)
    simulation.run(events)
    return Result(
      events: events, report: simulation.report, story: simulation.story, runCount: runCount)
  }
}
