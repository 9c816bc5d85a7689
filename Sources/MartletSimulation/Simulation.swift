internal import MartletFileSystem
internal import MartletNode
internal import MartletSeal
internal import MartletTestSupport
internal import MartletWire
internal import SystemPackage

/// One run of a scenario: whole devices with their stores on simulated disks, and a watch over what
/// must never happen.
package final class Simulation {
  /// The scenario with everything made up that it leaves to the seed.
  package let scenario: Scenario
  package let seed: UInt64
  package private(set) var report: Report
  /// What happened, for whoever reads a failure; only kept if it was asked for.
  package private(set) var story: [String] = []
  private let tells: Bool

  let clock = SimulatedClock()
  let random: SeededRandom
  var devices: [SimulatedDevice] = []
  /// Other lives of devices: of two that live, the one that acts is drawn.
  var twins: [Int: SimulatedDevice] = [:]
  let groups: [MartletWire.GroupID]
  let windows: [[Range<UInt64>]]
  /// Peers by device.
  let peers: [[Int]]

  /// Counts everything that happens.
  var step: UInt64 = 0
  var now: UInt64 = 0
  var mail: [Parcel] = []
  /// The last bundles of each direction, for whoever plays them again, if anybody does.
  var archive: [Direction: [Parcel]] = [:]
  let isReplayed: Bool
  /// The files in each directory that plays a stick.
  var sticks: [Int: [String: StickFile]] = [:]
  var standing: [String: Parcel] = [:]
  var serial = 0

  /// What was written, by group.
  var written: [[ObjectID: Message]]
  var positions: [PositionKey: ObjectID] = [:]
  var numbers: Set<NumberKey> = []
  /// Numberings in which two lives of one store wrote, neither aware of the other.
  var ambiguous: Set<EpochID> = []
  var hadLoss = false
  var hadFault = false
  private var lastWriting: UInt64 = 0
  private var unsettled: (device: Int, peer: Int)?

  struct Message {
    var author: Int
    var time: UInt64
  }

  struct Direction: Hashable {
    var from: Int
    var to: Int
  }

  struct PositionKey: Hashable {
    var group: Int
    var epoch: EpochID
    var position: UInt64
  }

  struct NumberKey: Hashable {
    var instance: InstanceID
    var peer: Int
    var number: UInt64
  }

  /// A file in a directory that plays a stick; what is changed in it has another version.
  struct StickFile {
    var version: Int
    var bytes: [UInt8]
  }

  /// A bundle on its way, and what its sender really held when it was written.
  struct Parcel {
    var serial: Int
    var from: Int
    var to: Int
    var bytes: [UInt8]
    var holdings: Holdings
    var step: UInt64
    var arrival: UInt64
    var isDamaged = false
  }

  package init(_ scenario: Scenario, seed: UInt64, tells: Bool = false) throws {
    let plan = Plan(scenario, seed: seed)
    self.scenario = plan.scenario
    self.seed = seed
    self.tells = tells
    windows = plan.windows
    let mishaps =
      plan.scenario.links.map(\.mishaps) + [plan.scenario.meetings?.mishaps].compactMap { $0 }
    isReplayed =
      mishaps.contains { $0.replay > 0 }
      || plan.scenario.faults.contains { $0.kind == .hostile }
    random = SeededRandom(seed: seed &* 0x9E37_79B9 ^ 0x51D)
    report = Report(scenario: scenario.name, seed: seed)
    let names = plan.scenario.devices.map(\.name)
    let key = Preparation.Key(
      names: names, peers: plan.scenario.peers, groups: plan.scenario.groups)
    let prepared = try Preparation.of(key)
    groups = prepared.groups
    var peers: [[Int]] = names.map { _ in [] }
    for pair in key.peers.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      peers[pair[0]].append(pair[1])
      peers[pair[1]].append(pair[0])
    }
    self.peers = peers
    written = groups.map { _ in [:] }
    for (index, name) in names.enumerated() {
      let device = SimulatedDevice(
        index: index, name: name,
        disk: prepared.disks[index].powerCut(seed: seed &+ UInt64(index)),
        groupCount: groups.count)
      devices.append(device)
    }
    for device in devices {
      // What was prepared is handed over before anything can happen to it.
      try opened(device).deliver()
      try refresh(device)
      try noteAcknowledged(device)
      if scenario.faults.contains(where: { [.adopt, .rollback].contains($0.kind) }) {
        device.backups.append(backup(of: device))
      }
    }
    report.deviceYears =
      Double(names.count) * Double(plan.scenario.length) / Double(365 * 24 * 3600)
  }

  /// Lets everything happen that was planned, or less of it, and then everything come to rest.
  ///
  /// Ends early at the first violation: what follows it says little.
  package func run(_ events: [Event]) {
    SeededSodium.drawing(from: SeededRandom(seed: ~seed)) { live(through: events) }
  }

  private func live(through events: [Event]) {
    lastWriting = events.last { if case .write = $0.action { true } else { false } }?.time ?? 0
    for event in events {
      deliverMail(until: event.time)
      now = event.time
      clock.set(now)
      perform(event)
      noteProgress()
      if !report.violations.isEmpty { break }
    }
    if report.violations.isEmpty {
      deliverMail(until: scenario.length)
      now = max(now, scenario.length)
      clock.set(now)
      noteProgress()
      noteState()
      report.lacking = lackingCount()
      if !hadFault, twins.isEmpty {
        do { for device in devices { try checkDelivered(device) } } catch {
          violate(.nothingFails, "looking at what is delivered: \(error)")
        }
      }
      if scenario.settles { settleDown() }
    }
    noteState()
    report.delays.sort()
    report.arrivals.sort()
  }

  private func perform(_ event: Event) {
    let luck = SeededRandom(seed: event.luck)
    do {
      switch event.action {
      case .write(let device, let group): try write(choose(device, luck), group, luck)
      case .meet(let link):
        let link = scenario.links[link]
        try meet(
          choose(link.one, luck), choose(link.other, luck), link.carrier, link.mishaps, luck)
      case .visit(let link, let device): try visit(choose(device, luck), link, luck)
      case .post(let link, let device): try post(choose(device, luck), link, luck)
      case .encounter(let one, let other):
        guard let meetings = scenario.meetings else { return }
        try meet(
          choose(one, luck), choose(other, luck), meetings.carrier, meetings.mishaps, luck)
      case .fault(let kind, let device): try fault(kind, device, luck)
      }
    } catch { violate(.nothingFails, "\(event.action): \(error)") }
  }

  /// The life of a device that acts.
  private func choose(_ index: Int, _ luck: SeededRandom) -> SimulatedDevice {
    if let twin = twins[index], luck.chance(0.5) { return twin }
    return devices[index]
  }

  // MARK: What is noted

  func violate(_ invariant: Invariant, _ words: String) {
    report.violations.append(Violation(invariant: invariant, time: now, words: words))
    tell("!! \(invariant.rawValue): \(words)")
  }

  func tell(_ words: @autoclosure () -> String) {
    guard tells else { return }
    story.append("\(time(now)) \(words())")
  }

  private func time(_ seconds: UInt64) -> String {
    let rest = seconds % scenario.tick
    return "\(seconds / scenario.tick)" + (rest == 0 ? "" : "+\(rest)s")
  }

  /// Goes into the fingerprint.
  func note(_ number: some BinaryInteger) {
    report.fingerprint =
      (report.fingerprint &* 0x100_0000_01B3) ^ UInt64(truncatingIfNeeded: number)
  }

  func count(_ change: (inout Report) -> Void) { change(&report) }

  private func noteProgress() {
    guard report.acknowledgedAt == nil || report.deliveredAt == nil, now >= lastWriting,
      twins.isEmpty
    else { return }
    if report.convergedAt == nil {
      guard lackingCount() == 0 else { return }
      report.convergedAt = now
    }
    if report.acknowledgedAt == nil, isAcknowledged() { report.acknowledgedAt = now }
    if report.deliveredAt == nil, isDeliveredKnown() { report.deliveredAt = now }
  }

  /// How many messages members lack, counted for each member.
  private func lackingCount() -> Int {
    var count = 0
    for (index, group) in scenario.groups.enumerated() {
      for member in group.members {
        let seen = devices[member].witness.views[groups[index]]?.places.count ?? 0
        count += max(0, written[index].count - seen)
      }
    }
    return count
  }

  /// Whether everybody knows of all its peers that they hold everything.
  private func isAcknowledged() -> Bool {
    if let (device, peer) = unsettled, !isSettled(device, peer) { return false }
    for device in devices.indices {
      for peer in peers[device] where !isSettled(device, peer) {
        // It is asked first the next time.
        unsettled = (device, peer)
        return false
      }
    }
    return true
  }

  private func isSettled(_ device: Int, _ peer: Int) -> Bool {
    for (index, group) in groups.enumerated()
    where scenario.groups[index].members.contains(device)
      && scenario.groups[index].members.contains(peer)
    {
      let node = try? opened(devices[device])
      guard let isSettled = try? node?.isSettled(with: devices[peer].name, of: group), isSettled
      else { return false }
    }
    return true
  }

  private func noteState() {
    for device in devices {
      if let count = try? opened(device).journalByteCount() {
        report.peakJournalBytes = max(report.peakJournalBytes, count)
      }
      let bytes = device.disk.usedByteCount
      report.peakDiskBytes = max(report.peakDiskBytes, bytes)
    }
  }
}
