import MartletSimulation
import Testing

@Suite("What others have, in simulated worlds")
struct DeliveryTests {
  @Test("P3: one copy a hop, and all know that all have both messages")
  func thirdParties() throws {
    let report = try Scenarios.run(try Scenarios.named("p3"), seed: 1)
    #expect(report.copiesPerHop == 1)
    #expect(report.deliveredAt != nil)
  }

  /// Who meets somebody for the first time in a while does not know yet what that one got from
  /// others: some of it goes in vain, and no more than once more.
  @Test("people who meet at random carry a message twice, and all know that all have it")
  func meetings() throws {
    let report = try Scenarios.run(try Scenarios.named("dozen"), seed: 1)
    #expect(report.copiesPerHop <= 2.2)
    #expect(report.deliveredAt != nil)
  }
}
