import MartletSeal
import MartletSync
import MartletTestSupport
import MartletWire
import Testing

/// Guards that schedules seldom need, because another stands behind each.
@Suite("What a peer says counts only where it can")
struct GuardTests {
  let random = SeededRandom(seed: 41)
  let log: LogID
  let peer: DeviceID
  let instance: InstanceID
  let theirs: Lineage
  var state: SyncState
  var view = ArrayLog()

  init() throws {
    let r = SeededRandom(seed: 42)
    log = LogID(group: GroupID(r.digest()), objectClass: .messages)
    peer = DeviceID(r.digest())
    instance = InstanceID(r.digest())
    theirs = Lineage(epoch: EpochID(random: r))
    state = SyncState(device: DeviceState(instance: InstanceID(r.digest())))
    state.logs[log] = GroupLogState(epoch: EpochID(random: r))
    state.peers[peer] = PeerJournal()
    state.peers[peer]?.share(log)
    for _ in 0..<10 {
      let id = ObjectID(r.digest())
      view.held.insert(id)
      view.append(id)
    }
  }

  func said(
    _ lineage: Lineage? = nil, have: [HaveRun] = [], receipt: Receipt? = nil,
    lost: [ObjectID] = []
  ) -> SectionLog {
    SectionLog(
      log: log, length: 10, lineage: lineage ?? theirs, have: have, void: [], receipt: receipt,
      lost: lost, requests: [])
  }

  mutating func hear(_ number: UInt64, _ said: SectionLog) throws -> Reception {
    let bundle = HeardBundle(
      instance: instance, retired: [], logs: [],
      section: Section(number: number, echo: nil, logs: [said], answeredAbsent: []))
    let reception = try state.receive(bundle, from: peer, views: [log: view], random: random)
    state.finish(reception, changed: false)
    return reception
  }

  func receipt(_ lineage: Lineage, _ end: UInt64) -> Receipt {
    Receipt(
      lineage: lineage, held: Intervals(0..<end),
      chainTails: [end: view.chains[Int(end)].tail])
  }

  @Test("a fork of ours takes back what was acknowledged, asked for or declined above it")
  mutating func fork() throws {
    let ours = try #require(state.logs[log]?.lineage)
    var said = said(receipt: receipt(ours, 8))
    said.requested = Intervals(8..<9)
    said.declined = Intervals(9..<10)
    _ = try hear(1, said)
    #expect(state.peers[peer]?.logs[log]?.applied == Intervals(0..<8))
    #expect(state.peers[peer]?.logs[log]?.requested == Intervals(8..<9))
    #expect(state.peers[peer]?.logs[log]?.declined == Intervals(9..<10))
    state.adopt(lengths: [log: 4], random: random)
    #expect(state.peers[peer]?.logs[log]?.applied == Intervals(0..<4))
    #expect(state.peers[peer]?.logs[log]?.requested == Intervals())
    #expect(state.peers[peer]?.logs[log]?.declined == Intervals())
  }

  @Test("a fork of the peer's takes back what we asked for and declined above it")
  mutating func forkOver() throws {
    _ = try hear(1, said())
    state.request(Intervals(2..<8), of: log, from: peer)
    state.decline(Intervals(8..<10), of: log, from: peer)
    _ = try hear(2, said(theirs.forked(at: 5, epoch: EpochID(random: random))))
    #expect(state.peers[peer]?.logs[log]?.asking == Intervals(2..<5))
    #expect(state.peers[peer]?.logs[log]?.refused == Intervals())
  }

  @Test("an epoch of ours that was lost with a restore proves a rollback once")
  mutating func retired() throws {
    let ours = try #require(state.logs[log]?.lineage)
    let strange = ours.forked(at: 3, epoch: EpochID(random: random))
    #expect(try hear(1, said(receipt: receipt(strange, 3))).rolledBack)
    #expect(try !hear(2, said(receipt: receipt(strange, 3))).rolledBack)
  }

  @Test("a have run of another epoch is passed over")
  mutating func epochs() throws {
    _ = try hear(1, said())
    let ours = try #require(state.logs[log]?.lineage.epoch(at: 0))
    for epoch in [EpochID(random: random), ours] {
      let run = HaveRun(
        range: 0..<4, theirs: 0, epoch: epoch, chainBefore: .empty, chainAfter: view.chains[4])
      _ = try hear(epoch == ours ? 3 : 2, said(have: [run]))
      let held = epoch == ours ? Intervals(0..<4) : Intervals()
      #expect(state.peers[peer]?.logs[log]?.held == held)
    }
  }

  @Test("lost and absent ids are named with every record")
  mutating func absent() throws {
    let absent = ObjectID(random.digest())
    state.logs[log]?.absent = [absent]
    state.logs[log]?.lost = Intervals(2..<3)
    let plan = try #require(
      try state.plan(
        for: peer, views: [log: view], request: ExportRequest(now: 1, roundTrip: 1)))
    #expect(Set(plan.logs[0].absent) == [absent, view.ids[2]])
    #expect(plan.runs[log] == Intervals([0..<2, 3..<10]))
  }

  @Test("where more is lost than may be remembered, nothing counts as held")
  mutating func lost() throws {
    let ours = try #require(state.logs[log]?.lineage)
    state.limits.ids = 3
    for count in 0...5 {
      _ = try hear(
        UInt64(count) + 1, said(receipt: receipt(ours, 10), lost: Array(view.ids.prefix(count))))
      let known = try state.known(to: peer, of: log, view: view)
      #expect(known == (count > 3 ? Intervals() : Intervals(UInt64(count)..<10)))
    }
  }

  @Test("what has no pair any more is not credited to another numbering of the peer's")
  func forkBelowPairs() throws {
    let exchange = Exchange(2)
    for device in 0..<2 { exchange.states[device].limits.acknowledgedPairs = 40 }
    var copy = (exchange.states[1], exchange.views[1])
    for day in 0..<100 {
      for device in 0..<2 { exchange.write(device, exchange.messages) }
      exchange.now += 1
      let plan = try #require(try exchange.plan(1, to: 0))
      try exchange.carry(0, to: 1)
      try exchange.states[1].recordSent(
        plan, to: exchange.names[0], now: exchange.now, carrier: "", fileName: "")
      try exchange.take(plan, 1, to: 0)
      if day == 60 { copy = (exchange.states[1], exchange.views[1]) }
    }
    #expect(exchange.journal(0, of: 1).logs[exchange.messages]?.unpaired.isEmpty == false)
    // An old copy is put back, without notice, and numbers other messages the same.
    (exchange.states[1], exchange.views[1]) = copy
    let lost = exchange.write(1, exchange.messages)
    try exchange.carry(1, to: 0, isLost: true)
    let second = exchange.write(1, exchange.messages)
    try exchange.carry(1, to: 0)
    #expect(exchange.views[0][exchange.messages]?.held.contains(second) == true)
    exchange.states[1].adopt(
      lengths: exchange.views[1].mapValues(\.length), random: exchange.random)
    // Of the first bundle of the new life only its beginning is read: the receipt that answers it counts.
    let whole = try #require(try exchange.plan(1, to: 0))
    try exchange.states[1].recordSent(
      whole, to: exchange.names[0], now: exchange.now, carrier: "", fileName: "")
    var cut = whole
    cut.logs = []
    try exchange.take(cut, 1, to: 0)
    try exchange.carry(0, to: 1)
    for _ in 0..<3 {
      exchange.now += Exchange.roundTrip
      try exchange.settle(1, 0)
    }
    #expect(exchange.views[0][exchange.messages]?.held.contains(lost) == true)
    #expect(exchange.views[1][exchange.messages]?.length == 202)
  }
}
