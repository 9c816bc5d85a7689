internal import MartletFileSystem
internal import MartletNode
internal import MartletSeal
internal import MartletTestSupport
internal import MartletWire
internal import SystemPackage

extension Simulation {
  private static let carried = SimulatedDevice.exchange.appending("b")
  /// How many bundles of a direction are kept to be played again.
  private static let archiveLimit = 40
  private static let stickLimit = 64

  // MARK: What devices do

  func opened(_ device: SimulatedDevice) throws -> Node {
    if let node = device.node { return node }
    var environment = NodeEnvironment(
      system: device.disk, random: random, now: { [clock] in clock.now }, machine: [1],
      threadCount: 0)
    environment.roundTrip = scenario.roundTrip
    let node = try Node(
      at: SimulatedDevice.path, for: .writing(wait: false), clients: [device.witness],
      in: environment)
    device.node = node
    return node
  }

  /// Does something at a device during which the power may go and the disk may be full.
  ///
  /// - Returns: What came of it; nil if it was cut short.
  func act<Result>(
    _ device: SimulatedDevice, _ luck: SeededRandom, _ body: (Node) throws -> Result
  ) throws -> Result? {
    step += 1
    let disk = device.disk
    let isCut = device.mayCrash
    let isFull = device.isFull
    device.mayCrash = false
    device.isFull = false
    if isCut { disk.cutPower(atCall: 1 + luck.below(luck.chance(0.5) ? 40 : 150)) }
    if isFull { disk.capacity = disk.usedByteCount + UInt64(luck.below(20_000)) }
    defer { disk.capacity = nil }
    var result: Result?
    do {
      result = try body(try opened(device))
    } catch {
      guard disk.isOff || isFull else { throw error }
      tell("   \(device.name): \(disk.isOff ? "the power goes" : "the disk is full")")
    }
    if isCut {
      disk.restart(seed: luck.next())
      device.node = nil
      device.sticks = [:]
    }
    disk.capacity = nil
    try refresh(device)
    return result
  }

  func write(_ device: SimulatedDevice, _ group: Int, _ luck: SeededRandom) throws {
    let id = try act(device, luck) { node in
      try node.send(
        client: Witness.type, body: luck.bytes(20 + luck.below(200)), to: groups[group].hex)
    }
    tell("\(device.name) writes to \(scenario.groups[group].name)")
    if let id { noteWritten(id, by: device, group) }
  }

  /// Writes a bundle; nil if there is nothing to be said or it came to nothing.
  private func export(
    _ device: SimulatedDevice, to peer: SimulatedDevice, _ luck: SeededRandom
  ) throws -> Parcel? {
    try device.disk.remove(Self.carried)
    let made = try act(device, luck) { node -> (ExportReport, UInt64, UInt64)? in
      guard let report = try node.export(to: peer.name, .file(Self.carried)) else { return nil }
      let number = try node.nextNumber(to: peer.name) - 1
      return (report, number, try node.carriedByteCount(by: number, to: peer.name))
    }
    if let done = made, let (report, number, bytes) = done {
      noteExported(device, to: peer, report, number, bytes)
    } else if made != nil {
      return nil
    }
    // What a cut left of it may travel like any other.
    guard let bytes = try? device.disk.readAll(Self.carried, limit: 1 << 26), !bytes.isEmpty else {
      return nil
    }
    if made == nil { count { $0.bundles += 1 } }
    serial += 1
    let parcel = Parcel(
      serial: serial, from: device.index, to: peer.index, bytes: bytes, holdings: device.holdings,
      step: step, arrival: now, isDamaged: made == nil)
    let direction = Direction(from: device.index, to: peer.index)
    if isReplayed { archive[direction, default: []].append(parcel) }
    if archive[direction, default: []].count > Self.archiveLimit {
      archive[direction]?.removeFirst()
    }
    return parcel
  }

  private func receive(
    _ parcel: Parcel, _ device: SimulatedDevice, _ luck: SeededRandom
  ) throws {
    let disk = device.disk
    try disk.remove(Self.carried)
    let file = try disk.openFile(Self.carried, .createNew(permissions: 0o600))
    try file.write(at: 0, parcel.bytes)
    try disk.syncDirectory(SimulatedDevice.exchange)
    var reports: [ImportReport] = []
    _ = try act(device, luck) { node in
      try node.importBundles([Self.carried]) { reports.append($0) }
    }
    for report in reports { noteImported(report, at: device, parcel) }
    try checkReceipts(at: device, of: parcel.from, [parcel])
  }

  // MARK: Carriers

  func meet(
    _ one: SimulatedDevice, _ other: SimulatedDevice, _ carrier: Scenario.Carrier,
    _ mishaps: Scenario.Mishaps, _ luck: SeededRandom
  ) throws {
    count { $0.contacts += 1 }
    tell("\(one.name) meets \(other.name)")
    if carrier == .batch {
      let there = try export(one, to: other, luck)
      let back = try export(other, to: one, luck)
      for parcel in [there, back].compactMap({ $0 }) {
        let recipient = parcel.to == one.index ? one : other
        for parcel in befall(parcel, mishaps, luck) { try receive(parcel, recipient, luck) }
      }
      return
    }
    var silent = 0
    var turn = 0
    while silent < 2, turn < 12 {
      let (from, to) = turn.isMultiple(of: 2) ? (one, other) : (other, one)
      turn += 1
      guard let parcel = try export(from, to: to, luck) else {
        silent += 1
        continue
      }
      silent = 0
      for parcel in befall(parcel, mishaps, luck) { try receive(parcel, to, luck) }
    }
  }

  /// What arrives of a bundle: nothing, it, more than it, or less.
  private func befall(
    _ parcel: Parcel, _ mishaps: Scenario.Mishaps, _ luck: SeededRandom
  ) -> [Parcel] {
    var arriving: [Parcel] = []
    if luck.chance(mishaps.loss) {
      hadLoss = true
      tell("   lost: \(parcel.serial)")
    } else {
      var parcel = parcel
      if luck.chance(mishaps.cut) {
        parcel.bytes.removeLast(1 + luck.below(parcel.bytes.count - 1))
        parcel.isDamaged = true
        tell("   cut: \(parcel.serial)")
      }
      if luck.chance(mishaps.flip) {
        parcel.bytes[luck.below(parcel.bytes.count)] ^= 1 << UInt8(luck.below(8))
        parcel.isDamaged = true
        tell("   a bit of \(parcel.serial)")
      }
      arriving.append(parcel)
    }
    if luck.chance(mishaps.copy) { arriving.append(parcel) }
    if luck.chance(mishaps.replay),
      let old = archive[Direction(from: parcel.from, to: parcel.to)], !old.isEmpty
    {
      let again = old[luck.below(old.count)]
      tell("   once more: \(again.serial)")
      arriving.append(again)
    }
    return arriving
  }

  func post(_ device: SimulatedDevice, _ link: Int, _ luck: SeededRandom) throws {
    count { $0.contacts += 1 }
    let link = scenario.links[link]
    let recipient = device.index == link.one ? link.other : link.one
    tell("\(device.name) sends to \(devices[recipient].name)")
    guard let parcel = try export(device, to: devices[recipient], luck) else { return }
    let span = link.mishaps.latency.upperBound - link.mishaps.latency.lowerBound
    for var parcel in befall(parcel, link.mishaps, luck) {
      let under = link.mishaps.latency.lowerBound + luck.next() % (span + 1)
      guard let arrival = Plan.nextOn(windows[recipient], at: now + under) else { continue }
      parcel.arrival = arrival
      let place = mail.firstIndex { $0.arrival > arrival } ?? mail.count
      mail.insert(parcel, at: place)
    }
  }

  /// Hands over everything that arrives up to a moment.
  func deliverMail(until time: UInt64) {
    while let parcel = mail.first, parcel.arrival <= time {
      mail.removeFirst()
      now = max(now, parcel.arrival)
      clock.set(now)
      let luck = SeededRandom(seed: UInt64(parcel.serial) &* 0xA5A5 ^ seed)
      let recipient = twins[parcel.to].flatMap { luck.chance(0.5) ? $0 : nil }
      tell("\(devices[parcel.to].name) gets \(parcel.serial) of \(devices[parcel.from].name)")
      do { try receive(parcel, recipient ?? devices[parcel.to], luck) } catch {
        violate(.nothingFails, "\(devices[parcel.to].name) imports \(parcel.serial): \(error)")
      }
    }
  }

  // MARK: Sticks

  func visit(_ device: SimulatedDevice, _ index: Int, _ luck: SeededRandom) throws {
    count { $0.contacts += 1 }
    let link = scenario.links[index]
    let peer = device.index == link.one ? link.other : link.one
    tell("\(device.name) visits the directory it shares with \(devices[peer].name)")
    let path = FilePath("/stick\(index)")
    try lay(index, at: path, of: device)
    let report = try act(device, luck) { node in
      try node.sync(path, with: [devices[peer].name])
    }
    var read: [Parcel] = []
    for imported in report?.imports ?? [] {
      guard let name = imported.path?.lastComponent?.string, let parcel = standing[name] else {
        continue
      }
      if parcel.from == peer { read.append(parcel) }
      noteImported(imported, at: device, parcel)
    }
    if report == nil { read = (sticks[index] ?? [:]).keys.compactMap { standing[$0] } }
    try checkReceipts(at: device, of: peer, read.filter { $0.from == peer })
    let node = try opened(device)
    for exported in report?.exports ?? [] {
      let number = try node.nextNumber(to: devices[peer].name) - 1
      noteExported(
        device, to: devices[peer], exported, number,
        try node.carriedByteCount(by: number, to: devices[peer].name))
    }
    try takeBack(device, peer, index, path, isCut: report == nil, luck)
  }

  /// Makes the directory as the device sees it the one that is shared; costs time in what changed
  /// since it was here.
  private func lay(_ index: Int, at path: FilePath, of device: SimulatedDevice) throws {
    let disk = device.disk
    let files = sticks[index] ?? [:]
    try disk.makeDirectory(path, permissions: 0o700)
    if device.sticks[index] == nil {
      try disk.syncDirectory("/")
      for entry in try disk.list(path) { try disk.remove(path.appending(entry)) }
    }
    let seen = device.sticks[index] ?? [:]
    for name in seen.keys.sorted() where files[name]?.version != seen[name] {
      try disk.remove(path.appending(name))
    }
    for (name, file) in files.sorted(by: { $0.key < $1.key }) where seen[name] != file.version {
      let copy = try disk.openFile(path.appending(name), .createNew(permissions: 0o600))
      try copy.write(at: 0, file.bytes)
      try copy.sync()
    }
    try disk.syncDirectory(path)
    device.sticks[index] = files.mapValues(\.version)
  }

  /// What stands in the directory when the device leaves it.
  private func takeBack(
    _ device: SimulatedDevice, _ peer: Int, _ index: Int, _ path: FilePath,
    isCut: Bool, _ luck: SeededRandom
  ) throws {
    let disk = device.disk
    let before = sticks[index] ?? [:]
    var files: [String: StickFile] = [:]
    for entry in try disk.list(path).map(\.string).sorted() {
      guard files.count < Self.stickLimit else { continue }
      // After a cut what stood there may be another.
      var file = isCut ? nil : before[entry]
      if file == nil, let bytes = try? disk.readAll(path.appending(entry), limit: 1 << 26) {
        serial += 1
        file = StickFile(version: serial, bytes: bytes)
        if standing[entry] == nil {
          standing[entry] = Parcel(
            serial: serial, from: device.index, to: peer, bytes: [], holdings: device.holdings,
            step: step, arrival: now, isDamaged: isCut)
        }
      }
      guard var file else { continue }
      let version = file.version
      var isWhole: Bool { file.version == version }
      let mishaps = scenario.links[index].mishaps
      if luck.chance(mishaps.loss * 0.3) {
        hadLoss = true
        tell("   gone from the directory: \(entry)")
        continue
      }
      if luck.chance(mishaps.cut), file.bytes.count > 1 {
        file.bytes.removeLast(1 + luck.below(file.bytes.count - 1))
        damage(&file, entry)
      }
      if luck.chance(mishaps.flip), !file.bytes.isEmpty {
        file.bytes[luck.below(file.bytes.count)] ^= 1 << UInt8(luck.below(8))
        damage(&file, entry)
      }
      files[entry] = file
      // A version that is nowhere makes it be written anew if it was damaged on leaving.
      if before[entry] == nil { device.sticks[index]?[entry] = isWhole ? file.version : -1 }
    }
    for name in before.keys where files[name] == nil { standing[name] = nil }
    // What went, or is another now, is noticed at the next visit.
    let names = Set(try disk.list(path).map(\.string))
    device.sticks[index] = isCut ? nil : device.sticks[index]?.filter { names.contains($0.key) }
    sticks[index] = files
  }

  private func damage(_ file: inout StickFile, _ name: String) {
    serial += 1
    // The device that leaves it there still has the right one in its own view.
    file.version = serial
    standing[name]?.isDamaged = true
  }
}
