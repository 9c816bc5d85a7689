import MartletSeal
import MartletSync
import MartletTestSupport
import MartletWire
import Testing

@Suite("Much of everything")
struct ScaleTests {
  let random = SeededRandom(seed: 21)

  #if DEBUG
    static let slowness = 60
  #else
    static let slowness = 1
  #endif

  static func milliseconds(_ body: () throws -> Void) rethrows -> Double {
    var best = Double.infinity
    let clock = ContinuousClock()
    for _ in 0..<5 {
      let time = try clock.measure(body)
      best = min(best, Double(time.components.attoseconds) / 1e15)
    }
    return best
  }

  /// A log of which only its length is ever looked at.
  struct LongLog: LogView {
    let length: UInt64
    func id(at position: UInt64) throws(LogReadError) -> ObjectID { throw LogReadError("") }
    func chain(at count: UInt64) throws(LogReadError) -> Chain { .empty }
    func position(of id: ObjectID) throws(LogReadError) -> UInt64? { nil }
    func holds(_ id: ObjectID) throws(LogReadError) -> Bool { false }
    func id(startingWith short: ShortID) throws(LogReadError) -> ObjectID? { nil }
    func parents(at position: UInt64) throws(LogReadError) -> [ObjectID] { [] }
    func byteCount(of range: Range<UInt64>) throws(LogReadError) -> UInt64 { 0 }
  }

  func state(_ log: LogID, _ peer: DeviceID) -> SyncState {
    var state = SyncState(device: DeviceState(instance: InstanceID(random.digest())))
    state.logs[log] = GroupLogState(epoch: EpochID(random: random))
    state.peers[peer] = PeerJournal()
    state.peers[peer]?.share(log)
    return state
  }

  @Test("what a peer lacks of 10 million, 10,000 in as many places, is known within a millisecond")
  func lacking() throws {
    let log = LogID(group: GroupID(random.digest()), objectClass: .messages)
    let peer = DeviceID(random.digest())
    var state = state(log, peer)
    let view = LongLog(length: 10_000_000)
    let missing = Intervals((0..<10_000).map { $0 * 1000 + 500..<$0 * 1000 + 501 })
    // Of the rest it sent one in the middle of each stretch, and acknowledged the others.
    var pairs = Correspondence()
    var applied: [Range<UInt64>] = []
    for range in missing.complement(below: view.length).ranges {
      let middle = range.lowerBound + (range.upperBound - range.lowerBound) / 2
      applied += [range.lowerBound..<middle, middle + 1..<range.upperBound]
      pairs.insert(theirs: range.lowerBound, ours: middle)
    }
    state.peers[peer]?.logs[log]?.applied = Intervals(applied)
    state.peers[peer]?.logs[log]?.correspondence = pairs
    let expected = missing.count
    var count: UInt64 = 0
    let time = try Self.milliseconds {
      count = UInt64(try state.lacking(to: peer, of: log, view: view).ranges.count)
    }
    #expect(count == expected)
    #expect(time < Double(Self.slowness), "\(time) ms")
  }

  @Test("a thousand peers in twenty groups, each with 10,000 messages in order, take below 4 MB")
  func journals() throws {
    var views: [LogID: ArrayLog] = [:]
    let peer = DeviceID(random.digest())
    var state = SyncState(device: DeviceState(instance: InstanceID(random.digest())))
    state.peers[peer] = PeerJournal()
    let theirs = (0..<40).map { _ in Lineage(epoch: EpochID(random: random)) }
    var sections: [SectionLog] = []
    for index in 0..<40 {
      let group = GroupID(SeededRandom(seed: UInt64(1000 + index / 2)).digest())
      let log = LogID(group: group, objectClass: index.isMultiple(of: 2) ? .messages : .blobs)
      state.logs[log] = GroupLogState(epoch: EpochID(random: random))
      state.peers[peer]?.share(log)
      var view = ArrayLog()
      if log.objectClass == .messages {
        for _ in 0..<10_000 {
          let id = ObjectID(random.digest())
          view.held.insert(id)
          view.append(id)
        }
      }
      views[log] = view
      let lineage = try #require(state.logs[log]?.lineage)
      let end = view.length
      // Half of it came from the peer, and all of it is acknowledged.
      let have = HaveRun(
        range: 0..<max(1, end), theirs: 0, epoch: lineage.starts[0].epoch, chainBefore: .empty,
        chainAfter: view.chains[Int(end)])
      sections.append(
        SectionLog(
          log: log, length: end, lineage: theirs[index], have: end > 0 ? [have] : [], void: [],
          receipt: Receipt(
            lineage: lineage, held: Intervals(0..<end),
            chainTails: end > 0 ? [end: view.chains[Int(end)].tail] : [:]),
          lost: [], requests: []))
    }
    let heard = HeardBundle(
      instance: InstanceID(random.digest()), retired: [], logs: [],
      section: Section(
        number: 900, echo: .init(instance: state.device.instance, number: 0), logs: sections,
        answeredAbsent: []))
    let reception = try state.receive(heard, from: peer, views: views, random: random)
    state.finish(reception, changed: false)
    let journal = try #require(state.peers[peer])
    for (log, known) in journal.logs {
      #expect(known.applied.count == views[log]?.length)
      #expect(known.held == known.applied)
    }
    let bytes = try journal.encoded().count
    #expect(bytes * 1000 < 4_000_000)
    #expect(try PeerJournal(decoding: journal.encoded()) == journal)
  }

  @Test("a peer that is silent for a year costs bytes, whatever is written and sent to it")
  func silent() throws {
    let exchange = Exchange(2)
    exchange.now = 1_700_000_000
    let before = try exchange.journal(0, of: 1).encoded().count
    for _ in 0..<10_000 { exchange.write(0, exchange.messages) }
    exchange.summarise(0)
    #expect(try exchange.journal(0, of: 1).encoded().count == before)
    for _ in 0..<12 {
      exchange.now += 30 * 86_400
      for _ in 0..<100 { exchange.write(0, exchange.messages) }
      exchange.summarise(0)
      try exchange.carry(0, to: 1, isLost: true) { $0.roundTrip = 7 * 86_400 }
    }
    let after = try exchange.journal(0, of: 1).encoded().count
    #expect(after - before < 512)
  }

  @Test("two who write at once, day after day, keep little of it, rest, and survive an adoption")
  func crosswise() throws {
    let exchange = Exchange(2)
    for device in 0..<2 {
      exchange.states[device].limits.acknowledgedPairs = 256
      // What is beyond this is forgotten, and sent again without end.
      exchange.states[device].limits.pairs = 600
    }
    for day in 0..<3000 {
      for device in 0..<2 { exchange.write(device, exchange.messages) }
      exchange.now += 1
      let plan = try #require(try exchange.plan(1, to: 0))
      let other = try exchange.carry(0, to: 1)
      // No day's message is carried on another day.
      #expect(plan.runs[exchange.messages]?.count == 1)
      #expect(other?.runs[exchange.messages]?.count == 1)
      try exchange.states[1].recordSent(
        plan, to: exchange.names[0], now: exchange.now, carrier: "", fileName: "")
      try exchange.take(plan, 1, to: 0)
      if day % 100 == 99 {
        exchange.now += Exchange.roundTrip
        try exchange.settle(0, 1)
        for device in 0..<2 {
          let known = try #require(exchange.journal(device, of: 1 - device).logs[exchange.messages])
          #expect(known.correspondence.runs.count <= 600)
          let view = try #require(exchange.views[device][exchange.messages])
          let lacking = try exchange.states[device].lacking(
            to: exchange.names[1 - device], of: exchange.messages, view: view)
          #expect(lacking.isEmpty, "day \(day)")
          #expect(view.length == UInt64(2 * (day + 1)))
        }
      }
    }
    let journal = exchange.journal(0, of: 1)
    #expect(try journal.encoded().count < 20_000)
    #expect(try PeerJournal(decoding: journal.encoded()) == journal)
    let lengths = exchange.views[1].mapValues(\.length)
    exchange.states[1].adopt(lengths: lengths, random: random)
    exchange.write(1, exchange.messages)
    let told = try #require(try exchange.carry(1, to: 0))
    #expect(told.runs[exchange.messages]?.count == 1)
    let answer = try #require(try exchange.carry(0, to: 1))
    #expect(answer.runs.isEmpty)
    try exchange.settle(0, 1)
    #expect(try exchange.plan(0, to: 1) == nil && exchange.plan(1, to: 0) == nil)
  }

  @Test("appending changes nothing of a thousand peers")
  func append() throws {
    let exchange = Exchange(1)
    let log = exchange.messages
    for _ in 0..<1000 {
      let peer = DeviceID(random.digest())
      exchange.states[0].peers[peer] = PeerJournal()
      exchange.states[0].peers[peer]?.share(log)
    }
    let before = exchange.states[0].peers
    for _ in 0..<100 {
      exchange.write(0, log)
      exchange.summarise(0)
      let view = try #require(exchange.views[0][log])
      try exchange.states[0].settle(log, view: view)
    }
    #expect(exchange.states[0].peers == before)
  }

  @Test("a plan for a peer that lacks nothing asks nothing of a long log but its length")
  func nothing() throws {
    let log = LogID(group: GroupID(random.digest()), objectClass: .messages)
    let peer = DeviceID(random.digest())
    var state = state(log, peer)
    state.peers[peer]?.logs[log]?.applied = Intervals(0..<10_000_000)
    #expect(
      try state.plan(
        for: peer, views: [log: LongLog(length: 10_000_000)],
        request: ExportRequest(now: 1, roundTrip: 1)) == nil)
  }
}
