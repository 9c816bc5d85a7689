import MartletSeal
import MartletSync
import MartletTestSupport
import MartletWire
import Testing

@Suite("What devices say they have delivered")
struct DeliveredTests {
  /// Three devices in a row: the outer ones never meet.
  func row() throws -> Exchange {
    let exchange = Exchange(3)
    exchange.states[0].peers[exchange.names[2]] = nil
    exchange.states[2].peers[exchange.names[0]] = nil
    return exchange
  }

  func settle(_ exchange: Exchange, rounds: Int = 12) throws -> Int {
    var bundles = 0
    for _ in 0..<rounds {
      exchange.now += Exchange.roundTrip
      for (from, to) in [(0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (2, 0)]
      where exchange.states[from].peers[exchange.names[to]] != nil {
        exchange.summarise(from)
        if try exchange.carry(from, to: to) != nil { bundles += 1 }
      }
    }
    return bundles
  }

  @Test("is known at devices that never meet, and then nobody says anything any more")
  func relayed() throws {
    let exchange = try row()
    let id = exchange.write(0, exchange.messages)
    _ = try settle(exchange)
    let place = try #require(try exchange.views[0][exchange.messages]?.position(of: id))
    #expect(
      exchange.states[0].delivered(exchange.messages, at: place)
        == exchange.names.dropFirst().sorted())
    #expect(try settle(exchange) == 0)
  }

  @Test("keeps a message from being sent to one who had it from somebody else")
  func inferred() throws {
    let exchange = Exchange(3)
    let id = exchange.write(0, exchange.messages)
    // 0 gives it to 1 and 2, and passes on to 1 what 2 says.
    for peer in 1...2 { try exchange.carry(0, to: peer) }
    exchange.summarise(2)
    try exchange.carry(2, to: 0)
    try exchange.carry(0, to: 1)
    let plan = try #require(try exchange.carry(1, to: 2))
    #expect(plan.runs.isEmpty)
    let offers = try #require(plan.section.logs.first?.offers)
    #expect(offers.map(\.isOnRequest) == [true])
    #expect(offers.first?.items.map(\.id) == [ShortID(id)])
    // Only offered: nothing counts as held before the peer itself says so.
    let view = try #require(exchange.views[1][exchange.messages])
    #expect(
      try exchange.states[1].known(to: exchange.names[2], of: exchange.messages, view: view)
        .isEmpty)
    let answer = try #require(try exchange.carry(2, to: 1))
    #expect(answer.section.logs.contains { $0.receipt?.held == Intervals(0..<1) })
    #expect(
      try exchange.states[1].known(to: exchange.names[2], of: exchange.messages, view: view)
        == Intervals(0..<1))
  }

  @Test("is offered, asked for and sent where it was wrongly thought to be there")
  func mistaken() throws {
    let exchange = Exchange(2)
    let id = exchange.write(0, exchange.messages)
    // The other delivered it once, and is not told that it was restored since.
    let summary = Summary(
      device: exchange.names[1], instance: exchange.states[1].device.instance, number: 1, count: 1,
      allHeads: [id])
    let view = try #require(exchange.views[0][exchange.messages])
    let signed = SignedSummary(summary, signature: Array(repeating: 0, count: 64))
    try exchange.states[0].take(signed, of: exchange.messages, from: nil, view: view)
    let plan = try #require(try exchange.carry(0, to: 1))
    #expect(plan.runs.isEmpty)
    #expect(try exchange.plan(0, to: 1) == nil)
    try exchange.settle(1, 0)
    #expect(exchange.views[1][exchange.messages]?.length == 1)
    #expect(try exchange.plan(0, to: 1) == nil)
    #expect(try exchange.plan(1, to: 0) == nil)
  }

  @Test("is offered once a round trip until an answer comes, and every offer is answered")
  func answered() throws {
    let exchange = Exchange(2)
    let id = exchange.write(0, exchange.messages)
    try exchange.carry(0, to: 1)
    // What acknowledged it is lost; what tells that it was delivered comes by another way.
    try exchange.carry(1, to: 0, isLost: true)
    let summary = Summary(
      device: exchange.names[1], instance: exchange.states[1].device.instance, number: 1, count: 1,
      allHeads: [id])
    let view = try #require(exchange.views[0][exchange.messages])
    try exchange.states[0].take(
      SignedSummary(summary, signature: Array(repeating: 0, count: 64)), of: exchange.messages,
      from: nil, view: view)
    for _ in 0..<3 {
      #expect(try exchange.carry(0, to: 1) != nil)
      #expect(try exchange.plan(0, to: 1) == nil)
      #expect(try exchange.carry(1, to: 0, isLost: true) != nil)
      exchange.now += Exchange.roundTrip
    }
    try exchange.settle(0, 1)
    exchange.now += Exchange.roundTrip
    #expect(try exchange.plan(0, to: 1) == nil)
  }

  @Test("is repeated once a round trip until it was heard, and not more often")
  func repeated() throws {
    let exchange = try row()
    exchange.write(0, exchange.messages)
    try exchange.carry(0, to: 1)
    try exchange.settle(0, 1)
    exchange.summarise(0)
    let plan = try #require(try exchange.carry(0, to: 1, isLost: true))
    #expect(plan.section.logs.flatMap(\.summaries).count == 1)
    for _ in 0..<5 {
      #expect(try exchange.plan(0, to: 1) == nil)
      exchange.now += Exchange.roundTrip
      let again = try #require(try exchange.carry(0, to: 1, isLost: true))
      #expect(again.section.logs.flatMap(\.summaries).count == 1)
    }
  }

  @Test("of an earlier life of a peer does not come back")
  func superseded() throws {
    let exchange = Exchange(3)
    exchange.summarise(1)
    let old = try #require(exchange.states[1].logs[exchange.messages]?.ownSummary?.signed)
    try exchange.carry(1, to: 0)
    #expect(exchange.states[0].logs[exchange.messages]?.summaries[exchange.names[1]] != nil)
    exchange.states[1].adopt(lengths: [:], random: exchange.random)
    try exchange.carry(1, to: 0)
    #expect(exchange.states[0].logs[exchange.messages]?.summaries[exchange.names[1]] == nil)
    let view = try #require(exchange.views[0][exchange.messages])
    let isNews = try exchange.states[0].take(
      old, of: exchange.messages, from: exchange.names[2], view: view)
    #expect(!isNews)
  }

  @Test("has a new number only where something is new")
  func numbers() {
    let exchange = Exchange(2)
    var numbers: [UInt64?] = []
    for index in 0..<6 {
      if index.isMultiple(of: 2) { exchange.write(0, exchange.messages) }
      exchange.summarise(0)
      numbers.append(exchange.states[0].logs[exchange.messages]?.ownSummary?.signed.summary.number)
    }
    #expect(numbers == [1, 1, 2, 2, 3, 3])
  }
}
