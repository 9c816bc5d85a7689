import MartletSimulation
import Testing

@Suite("Slow mail that loses three of ten")
struct SlowMailTests {
  private static let year: UInt64 = 365 * 86_400

  private func run(_ rival: Rival, seeds: ClosedRange<UInt64>) -> Rival.Outcome {
    var all = Rival.Outcome()
    for seed in seeds {
      let outcome = rival.run(
        Rival.Mail(), count: 100, until: Self.year, length: 20 * Self.year, seed: seed)
      all.carried += outcome.carried
      all.delivered += outcome.delivered
      all.messages += outcome.messages
      all.delays += outcome.delays
    }
    all.delays.sort()
    return all
  }

  @Test("delivers everything by every way but that of a fixed number of copies")
  func rivals() {
    for rival in Rival.allCases {
      let outcome = run(rival, seeds: 1...20)
      let (half, most) = (outcome.delay(percentile: 50) ?? 0, outcome.delay(percentile: 99) ?? 0)
      print(
        "\(rival.rawValue): \(outcome.copies) copies, \(half / 86_400) and \(most / 86_400) days")
      if rival == .copies {
        #expect(outcome.delivered < outcome.messages)
      } else {
        #expect(outcome.delivered == outcome.messages, "\(rival.rawValue)")
      }
    }
  }

  @Test("by our evidence loses no message, and sends hardly more than is lost")
  func ours() throws {
    let scenario = try Scenarios.named("slow-mail")
    var carried = 0
    var useful = 0
    for seed in UInt64(1)...1 {
      let report = try Scenarios.run(scenario, seed: seed)
      #expect(report.violations.isEmpty, "seed \(seed)")
      #expect(report.lacking == 0, "seed \(seed)")
      carried += report.carried
      useful += report.useful
    }
    #expect(Double(carried) <= 1.1 / 0.7 * Double(useful))
  }
}
