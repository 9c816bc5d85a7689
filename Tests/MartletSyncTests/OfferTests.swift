import MartletSeal
import MartletSync
import MartletTestSupport
import MartletWire
import Testing

@Suite("A bundle that has not room for everything")
struct OfferTests {
  @Test("carries a prefix of each log that fits, messages first, and offers the rest by id")
  func cut() throws {
    let exchange = Exchange(2)
    for _ in 0..<20 { exchange.write(0, exchange.messages) }
    for _ in 0..<20 { exchange.write(0, exchange.blobs) }
    let messages = try #require(exchange.views[0][exchange.messages])
    let blobs = try #require(exchange.views[0][exchange.blobs])
    for limit in stride(from: 0, to: 6000, by: 37) as StrideTo<UInt64> {
      guard let plan = try exchange.plan(0, to: 1, { $0.byteLimit = limit }) else {
        #expect(limit < messages.sums[1])
        continue
      }
      var left = limit
      for (log, view) in [(exchange.messages, messages), (exchange.blobs, blobs)] {
        // A blob that is longer than all the room keeps none from going.
        var expected = Intervals()
        for index in 0..<20 {
          let size = view.sums[index + 1] - view.sums[index]
          if size > left {
            if log == exchange.blobs, size > limit { continue }
            break
          }
          expected.insert(UInt64(index)..<UInt64(index) + 1)
          left -= size
        }
        #expect(plan.runs[log] ?? Intervals() == expected)
        let rest = Intervals(0..<20).subtracting(expected)
        let said = try #require(plan.section.logs.first { $0.log == log })
        #expect(Intervals(said.offers.map(\.range)) == rest)
        #expect(said.offers.allSatisfy { !$0.isOnRequest })
        #expect(plan.withheld[log] ?? Intervals() == rest)
      }
    }
  }

  @Test("offers no more than a named number of objects")
  func bounded() throws {
    let exchange = Exchange(2)
    for _ in 0..<SyncLimits.offerCount + 100 { exchange.write(0, exchange.messages) }
    let plan = try #require(try exchange.plan(0, to: 1) { $0.recordLimit = 1 })
    let offers = plan.section.logs.flatMap(\.offers)
    #expect(offers.reduce(0) { $0 + $1.items.count } == SyncLimits.offerCount)
    #expect(offers.first?.start == 1)
  }

  @Test("puts first the groups that the request names")
  func priority() throws {
    let random = SeededRandom(seed: 5)
    var state = SyncState(device: DeviceState(instance: InstanceID(random.digest())))
    let peer = DeviceID(random.digest())
    let groups = (0..<3).map { _ in GroupID(random.digest()) }
    state.peers[peer] = PeerJournal()
    var views: [LogID: ArrayLog] = [:]
    for group in groups {
      let log = LogID(group: group, objectClass: .messages)
      state.logs[log] = GroupLogState(epoch: EpochID(random: random))
      state.peers[peer]?.share(log)
      views[log] = ArrayLog()
      views[log]?.append(ObjectID(random.digest()))
    }
    for group in groups {
      var request = ExportRequest(now: 1, roundTrip: 1)
      request.byteLimit = 256
      request.priority = [group]
      let plan = try #require(try state.plan(for: peer, views: views, request: request))
      #expect(plan.runs.keys.contains { $0.group == group })
    }
  }

  @Test(
    "carries what was asked for first, with what it needs, and it is asked for until it is held")
  func requested() throws {
    let exchange = Exchange(2)
    var ids: [ObjectID] = []
    for index in 0..<30 {
      // The last one needs the fifth, and that the second.
      let parents = index == 29 ? [ids[4]] : index == 4 ? [ids[1]] : []
      ids.append(exchange.write(0, exchange.messages, parents: parents))
    }
    let first = exchange.views[0][exchange.messages]?.sums[1] ?? 0
    try exchange.carry(0, to: 1) { $0.byteLimit = first }
    let offered = exchange.states[1].offered(by: exchange.names[0], of: exchange.messages)
    #expect(offered.map(\.position) == Array(1..<30))
    #expect(offered.map(\.id) == ids.dropFirst().map { ShortID($0) })

    exchange.states[1].request(Intervals(29..<30), of: exchange.messages, from: exchange.names[0])
    try exchange.carry(1, to: 0)
    let view = try #require(exchange.views[0][exchange.messages])
    let needed = try [1, 4, 29].reduce(0) { sum, place in
      sum + (try view.byteCount(of: UInt64(place)..<UInt64(place) + 1))
    }
    let plan = try #require(try exchange.carry(0, to: 1) { $0.byteLimit = needed })
    let expected = Intervals([1..<2, 4..<5, 29..<30])
    #expect(plan.runs[exchange.messages] == expected)
    // On its way it does not go again, but what is lost goes when it is asked for again.
    #expect(try exchange.plan(0, to: 1)?.runs[exchange.messages]?.contains(29) == false)
    let answer = try #require(try exchange.carry(1, to: 0))
    #expect(answer.section.logs.allSatisfy { $0.requested.isEmpty })
    try exchange.settle(0, 1)
    #expect(exchange.views[1][exchange.messages]?.length == 30)
    #expect(try exchange.plan(0, to: 1) == nil)
    #expect(try exchange.plan(1, to: 0) == nil)
  }

  @Test("goes again at once where it is asked for by one who heard that it was sent")
  func resent() throws {
    let exchange = Exchange(2)
    for _ in 0..<2 { exchange.write(0, exchange.messages) }
    try exchange.carry(0, to: 1) { $0.recordLimit = 1 }
    exchange.states[1].request(Intervals(1..<2), of: exchange.messages, from: exchange.names[0])
    try exchange.carry(1, to: 0)
    // Of the second bundle nothing arrives but that there was one.
    var plan = try #require(try exchange.carry(0, to: 1, isLost: true))
    #expect(plan.runs[exchange.messages] == Intervals(1..<2))
    #expect(try exchange.plan(0, to: 1) == nil)
    plan.logs = []
    try exchange.take(plan, 0, to: 1)
    try exchange.carry(1, to: 0) { $0.force = true }
    #expect(try exchange.plan(0, to: 1)?.runs[exchange.messages] == Intervals(1..<2))
  }

  @Test("never carries or offers what is declined, until it is wanted again")
  func declined() throws {
    let exchange = Exchange(2)
    for _ in 0..<10 { exchange.write(0, exchange.blobs) }
    try exchange.carry(0, to: 1) { $0.recordLimit = 2 }
    exchange.states[1].decline(Intervals(5..<8), of: exchange.blobs, from: exchange.names[0])
    try exchange.settle(1, 0)
    #expect(exchange.views[1][exchange.blobs]?.length == 7)
    let plan = try #require(try exchange.plan(0, to: 1) { $0.force = true })
    #expect(plan.runs.isEmpty)
    #expect(plan.section.logs.allSatisfy { $0.offers.isEmpty })
    exchange.now += 10 * Exchange.roundTrip
    #expect(try exchange.plan(0, to: 1) == nil)

    exchange.states[1].undecline(exchange.blobs)
    try exchange.settle(1, 0)
    #expect(exchange.views[1][exchange.blobs]?.length == 10)
  }

  @Test("is not followed by what the peer had from somebody else: offers are confirmed by id")
  func confirmed() throws {
    let exchange = Exchange(2)
    for _ in 0..<10 { exchange.write(0, exchange.blobs) }
    for id in exchange.views[0][exchange.blobs]?.ids ?? [] where exchange.random.chance(0.5) {
      exchange.place(id, at: 1, exchange.blobs)
    }
    let held = exchange.views[1][exchange.blobs]?.held.count ?? 0
    var payloads: UInt64 = 0
    for _ in 0..<20 {
      exchange.now += 1
      let plan = try exchange.carry(0, to: 1) { $0.recordLimit = 1 }
      payloads += plan?.runs[exchange.blobs]?.count ?? 0
      try exchange.carry(1, to: 0)
    }
    #expect(exchange.views[1][exchange.blobs]?.length == 10)
    // Only one that opens a gap in the chain is carried twice.
    #expect(payloads <= UInt64(10 - held) + 10 / 2)
    #expect(try exchange.plan(0, to: 1) == nil)
  }
}
