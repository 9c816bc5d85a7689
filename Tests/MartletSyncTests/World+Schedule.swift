import MartletSeal
import MartletSync
import MartletTestSupport
import MartletWire

extension World {
  /// One thing that may happen to one device.
  func step() throws {
    now += 1
    let device = random.below(count)
    let before = random.chance(0.05) ? devices[device] : nil
    switch random.below(1000) {
    case ..<220: write(device)
    case ..<550:
      let choices = links.filter { $0.from == device }
      let link = choices[random.below(choices.count)]
      let limit = random.chance(0.3) ? UInt64(1 + random.below(4)) : .max
      let bytes = random.chance(0.3) ? UInt64(random.below(1000)) : nil
      if let bundle = try export(link, force: random.chance(0.1), limit: limit, bytes: bytes) {
        if let before {
          // Committed or not, the file was not created.
          if random.chance(0.5) { devices[device] = before }
          return
        }
        boxes[link, default: []].append(bundle)
        archive[link, default: []].append(bundle)
      }
    case ..<920: try deliver(to: device)
    case ..<940: backups[device].append(devices[device])
    case ..<950:
      guard mix.hasRestores else { break }
      devices[device] = backup(of: device)
      devices[device].state.adopt(lengths: [log: devices[device].log.length], random: random)
      return
    case ..<957:
      guard mix.hasSilentRestores else { break }
      devices[device] = backup(of: device)
      dirty.insert(device)
      return
    case ..<970: if mix.hasRot { damage(device) }
    case ..<980:
      if !expiring.isEmpty { expired.insert(expiring[random.below(expiring.count)]) }
      for each in 0..<count { refreshVoid(each) }
    default: break
    }
    if let before { devices[device] = before }
    for link in links { sweep(link, chance: 0.5) }
  }

  private func backup(of device: Int) -> SimulatedDevice {
    let recent = backups[device].suffix(3)
    return recent[recent.startIndex + random.below(recent.count)]
  }

  private func deliver(to device: Int) throws {
    let choices = links.filter { $0.to == device && !(boxes[$0] ?? []).isEmpty }
    guard !choices.isEmpty else { return }
    let link = choices[random.below(choices.count)]
    let index = random.below(boxes[link, default: []].count)
    guard var bundle = boxes[link]?[index] else { return }
    let luck = random.below(100)
    if sticks.contains(link.pair) {
      bundle.damaged = bundle.damaged || random.chance(0.1)
      boxes[link]?[index] = bundle
      try receive(bundle, link)
      if luck < 10 { boxes[link]?.remove(at: index) }
    } else if luck < 15 {
      boxes[link]?.remove(at: index)
    } else {
      if luck >= 30 { boxes[link]?.remove(at: index) }
      bundle.damaged = random.chance(0.1)
      try receive(bundle, link)
    }
    if random.chance(0.05), let old = archive[link], !old.isEmpty {
      try receive(old[random.below(old.count)], link)
    }
  }

  private func damage(_ device: Int) {
    let choices = devices[device].log.ids.filter { devices[device].log.held.contains($0) }
    guard !choices.isEmpty else { return }
    let id = choices[random.below(choices.count)]
    // Now and then the only copy: then it is simply gone.
    let copies = devices.filter { $0.log.held.contains(id) }.count
    guard random.chance(0.5) || copies > 1, let place = devices[device].log.places[id] else {
      return
    }
    devices[device].log.held.remove(id)
    devices[device].state.logs[log]?.lost.insert(place)
  }

  /// Lets every link work until nobody has anything to say, and checks what everybody has.
  func settleDown(rounds: Int = 60) throws {
    for device in 0..<count { write(device) }
    // Devices come to rest with what they refused, too.
    if random.chance(0.3) { try rest(rounds) }
    declines = 0
    for device in 0..<count { devices[device].state.undecline(log) }
    try rest(rounds)
    checkAgreement()
    if mix == .plain { checkSummaries() }
  }

  private func rest(_ rounds: Int) throws {
    let rounds = narrow == nil ? rounds : rounds * 8
    var silent = 0
    var round = 0
    while silent < 6 {
      round += 1
      if round > rounds {
        violations.append("does not come to rest")
        break
      }
      now += roundTrip + 1
      var spoke = false
      for link in links {
        if let bundle = try export(link) {
          spoke = true
          if sticks.contains(link.pair) {
            boxes[link, default: []].append(bundle)
          } else {
            try receive(bundle, link)
          }
        }
        if sticks.contains(link.pair) {
          for bundle in boxes[link] ?? [] { try receive(bundle, link) }
          sweep(Link(from: link.to, to: link.from), chance: 1)
        }
      }
      silent = spoke ? 0 : silent + 1
    }
  }

  /// Everybody knows of everybody else what it has delivered, over however many hands.
  private func checkSummaries() {
    for (index, device) in devices.enumerated() {
      let delivered = device.state.delivered(log)
      for (other, name) in names.enumerated() where other != index && other != relay {
        let count = delivered[name]?.count ?? 0
        if count != devices[other].log.length {
          violations.append(
            "\(index) knows of \(count) of \(devices[other].log.length) delivered at \(other), "
              + "relay \(relay ?? -1)")
        }
      }
    }
  }

  private func checkAgreement() {
    var everything = Set(devices.flatMap { $0.log.held }).subtracting(expired)
    let absent = Set(devices.flatMap { $0.state.logs[log]?.absent ?? [] })
    // What descends from a message that is nowhere any more waits for ever.
    var waiting: Set<ObjectID> = []
    var grew = true
    while grew {
      grew = false
      for id in everything where !waiting.contains(id) {
        let stuck = (parents[id] ?? []).contains {
          waiting.contains($0)
            || (!everything.contains($0) && !expired.contains($0) && !absent.contains($0))
        }
        if stuck {
          waiting.insert(id)
          grew = true
        }
      }
    }
    everything.subtract(waiting)
    for (index, device) in devices.enumerated() {
      let missing = everything.subtracting(device.log.held)
      if !missing.isEmpty { violations.append("device \(index) lacks \(missing.count)") }
      let pending = Set(device.log.pending).subtracting(expired).subtracting(waiting)
      if !pending.isEmpty { violations.append("device \(index) keeps \(pending.count) pending") }
    }
  }
}
