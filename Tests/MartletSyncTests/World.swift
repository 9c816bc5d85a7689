import MartletSeal
import MartletSync
import MartletTestSupport
import MartletWire

/// What may go wrong in a world.
enum FaultMix: String, CaseIterable, Sendable {
  /// Losses, repeats, salvaged bundles and crashes only.
  case plain
  /// Damaged and expired objects too.
  case rot
  /// Restored devices that know it.
  case restore
  case rotAndRestore
  /// Restored devices that do not know it.
  case silent
  case all

  var hasRot: Bool { self == .rot || self == .rotAndRestore || self == .all }
  var expires: Bool { self != .plain }
  var hasRestores: Bool { self == .restore || self == .rotAndRestore || self == .all }
  var hasSilentRestores: Bool { self == .silent || self == .all }
}

/// One device: what it would have on disk.
struct SimulatedDevice {
  var state: SyncState
  var log = ArrayLog()
  var seen: Set<Int> = []
  /// What was looked at of what others say they have delivered.
  var checked: [DeviceID: Intervals] = [:]
}

struct SimulatedBundle {
  var serial: Int
  var heard: HeardBundle
  /// The ids at the positions carried.
  var records: [[ObjectID]]
  var time: UInt64
  /// What the sender held or had declared void: the truth behind its receipt.
  var truth: Set<ObjectID>
  var damaged = false
}

struct Link: Hashable {
  var from: Int
  var to: Int
  var pair: [Int] { [min(from, to), max(from, to)] }
}

/// Devices, links that lose and repeat, and a watch over what must never happen.
final class World {
  let random: SeededRandom
  let count: Int
  let log: LogID
  var now: UInt64 = 1000
  let roundTrip: UInt64 = 25
  var parents: [ObjectID: [ObjectID]] = [:]
  var expiring: [ObjectID] = []
  var expired: Set<ObjectID> = []
  var devices: [SimulatedDevice] = []
  var backups: [[SimulatedDevice]] = []
  var dirty: Set<Int> = []
  var boxes: [Link: [SimulatedBundle]] = [:]
  var archive: [Link: [SimulatedBundle]] = [:]
  var sticks: Set<[Int]> = []
  var links: [Link] = []
  var serial = 0
  var registry: [String: ObjectID] = [:]
  var violations: [String] = []
  let names: [DeviceID]
  let mix: FaultMix
  /// Keeps what it cannot read, in the order in which it comes, and writes nothing.
  var relay: Int?
  /// Bytes that every bundle must do with, for as long as the world lasts.
  var narrow: UInt64?
  /// What each device ever delivered or passed as absent, in whatever life.
  var passed: [Set<ObjectID>]
  var limits = JournalLimits()
  var payloads = 0
  /// How often an object is refused.
  var declines = 0.0

  init(seed: UInt64, mix: FaultMix = .all) throws {
    let random = SeededRandom(seed: seed)
    self.random = random
    self.mix = mix
    count = 2 + random.below(4)
    passed = Array(repeating: [], count: count)
    if count > 2, random.chance(0.4) { relay = count - 1 }
    if random.chance(0.2) { narrow = 300 + UInt64(random.below(600)) }
    log = LogID(group: GroupID(random.digest()), objectClass: .messages)
    names = (0..<count).map { _ in DeviceID(random.digest()) }
    var pairs: Set<[Int]> = []
    for device in 1..<count { pairs.insert([random.below(device), device]) }
    for _ in 0..<random.below(count + 1) {
      let one = random.below(count)
      let other = (one + 1 + random.below(count - 1)) % count
      pairs.insert([min(one, other), max(one, other)])
    }
    for _ in 0..<count {
      var state = SyncState(device: DeviceState(instance: InstanceID(random.digest())))
      state.logs[log] = GroupLogState(epoch: EpochID(random: random))
      devices.append(SimulatedDevice(state: state))
    }
    for pair in pairs.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      links += [Link(from: pair[0], to: pair[1]), Link(from: pair[1], to: pair[0])]
      if random.chance(0.4) { sticks.insert(pair) }
      for (one, other) in [(pair[0], pair[1]), (pair[1], pair[0])] {
        devices[one].state.peers[names[other]] = PeerJournal()
        devices[one].state.peers[names[other]]?.share(log)
      }
    }
    backups = devices.map { [$0] }
  }

  func journal(_ device: Int, of peer: Int) -> PeerJournal {
    devices[device].state.peers[names[peer]] ?? PeerJournal()
  }

  // MARK: The log, as a member keeps it

  func write(_ device: Int) {
    guard device != relay else { return }
    let ids = devices[device].log.ids
    let named = Set(ids.flatMap { parents[$0] ?? [] })
    let expiringIDs = Set(expiring)
    let heads = ids.filter { !named.contains($0) && !expiringIDs.contains($0) }.suffix(3)
    let id = ObjectID(random.digest())
    parents[id] = Array(heads)
    if mix.expires, random.chance(0.1) { expiring.append(id) }
    devices[device].log.held.insert(id)
    append(device, id)
    refreshVoid(device)
  }

  func append(_ device: Int, _ id: ObjectID) {
    devices[device].log.ancestry[id] = parents[id]
    devices[device].log.append(id)
    var stack = [id]
    while let next = stack.popLast() {
      guard passed[device].insert(next).inserted else { continue }
      stack += parents[next] ?? []
    }
  }

  func accept(_ device: Int, _ id: ObjectID, from sender: Int) -> Bool {
    devices[device].log.senders[id, default: []].insert(sender)
    guard devices[device].log.held.insert(id).inserted else { return false }
    let place = devices[device].log.places[id]
    devices[device].state.logs[log]?.regained(id, at: place)
    devices[device].log.shorts[ShortID(id)] = id
    if place != nil { return true }
    if device == relay { append(device, id) } else { devices[device].log.pending.append(id) }
    return true
  }

  func drain(_ device: Int) throws {
    var moved = true
    while moved {
      moved = false
      for id in devices[device].log.pending {
        let absent = devices[device].state.logs[log]?.absent ?? []
        let ready = (parents[id] ?? []).allSatisfy {
          devices[device].log.places[$0] != nil || absent.contains($0)
        }
        if ready {
          devices[device].log.pending.removeAll { $0 == id }
          append(device, id)
          moved = true
        }
      }
    }
    refreshVoid(device)
    try devices[device].state.settle(log, view: devices[device].log)
  }

  func refreshVoid(_ device: Int) {
    var void = Intervals()
    for id in expired {
      if let place = devices[device].log.places[id] { void.insert(place) }
    }
    devices[device].state.logs[log]?.void = void
  }

  func missingParents(_ device: Int, from sender: Int) -> Set<ObjectID> {
    if device == relay { return [] }
    let log = devices[device].log
    let absent = devices[device].state.logs[self.log]?.absent ?? []
    return Set(
      log.pending.filter { log.senders[$0]?.contains(sender) == true }
        .flatMap { parents[$0] ?? [] }
        .filter { log.places[$0] == nil && !log.held.contains($0) && !absent.contains($0) })
  }

  // MARK: Bundles

  /// Says what a member has delivered, if that changed.
  func summarise(_ device: Int) {
    guard device != relay else { return }
    let ids = devices[device].log.ids
    let before = devices[device].state.logs[log]?.ownSummary?.signed.summary
    if before?.count == UInt64(ids.count),
      before?.instance == devices[device].state.device.instance
    {
      return
    }
    let named = Set(ids.flatMap { parents[$0] ?? [] })
    devices[device].state.summarise(
      log, as: names[device], heads: ids.filter { !named.contains($0) }, count: UInt64(ids.count)
    ) { SignedSummary($0, signature: Array(repeating: 0, count: 64)) }
  }

  func export(
    _ link: Link, force: Bool = false, limit: UInt64 = .max, bytes: UInt64? = nil
  ) throws -> SimulatedBundle? {
    summarise(link.from)
    devices[link.from].state.limits = limits
    let device = devices[link.from]
    var request = ExportRequest(now: now, roundTrip: roundTrip)
    request.force = force
    request.recordLimit = limit
    request.byteLimit = bytes ?? narrow
    request.wants[log] = missingParents(link.from, from: link.to)
    if sticks.contains(link.pair) {
      request.standing = Set(
        boxes[link, default: []].filter { $0.heard.instance == device.state.device.instance }
          .map(\.heard.section.number))
    }
    let peer = names[link.to]
    guard let plan = try device.state.plan(for: peer, views: [log: device.log], request: request)
    else { return nil }
    try devices[link.from].state.recordSent(
      plan, to: peer, now: now, carrier: "test", fileName: "\(serial)",
      standing: request.standing)
    serial += 1
    payloads += Int(plan.runs[log]?.count ?? 0)
    if let most = request.byteLimit {
      var carried: UInt64 = 0
      for range in plan.runs[log]?.ranges ?? [] { carried += try device.log.byteCount(of: range) }
      if carried > most { violations.append("\(carried) bytes of \(most) at \(now)") }
    }
    let records = plan.logs.flatMap(\.runs).map { run in
      Array(device.log.ids[Int(run.range.lowerBound)..<Int(run.range.upperBound)])
    }
    return SimulatedBundle(
      serial: serial,
      heard: HeardBundle(
        instance: device.state.device.instance, retired: device.state.device.retired,
        logs: plan.logs, section: plan.section),
      records: records, time: now, truth: device.log.held.union(expired))
  }

  func receive(_ bundle: SimulatedBundle, _ link: Link) throws {
    let to = link.to
    guard !devices[to].seen.contains(bundle.serial) else { return }
    if !bundle.damaged { devices[to].seen.insert(bundle.serial) }
    refreshVoid(to)
    devices[to].state.limits = limits
    let own = names[to]
    var reception = try devices[to].state.receive(
      bundle.heard, from: names[link.from], views: [log: devices[to].log], random: random
    ) { signed, _ in signed.summary.device != own }
    if reception.isNewer, !reception.rolledBack { checkReceipt(bundle, link) }
    var changed = false
    var stretches: [Stretch] = []
    for (run, ids) in zip(bundle.heard.logs.flatMap(\.runs), bundle.records) {
      var start = run.range.lowerBound
      var chain = run.chainBefore
      for mark in run.marks {
        let lower = Int(start - run.range.lowerBound)
        let upper = Int(mark.position - run.range.lowerBound)
        var whole = true
        for index in lower..<upper {
          // The same records each time it is read.
          let coin = (ids[index].bytes.first ?? 0) ^ UInt8(truncatingIfNeeded: bundle.serial)
          if bundle.damaged, coin & 1 == 0 {
            whole = false
            continue
          }
          let position = start + UInt64(index - lower)
          checkPosition(bundle, link, position, ids[index])
          if declines > 0, !devices[to].log.held.contains(ids[index]), random.chance(declines) {
            devices[to].state.decline(
              Intervals(position..<position + 1), of: log, reception: reception)
            whole = false
            continue
          }
          if accept(to, ids[index], from: link.from) { changed = true }
        }
        if whole {
          stretches.append(
            Stretch(
              start: start, ids: Array(ids[lower..<upper]), chainBefore: chain,
              chainAfter: mark.chain))
        }
        start = mark.position
        chain = mark.chain
      }
    }
    try drain(to)
    for stretch in stretches {
      try devices[to].state.credit(
        stretch, of: log, view: devices[to].log, reception: &reception)
    }
    devices[to].state.finish(reception, changed: changed)
    checkDelivered(to)
    let offered = devices[to].state.offered(by: names[link.from], of: log)
    if !offered.isEmpty, random.chance(0.2) {
      let item = offered[random.below(offered.count)]
      devices[to].state.request(
        Intervals(item.position..<item.position + 1), of: log, from: names[link.from])
    }
  }

  /// A sender takes back from a stick what was acknowledged.
  func sweep(_ link: Link, chance: Double) {
    guard sticks.contains(link.pair) else { return }
    let instance = devices[link.from].state.device.instance
    let applied = journal(link.from, of: link.to).logs[log]?.applied ?? Intervals()
    boxes[link]?.removeAll { bundle in
      let runs = Intervals(bundle.heard.logs.flatMap(\.runs).map(\.range))
      return bundle.heard.instance == instance && bundle.time + 3 < now
        && runs.subtracting(applied).isEmpty && random.chance(chance)
    }
  }
}
