import MartletSeal
import MartletSync
import MartletTestSupport
import MartletWire
import Testing

@Suite("A hostile peer")
struct HostilePeerTests {
  let random = SeededRandom(seed: 9)
  let log: LogID
  let other: LogID
  let peer: DeviceID
  let second: DeviceID

  init() throws {
    let r = SeededRandom(seed: 3)
    log = LogID(group: GroupID(r.digest()), objectClass: .messages)
    other = LogID(group: GroupID(r.digest()), objectClass: .messages)
    peer = DeviceID(r.digest())
    second = DeviceID(r.digest())
  }

  func state() -> SyncState {
    var state = SyncState(device: DeviceState(instance: InstanceID(random.digest())))
    state.logs[log] = GroupLogState(epoch: EpochID(random: random))
    state.logs[other] = GroupLogState(epoch: EpochID(random: random))
    state.peers[peer] = PeerJournal()
    state.peers[peer]?.share(log)
    state.peers[second] = PeerJournal()
    state.peers[second]?.share(log)
    state.peers[second]?.share(other)
    return state
  }

  @Test("lineage stays readable after hostile rollbacks")
  func lineage() throws {
    var state = state()
    var view = ArrayLog()
    let theirs = Lineage(epoch: EpochID(random: random))
    let instance = InstanceID(random.digest())
    for number in 1...4100 as ClosedRange<UInt64> {
      view.append(ObjectID(random.digest()))
      let said = SectionLog(
        log: log, length: 0, lineage: theirs, have: [], void: [], receipt: nil, lost: [],
        requests: [])
      let heard = HeardBundle(
        instance: instance, retired: [], logs: [],
        section: Section(
          number: number, echo: .init(instance: state.device.instance, number: 1 << 40),
          logs: [said], answeredAbsent: []))
      _ = try state.receive(heard, from: peer, views: [log: view], random: random)
    }
    let starts = try #require(state.logs[log]?.lineage.starts)
    #expect(Lineage(starts) != nil)
  }

  @Test("void runs cost no quadratic time", arguments: [4000, 16000])
  func void(count: Int) throws {
    var state = state()
    let theirs = Lineage(epoch: EpochID(random: random))
    let instance = InstanceID(random.digest())
    func bundle(_ number: UInt64, _ void: [VoidRun]) -> HeardBundle {
      HeardBundle(
        instance: instance, retired: [], logs: [],
        section: Section(
          number: number, echo: nil,
          logs: [
            SectionLog(
              log: log, length: 1 << 40, lineage: theirs, have: [], void: void, receipt: nil,
              lost: [], requests: [])
          ], answeredAbsent: []))
    }
    let view = ArrayLog()
    _ = try state.receive(bundle(1, []), from: peer, views: [log: view], random: random)
    let runs = (0..<UInt64(count)).map {
      VoidRun(range: 2 * $0..<2 * $0 + 1, chainBefore: .empty, chainAfter: .empty)
    }
    _ = try state.receive(bundle(2, runs), from: peer, views: [log: view], random: random)
  }

  @Test("absent ids of one peer do not make bundles to another impossible")
  func absent() throws {
    var state = state()
    let theirs = Lineage(epoch: EpochID(random: random))
    let instance = InstanceID(random.digest())
    var view = ArrayLog()
    view.append(ObjectID(random.digest()))
    for number in 1...2 as ClosedRange<UInt64> {
      let heard = HeardBundle(
        instance: instance, retired: [],
        logs: [
          CarriedLog(
            log: log, keys: [], runs: [],
            absent: (0..<200_000).map { _ in ObjectID(random.digest()) })
        ],
        section: Section(
          number: number, echo: nil,
          logs: [
            SectionLog(
              log: log, length: 0, lineage: theirs, have: [], void: [], receipt: nil, lost: [],
              requests: [])
          ], answeredAbsent: []))
      _ = try state.receive(heard, from: peer, views: [log: view], random: random)
    }
    let plan = try #require(
      try state.plan(
        for: second, views: [log: view, other: ArrayLog()],
        request: ExportRequest(now: 5, roundTrip: 5)))
    #expect(plan.logs[0].absent.count <= SyncLimits.idCount)
    try plan.section.check(carried: plan.logs)
  }

  @Test("retired instances of a peer are bounded")
  func retired() throws {
    var state = state()
    for _ in 0..<3 {
      let heard = HeardBundle(
        instance: InstanceID(random.digest()),
        retired: (0..<60_000).map { _ in InstanceID(random.digest()) }, logs: [],
        section: Section(number: 1, echo: nil, logs: [], answeredAbsent: []))
      _ = try? state.receive(heard, from: peer, views: [log: ArrayLog()], random: random)
    }
    #expect((state.peers[peer]?.retired.count ?? 0) <= SyncLimits.retiredCount)
  }

  func heard(
    _ instance: InstanceID, _ number: UInt64, _ said: [SectionLog],
    echo: Section.Echo? = nil
  ) -> HeardBundle {
    HeardBundle(
      instance: instance, retired: [], logs: [],
      section: Section(number: number, echo: echo, logs: said, answeredAbsent: []))
  }

  func said(_ lineage: Lineage, length: UInt64 = 0, receipt: Receipt? = nil) -> SectionLog {
    SectionLog(
      log: log, length: length, lineage: lineage, have: [], void: [], receipt: receipt, lost: [],
      requests: [])
  }

  @Test("who forges receipts is believed nothing, and who replays them nothing new")
  func receipts() throws {
    var state = state()
    var view = ArrayLog()
    for _ in 0..<100 { view.append(ObjectID(random.digest())) }
    let mine = try #require(state.logs[log]?.lineage)
    let theirs = Lineage(epoch: EpochID(random: random))
    let instance = InstanceID(random.digest())
    func receipt(_ end: UInt64, _ tail: UInt32?) -> Receipt {
      Receipt(
        lineage: mine, held: Intervals(0..<end), chainTails: tail.map { [end: $0] } ?? [:])
    }
    let true50 = heard(
      instance, 1, [said(theirs, receipt: receipt(50, view.chains[50].tail))])
    _ = try state.receive(true50, from: peer, views: [log: view], random: random)
    #expect(state.peers[peer]?.logs[log]?.applied == Intervals(0..<50))
    // Without the chain, beyond the log, or of a numbering that is not ours.
    for (number, forged) in [
      receipt(90, nil), receipt(1 << 47, nil),
      Receipt(lineage: theirs, held: Intervals(0..<100), chainTails: [:]),
    ].enumerated() {
      let bundle = heard(instance, UInt64(number) + 2, [said(theirs, receipt: forged)])
      _ = try? state.receive(bundle, from: peer, views: [log: view], random: random)
      let applied = try #require(state.peers[peer]?.logs[log]?.applied)
      #expect(applied.subtracting(Intervals(0..<50)).isEmpty)
    }
    let before = state
    for _ in 0..<3 {
      _ = try state.receive(true50, from: peer, views: [log: view], random: random)
    }
    #expect(state == before)
  }

  @Test("numbers of 2^63 are refused and change nothing", arguments: 0..<9)
  func huge(which: Int) throws {
    var state = state()
    let before = state
    let huge: UInt64 = 1 << 63
    let theirs = Lineage(epoch: EpochID(random: random))
    var said = said(theirs, length: 100)
    var number: UInt64 = 1
    var echo: Section.Echo?
    let item = OfferRun.Item(id: ShortID(ObjectID(random.digest())), byteCount: huge)
    func offer(_ start: UInt64, _ count: Int) -> OfferRun {
      OfferRun(
        start: start, chainBefore: .empty, items: Array(repeating: item, count: count),
        isOnRequest: true)
    }
    switch which {
    case 0: number = huge
    case 1: echo = .init(instance: state.device.instance, number: huge)
    case 2: said.length = huge
    case 3: said.offers = [offer(huge, 1)]
    case 4: said.offers = [offer(3, 2), offer(4, 1)]
    case 5: said.offers = [offer(99, 2)]
    case 6: said.offers = [offer(0, 0)]
    case 7: said.requested = Intervals(huge..<huge + 1)
    default: said.declined = Intervals(0..<huge)
    }
    #expect(throws: SyncError.self) {
      _ = try state.receive(
        heard(InstanceID(random.digest()), number, [said], echo: echo), from: peer,
        views: [log: ArrayLog()], random: random)
    }
    #expect(state == before)
  }

  @Test("a million offers, every second position on request, leave bounded memory")
  func offers() throws {
    var state = state()
    let theirs = Lineage(epoch: EpochID(random: random))
    let instance = InstanceID(random.digest())
    let item = OfferRun.Item(id: ShortID(ObjectID(random.digest())), byteCount: .max)
    _ = try state.receive(
      heard(instance, 1, [said(theirs)]), from: peer, views: [log: ArrayLog()], random: random)
    for isOnRequest in [true, false] {
      var said = said(theirs, length: 1 << 40)
      said.offers = (0..<Limits.runCount).map {
        OfferRun(
          start: UInt64($0) * 8, chainBefore: .empty,
          items: Array(repeating: item, count: 4), isOnRequest: isOnRequest)
      }
      let reception = try state.receive(
        heard(instance, isOnRequest ? 2 : 3, [said]), from: peer, views: [log: ArrayLog()],
        random: random)
      state.finish(reception, changed: false)
    }
    let known = try #require(state.peers[peer]?.logs[log])
    #expect(known.asking.ranges.count <= state.limits.intervals)
    #expect(known.offered.count <= state.limits.offered)
    #expect(known.held.isEmpty)
    #expect(try state.peers[peer]?.encoded().count ?? 0 < 1 << 20)
    let plan = try #require(
      try state.plan(
        for: peer, views: [log: ArrayLog()], request: ExportRequest(now: 1, roundTrip: 1)))
    try plan.section.check(carried: plan.logs)
    #expect(try Section(decoding: plan.section.encoded) == plan.section)
  }

  @Test("an offer of what stands here at another place is not acknowledged as that place's")
  func falseOffers() throws {
    var state = state()
    var view = ArrayLog()
    for _ in 0..<4 {
      let id = ObjectID(random.digest())
      view.held.insert(id)
      view.append(id)
    }
    let theirs = Lineage(epoch: EpochID(random: random))
    let instance = InstanceID(random.digest())
    _ = try state.receive(
      heard(instance, 1, [said(theirs)]), from: peer, views: [log: view], random: random)
    var said = said(theirs, length: 10)
    said.offers = [
      OfferRun(
        start: 0, chainBefore: .empty,
        items: view.ids.prefix(2).map { .init(id: ShortID($0), byteCount: 1) }, isOnRequest: true)
    ]
    _ = try state.receive(
      heard(instance, 2, [said]), from: peer, views: [log: view], random: random)
    let held = state.peers[peer]?.logs[log]?.held
    #expect(held == Intervals(0..<2))
    // The same two the other way round: one position has one object.
    said.offers[0].items.reverse()
    _ = try state.receive(
      heard(instance, 3, [said]), from: peer, views: [log: view], random: random)
    #expect(state.peers[peer]?.logs[log]?.held == held)
    #expect(state.peers[peer]?.logs[log]?.correspondence.ours(of: 0) == 0)
  }

  @Test("10,000 writers with a head each leave bounded memory, and what all of them say is signed")
  func heads() throws {
    var state = state()
    var view = ArrayLog()
    let ids = (0..<10_000).map { _ in ObjectID(random.digest()) }
    for id in ids { view.append(id) }
    let instance = InstanceID(random.digest())
    let theirs = Lineage(epoch: EpochID(random: random))
    var number: UInt64 = 1
    var summary = Summary(
      device: peer, instance: instance, number: 1, count: 10_000, allHeads: ids)
    for start in stride(from: 0, to: 10_000, by: 2000) {
      var said = said(theirs)
      said.summaries = (start..<start + 2000).map { _ in
        summary.device = DeviceID(random.digest())
        return SignedSummary(summary, signature: Array(repeating: 0, count: 64))
      }
      let forged = heard(instance, number, [said])
      _ = try state.receive(forged, from: peer, views: [log: view], random: random) { _, _ in
        start >= 2000
      }
      if start == 0 { #expect(state.logs[log]?.summaries.isEmpty == true) }
      number += 1
    }
    let known = try #require(state.logs[log]?.summaries)
    #expect(known.count == Limits.memberCount)
    #expect(known.values.allSatisfy { $0.signed.summary.heads.count <= Limits.headCount })
    #expect(known.values.allSatisfy { $0.delivered.count == UInt64(Limits.headCount) })
    let plan = try #require(
      try state.plan(
        for: second, views: [log: view], request: ExportRequest(now: 1, roundTrip: 1)))
    let told = plan.section.logs.flatMap(\.summaries)
    #expect(told.reduce(0) { $0 + $1.encoded.count } <= SyncLimits.summaryByteCount)
    #expect(!told.isEmpty)
  }
}
