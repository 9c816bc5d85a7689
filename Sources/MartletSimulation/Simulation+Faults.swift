internal import MartletFileSystem
internal import MartletNode
internal import MartletSeal
internal import MartletTestSupport
internal import MartletWire
internal import SystemPackage

extension Simulation {
  private static let backupLimit = 3

  func fault(
    _ kind: Scenario.FaultKind, _ index: Int, _ luck: SeededRandom
  ) throws {
    let device = devices[index]
    tell("\(device.name): \(kind.rawValue)")
    switch kind {
    case .crash: device.mayCrash = true
    case .full: device.isFull = true
    case .hostile: try bother(device, luck)
    case .rot: try damage(device, luck)
    case .adopt, .rollback:
      // A copy is made of what is here, and an earlier one comes back.
      guard twins[index] == nil else { return }
      let fresh = backup(of: device)
      if let old = device.backups.randomElement(luck) { try restore(device, old, kind, luck) }
      device.backups.append(fresh)
      if device.backups.count > Self.backupLimit { device.backups.removeFirst() }
    case .clone:
      if twins[index] == nil {
        let twin = SimulatedDevice(
          index: index, name: device.name, disk: device.disk, groupCount: groups.count)
        put(backup(of: device), into: twin, luck)
        twin.epochs = device.epochs
        twin.acknowledged = device.acknowledged
        twin.isUnaware = true
        device.isUnaware = true
        hadFault = true
        ambiguous.formUnion(device.epochs.compactMap { $0 })
        twins[index] = twin
      } else {
        try part(index, luck)
      }
    }
  }

  // MARK: Copies of a store

  func backup(of device: SimulatedDevice) -> SimulatedDevice.Backup {
    SimulatedDevice.Backup(
      disk: device.disk.powerCut(seed: seed), holdings: Holdings(device.holdings),
      witness: Witness(device.witness), instance: device.instance)
  }

  private func put(
    _ copy: SimulatedDevice.Backup, into device: SimulatedDevice, _ luck: SeededRandom
  ) {
    device.node = nil
    device.sticks = [:]
    device.disk = copy.disk.powerCut(seed: luck.next())
    device.holdings = Holdings(copy.holdings)
    device.witness = Witness(copy.witness)
    device.instance = copy.instance
  }

  private func restore(
    _ device: SimulatedDevice, _ copy: SimulatedDevice.Backup, _ kind: Scenario.FaultKind,
    _ luck: SeededRandom
  ) throws {
    hadFault = true
    put(copy, into: device, luck)
    device.isUnaware = true
    // What was looked at since is to be looked at again.
    device.acknowledged = [:]
    if kind == .adopt {
      var environment = NodeEnvironment(
        system: device.disk, random: random, now: { [clock] in clock.now }, machine: [1],
        threadCount: 0)
      environment.roundTrip = scenario.roundTrip
      try Node.adopt(at: SimulatedDevice.path, passphrase: nil, in: environment)
    } else {
      for group in groups {
        if let epoch = try opened(device).epoch(of: group) { ambiguous.insert(epoch) }
      }
    }
    try refresh(device)
    try noteAcknowledged(device)
  }

  /// One of two lives ends.
  func part(_ index: Int, _ luck: SeededRandom) throws {
    guard let twin = twins.removeValue(forKey: index) else { return }
    tell("\(twin.name): one of two lives ends")
    if luck.chance(0.5) { devices[index] = twin }
  }

  // MARK: Damage

  /// A byte of a pack is another, and `verify` finds it.
  private func damage(_ device: SimulatedDevice, _ luck: SeededRandom) throws {
    let packs = SimulatedDevice.path.appending("packs")
    let names = try device.disk.list(packs).map(\.string).filter { $0.hasSuffix(".pack") }.sorted()
    guard let name = names.randomElement(luck) else { return }
    device.node = nil
    let path = packs.appending(name)
    var bytes = try device.disk.readAll(path, limit: 1 << 26)
    guard bytes.count > 16 else { return }
    let place = 16 + luck.below(bytes.count - 16)
    bytes[place] ^= 1 << UInt8(luck.below(8))
    try device.disk.openFile(path, .readWrite).write(at: UInt64(place), [bytes[place]])
    try device.disk.syncFileSystem(at: "/")
    hadFault = true
    let node = try opened(device)
    _ = try node.verify()
    // From now on another life: what it lost it never said again that it held.
    let holdings = Holdings(device.holdings)
    for (index, group) in groups.enumerated() {
      let lost = Set(try node.lostIDs(of: group))
      let pending = Set(node.pendingIDs(of: group))
      let logged = Set(holdings.logged[index])
      holdings.lost[index] = lost
      for id in holdings.since[index].keys
      where lost.contains(id) || (!logged.contains(id) && !pending.contains(id)) {
        holdings.since[index][id] = nil
      }
    }
    device.holdings = holdings
    try refresh(device)
  }

  /// Somebody hands over what is no bundle, or one that was tampered with.
  private func bother(_ device: SimulatedDevice, _ luck: SeededRandom) throws {
    var bytes = luck.bytes(1 + luck.below(4000))
    let known = archive.keys.filter { $0.to == device.index }
      .sorted { ($0.from, $0.to) < ($1.from, $1.to) }
    if luck.chance(0.8), let direction = known.randomElement(luck),
      let old = archive[direction]?.randomElement(luck)
    {
      bytes = old.bytes
      for _ in 0..<luck.below(6) { bytes[luck.below(bytes.count)] = UInt8(luck.below(256)) }
      if luck.chance(0.3) { bytes += luck.bytes(luck.below(2000)) }
    }
    let path = SimulatedDevice.exchange.appending("b")
    try device.disk.remove(path)
    try device.disk.openFile(path, .createNew(permissions: 0o600)).write(at: 0, bytes)
    _ = try act(device, luck) { node in try node.importBundles([path]) { _ in } }
    // It is none of anybody's bundles as it was: what it says was said all the same.
    for peer in peers[device.index] {
      try checkReceipts(
        at: device, of: peer, archive[Direction(from: peer, to: device.index)] ?? [])
    }
  }
}

extension Array {
  func randomElement(_ random: SeededRandom) -> Element? {
    isEmpty ? nil : self[random.below(count)]
  }
}
