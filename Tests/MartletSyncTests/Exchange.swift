import MartletSeal
import MartletSync
import MartletTestSupport
import MartletWire

/// Devices that exchange bundles when they are told to, and lose none.
final class Exchange {
  let random: SeededRandom
  let messages: LogID
  let blobs: LogID
  let names: [DeviceID]
  var states: [SyncState] = []
  var views: [[LogID: ArrayLog]] = []
  var now: UInt64 = 1000

  static let roundTrip: UInt64 = 100

  init(_ count: Int, seed: UInt64 = 1) {
    let random = SeededRandom(seed: seed)
    self.random = random
    let group = GroupID(random.digest())
    let messages = LogID(group: group, objectClass: .messages)
    let blobs = LogID(group: group, objectClass: .blobs)
    self.messages = messages
    self.blobs = blobs
    names = (0..<count).map { _ in DeviceID(random.digest()) }
    for device in 0..<count {
      var state = SyncState(device: DeviceState(instance: InstanceID(random.digest())))
      for log in [messages, blobs] {
        state.logs[log] = GroupLogState(epoch: EpochID(random: random))
      }
      for other in 0..<count where other != device {
        state.peers[names[other]] = PeerJournal()
        for log in [messages, blobs] { state.peers[names[other]]?.share(log) }
      }
      states.append(state)
      views.append([messages: ArrayLog(), blobs: ArrayLog()])
    }
  }

  @discardableResult
  func write(_ device: Int, _ log: LogID, parents: [ObjectID] = []) -> ObjectID {
    let id = ObjectID(random.digest())
    place(id, at: device, log, parents: parents)
    return id
  }

  func place(_ id: ObjectID, at device: Int, _ log: LogID, parents: [ObjectID] = []) {
    views[device][log]?.held.insert(id)
    views[device][log]?.ancestry[id] = parents
    views[device][log]?.append(id)
  }

  func summarise(_ device: Int) {
    guard let view = views[device][messages] else { return }
    let named = Set(view.ancestry.values.joined())
    states[device].summarise(
      messages, as: names[device], heads: view.ids.filter { !named.contains($0) },
      count: view.length
    ) { SignedSummary($0, signature: Array(repeating: 0, count: 64)) }
  }

  func plan(
    _ from: Int, to: Int, _ configure: (inout ExportRequest) -> Void = { _ in }
  ) throws -> ExportPlan? {
    var request = ExportRequest(now: now, roundTrip: Self.roundTrip)
    configure(&request)
    return try states[from].plan(for: names[to], views: views[from], request: request)
  }

  /// Sends a bundle, if there is anything to say, and has it taken.
  @discardableResult
  func carry(
    _ from: Int, to: Int, isLost: Bool = false,
    _ configure: (inout ExportRequest) -> Void = { _ in }
  ) throws -> ExportPlan? {
    guard let plan = try plan(from, to: to, configure) else { return nil }
    try states[from].recordSent(plan, to: names[to], now: now, carrier: "", fileName: "")
    if !isLost { try take(plan, from, to: to) }
    return plan
  }

  func take(_ plan: ExportPlan, _ from: Int, to: Int) throws {
    let section = try Section(decoding: plan.section.encoded)
    let heard = HeardBundle(
      instance: states[from].device.instance, retired: states[from].device.retired,
      logs: plan.logs, section: section)
    let own = names[to]
    var reception = try states[to].receive(
      heard, from: names[from], views: views[to], random: random
    ) { signed, _ in signed.summary.device != own }
    var changed = false
    for carried in plan.logs {
      for run in carried.runs {
        var start = run.range.lowerBound
        var chain = run.chainBefore
        for mark in run.marks {
          var ids: [ObjectID] = []
          for position in start..<mark.position {
            guard let id = views[from][carried.log]?.ids[Int(position)] else { continue }
            ids.append(id)
            if views[to][carried.log]?.held.contains(id) == false {
              let parents = views[from][carried.log]?.ancestry[id] ?? []
              place(id, at: to, carried.log, parents: parents)
              changed = true
            }
          }
          guard let view = views[to][carried.log] else { continue }
          try states[to].settle(carried.log, view: view)
          try states[to].credit(
            Stretch(start: start, ids: ids, chainBefore: chain, chainAfter: mark.chain),
            of: carried.log, view: view, reception: &reception)
          start = mark.position
          chain = mark.chain
        }
      }
    }
    states[to].finish(reception, changed: changed)
  }

  /// Lets two devices speak by turns until neither has anything to say.
  func settle(_ one: Int, _ other: Int) throws {
    for _ in 0..<10 {
      let spoke = try carry(one, to: other) != nil
      if try carry(other, to: one) == nil, !spoke { return }
    }
  }

  func journal(_ device: Int, of peer: Int) -> PeerJournal {
    states[device].peers[names[peer]] ?? PeerJournal()
  }
}
