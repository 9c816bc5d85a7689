internal import MartletTestSupport

/// Everything a seed decides before a run begins: what is made up, who is on when, and what is to
/// happen when.
package struct Plan: Sendable {
  /// With everything made up that was left to the seed.
  package let scenario: Scenario
  /// By device: when it is on, in order.
  package let windows: [[Range<UInt64>]]
  package let events: [Event]

  package init(_ original: Scenario, seed: UInt64) {
    let random = SeededRandom(seed: seed &* 0xD129_0D3B ^ 0x91A7)
    let scenario = original.varied(random)
    let windows = scenario.devices.map { Plan.windows($0.availability, scenario.length, random) }
    var events: [Event] = []
    func add(_ time: UInt64, _ action: Event.Action) {
      guard time < scenario.length else { return }
      events.append(Event(time: time, luck: random.next(), action: action))
    }
    for writing in scenario.writings {
      let times: [UInt64]
      switch writing.occasion {
      case .at(let time): times = [time]
      case .times(let count, let until):
        times = (0..<count).map { _ in Plan.random(below: min(until, scenario.length), random) }
      }
      for time in times {
        // People write where they are, on or not: only carriers ask for more.
        add(time, .write(device: writing.author, group: writing.group))
      }
    }
    for (index, link) in scenario.links.enumerated() {
      switch link.carrier {
      case .live, .batch:
        let both = Plan.overlaps(windows[link.one], windows[link.other])
        for time in Plan.times(in: both, link, random) { add(time, .meet(link: index)) }
      case .stick:
        for device in [link.one, link.other] {
          for time in Plan.times(in: windows[device], link, random) {
            add(time, .visit(link: index, device: device))
          }
        }
      case .mail:
        for device in [link.one, link.other] {
          for time in Plan.times(in: windows[device], link, random) {
            add(time, .post(link: index, device: device))
          }
        }
      }
    }
    if let meetings = scenario.meetings, scenario.devices.count > 1 {
      for _ in 0..<Int(scenario.length / max(1, meetings.interval)) {
        let time = Plan.random(below: scenario.length, random)
        let here = windows.indices.filter { Plan.isOn(windows[$0], at: time) }
        guard here.count > 1 else { continue }
        let one = here[random.below(here.count)]
        let others = here.filter { $0 != one }
        add(time, .encounter(one, others[random.below(others.count)]))
      }
    }
    for fault in scenario.faults {
      let expected =
        fault.perYear * Double(scenario.devices.count) * Double(scenario.length)
        / Double(365 * 24 * 3600)
      let count = Int(expected) + (random.chance(expected - expected.rounded(.down)) ? 1 : 0)
      for _ in 0..<count {
        add(
          Plan.random(below: scenario.length, random),
          .fault(fault.kind, device: random.below(scenario.devices.count)))
      }
    }
    // Of two in one moment the one that was planned first: the order hangs on nothing else.
    self.events = events.enumerated().sorted {
      ($0.element.time, $0.offset) < ($1.element.time, $1.offset)
    }.map(\.element)
    self.scenario = scenario
    self.windows = windows
  }

  static func isOn(_ windows: [Range<UInt64>], at time: UInt64) -> Bool {
    nextOn(windows, at: time) == time
  }

  /// The first moment from then on at which a device is on; nil if there is none.
  static func nextOn(_ windows: [Range<UInt64>], at time: UInt64) -> UInt64? {
    var low = 0
    var high = windows.count
    while low < high {
      let middle = (low + high) / 2
      if windows[middle].upperBound > time { high = middle } else { low = middle + 1 }
    }
    guard low < windows.count else { return nil }
    return max(time, windows[low].lowerBound)
  }

  // MARK: Times

  private static func random(below bound: UInt64, _ random: SeededRandom) -> UInt64 {
    bound == 0 ? 0 : random.next() % bound
  }

  private static func windows(
    _ availability: Scenario.Availability, _ length: UInt64, _ random: SeededRandom
  ) -> [Range<UInt64>] {
    switch availability {
    case .always: return [0..<length]
    case .periods(let on, let off, let from):
      guard on > 0 else { return [] }
      return stride(from: from, to: length, by: Int(on + off)).map { $0..<min(length, $0 + on) }
    case .windows(let fraction, let duration):
      guard fraction > 0, duration > 0 else { return [] }
      let period = UInt64(Double(duration) / min(1, fraction))
      // One in each period, anywhere in it.
      return stride(from: 0, to: length, by: Int(max(1, period))).compactMap { start in
        let begin = start + Plan.random(below: period - duration + 1, random)
        return begin < length ? begin..<min(length, begin + duration) : nil
      }
    }
  }

  private static func overlaps(
    _ one: [Range<UInt64>], _ other: [Range<UInt64>]
  ) -> [Range<UInt64>] {
    var result: [Range<UInt64>] = []
    var left = 0
    var right = 0
    while left < one.count, right < other.count {
      let lower = max(one[left].lowerBound, other[right].lowerBound)
      let upper = min(one[left].upperBound, other[right].upperBound)
      if lower < upper { result.append(lower..<upper) }
      if one[left].upperBound < other[right].upperBound { left += 1 } else { right += 1 }
    }
    return result
  }

  private static func times(
    in windows: [Range<UInt64>], _ link: Scenario.Link, _ random: SeededRandom
  ) -> [UInt64] {
    let interval = max(1, link.interval)
    guard link.isRandom else {
      return windows.flatMap { stride(from: $0.lowerBound, to: $0.upperBound, by: Int(interval)) }
    }
    let total = windows.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) }
    return (0..<Int(total / interval)).map { _ in
      var place = Plan.random(below: total, random)
      for window in windows {
        let length = window.upperBound - window.lowerBound
        if place < length { return window.lowerBound + place }
        place -= length
      }
      return windows[0].lowerBound
    }
  }
}

extension Scenario {
  /// Those who are to be peers: pairs of indexes, the lower first.
  var peers: Set<[Int]> {
    var pairs = Set(links.map { [min($0.one, $0.other), max($0.one, $0.other)] })
    if meetings != nil {
      for one in devices.indices {
        for other in devices.indices where one < other { pairs.insert([one, other]) }
      }
    }
    return pairs
  }

  /// With the devices, links and writings that were left to the seed.
  fileprivate func varied(_ random: SeededRandom) -> Scenario {
    guard let variety else { return self }
    var scenario = self
    let span = variety.devices.upperBound - variety.devices.lowerBound + 1
    let count = variety.devices.lowerBound + random.below(span)
    scenario.devices = (0..<count).map { index in
      let availability: Availability
      switch random.below(4) {
      case 0: availability = .always
      case 1: availability = .periods(on: 8 * 3600, off: 16 * 3600, from: 3600 * 8)
      case 2: availability = .windows(fraction: 0.3, length: 4 * 3600)
      default: availability = .windows(fraction: 0.6, length: 24 * 3600)
      }
      return Device(name: "d\(index)", availability: availability)
    }
    // Few shapes, so that few disks have to be made.
    var pairs: [[Int]] = []
    switch random.below(4) {
    case 0: pairs = (1..<count).map { [$0 - 1, $0] }
    case 1: pairs = (1..<count).map { [0, $0] }
    case 2:
      pairs = (1..<count).map { [$0 - 1, $0] }
      if count > 2 { pairs.append([0, count - 1]) }
    default:
      for one in 0..<count {
        for other in (one + 1)..<max(one + 1, count) { pairs.append([one, other]) }
      }
    }
    // Each contact is one of two devices.
    let contacts = (variety.contacts * count + 1) / 2 / max(1, pairs.count) + 1
    scenario.links = pairs.map { pair in
      var mishaps = Mishaps()
      if random.chance(0.7) {
        mishaps = Mishaps(
          loss: [0, 0.1, 0.3][random.below(3)], copy: 0.05, cut: 0.03, flip: 0.03, replay: 0.03,
          latency: random.chance(0.5) ? 0...86_400 : 0...(10 * 86_400))
      }
      let carrier = Carrier.allCases[random.below(Carrier.allCases.count)]
      var link = Link(
        one: pair[0], other: pair[1], carrier: carrier, interval: 0, isRandom: true,
        mishaps: mishaps)
      link.interval = UInt64(contacts)
      return link
    }
    scenario.groups = [Group(name: "all", members: Array(0..<count))]
    if count > 2, random.chance(0.3) {
      scenario.groups.append(Group(name: "two", members: [pairs[0][0], pairs[0][1]]))
    }
    scenario.writings = (0..<count).map { author in
      Writing(author: author, group: 0, occasion: .times(variety.messages, until: length))
    }
    return scenario.timed(random)
  }

  /// Turns numbers of contacts into intervals, by how long each link is possible.
  private func timed(_ random: SeededRandom) -> Scenario {
    var scenario = self
    for index in scenario.links.indices {
      let wanted = scenario.links[index].interval
      func part(_ device: Int) -> Double {
        switch scenario.devices[device].availability {
        case .always: return 1
        case .periods(let on, let off, _): return Double(on) / Double(on + off)
        case .windows(let fraction, _): return fraction
        }
      }
      let one = part(scenario.links[index].one)
      let other = part(scenario.links[index].other)
      // Where each acts alone there are twice as many events of half a contact.
      let possible: Double
      switch scenario.links[index].carrier {
      case .live, .batch: possible = one * other
      case .stick, .mail: possible = (one + other) / 2
      }
      scenario.links[index].interval = max(
        1, UInt64(Double(scenario.length) * possible / Double(max(1, wanted)) * 0.9))
    }
    return scenario
  }
}
