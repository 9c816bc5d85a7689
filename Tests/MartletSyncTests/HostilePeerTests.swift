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
}
