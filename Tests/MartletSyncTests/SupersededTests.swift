import MartletSeal
import MartletSync
import MartletTestSupport
import MartletWire
import Testing

@Suite("A peer that lives several lives")
struct SupersededTests {
  let random = SeededRandom(seed: 11)
  let log: LogID
  let peer: DeviceID
  let mine: InstanceID
  let theirs: Lineage
  let lineage: Lineage

  init() throws {
    let r = SeededRandom(seed: 12)
    log = LogID(group: GroupID(r.digest()), objectClass: .messages)
    peer = DeviceID(r.digest())
    mine = InstanceID(r.digest())
    theirs = Lineage(epoch: EpochID(random: r))
    lineage = Lineage(epoch: EpochID(random: r))
  }

  func state() -> SyncState {
    var state = SyncState(device: DeviceState(instance: mine))
    state.logs[log] = GroupLogState(lineage: lineage)
    state.peers[peer] = PeerJournal()
    state.peers[peer]?.share(log)
    return state
  }

  func heard(
    _ instance: InstanceID, _ number: UInt64, echo: InstanceID? = nil, length: UInt64 = 0,
    void: [VoidRun] = [], receipt: Receipt? = nil
  ) -> HeardBundle {
    HeardBundle(
      instance: instance, retired: [], logs: [],
      section: Section(
        number: number, echo: echo.map { Section.Echo(instance: $0, number: 0) },
        logs: [
          SectionLog(
            log: log, length: length, lineage: theirs, have: [], void: void, receipt: receipt,
            lost: [], requests: [])
        ], answeredAbsent: []))
  }

  @Test("what one life acknowledged does not count for another")
  func acknowledged() throws {
    var state = state()
    var view = ArrayLog()
    for _ in 0..<4 { view.append(ObjectID(random.digest())) }
    let fork = EpochID(random: random)
    let old = lineage
    let new = lineage.forked(at: 2, epoch: fork)
    state.logs[log]?.lineage = new
    func receive(_ lineage: Lineage, _ end: UInt64, _ tail: UInt32) throws {
      let receipt = Receipt(
        lineage: lineage, held: Intervals(0..<end), chainTails: [end: tail])
      _ = try state.receive(
        heard(InstanceID(random.digest()), 1, receipt: receipt), from: peer, views: [log: view],
        random: random)
    }
    try receive(new, 4, view.chains[4].tail)
    #expect(state.peers[peer]?.logs[log]?.applied == Intervals(0..<4))
    // Of an interval that straddles the fork, only what the same life acknowledged stays.
    try receive(old, 3, 0)
    #expect(state.peers[peer]?.logs[log]?.applied == Intervals())
  }

  @Test("an echo proves a rollback in an old bundle and in one of a superseded instance")
  func echo() throws {
    let first = InstanceID(random.digest())
    let second = InstanceID(random.digest())
    let strange = InstanceID(random.digest())
    for (speaker, number) in [(first, 9), (second, 1)] as [(InstanceID, UInt64)] {
      var state = state()
      let view = ArrayLog()
      _ = try state.receive(heard(first, 1), from: peer, views: [log: view], random: random)
      _ = try state.receive(heard(second, 2), from: peer, views: [log: view], random: random)
      let told = heard(speaker, number, echo: strange)
      let reception = try state.receive(told, from: peer, views: [log: view], random: random)
      #expect(!reception.isNewer)
      #expect(reception.rolledBack)
      #expect(state.device.retired.contains(strange))
      #expect(state.device.instance != mine)
      #expect(state.peers[peer]?.owed == true)
      // Once: the same proof again proves nothing.
      let again = try state.receive(told, from: peer, views: [log: view], random: random)
      #expect(!again.rolledBack)
    }
  }

  @Test("an old bundle and a void run do not change what is acknowledged by turns")
  func void() throws {
    var state = state()
    var view = ArrayLog()
    let id = ObjectID(random.digest())
    view.held.insert(id)
    view.append(id)
    let instance = InstanceID(random.digest())
    let void = [VoidRun(range: 0..<1, chainBefore: .empty, chainAfter: view.chains[1])]
    var reception = try state.receive(
      heard(instance, 1, length: 1, void: void), from: peer, views: [log: view], random: random)
    let stretch = Stretch(
      start: 0, ids: [id], chainBefore: .empty, chainAfter: view.chains[1])
    try state.credit(stretch, of: log, view: view, reception: &reception)
    #expect(state.peers[peer]?.logs[log]?.void == Intervals(0..<1))
    #expect(!reception.changed)
  }
}
