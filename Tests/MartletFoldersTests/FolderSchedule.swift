import MartletFileSystem
import MartletFolders
import MartletNode
import MartletObjects
import MartletSeal
import MartletTestSupport
import MartletWire
import Synchronization
import SystemPackage

/// Devices that keep one folder and do what people do to it, on a disk that loses power, over
/// sticks and mail that lose, repeat, reorder and cut; and what a plain model says of it.
final class FolderSchedule {
  /// What a path of a disk shows, as far as its owner has seen.
  struct Shown: Equatable {
    var origin: RelativePath?
    var covers: Set<VersionID>
    var content: ModelContent
  }

  final class Device {
    let name: String
    var folders: Folders?
    var shown: [RelativePath: Shown] = [:]
    var known: Set<VersionID> = []
    var position: UInt64 = 0
    /// Whether its store was put back from an old copy, and nothing scanned since.
    var isUnknown = false
    /// The life of its store.
    var instance: InstanceID?
    /// Whether something was changed since it was last scanned.
    var isDirty = false
    /// Whether something was changed that no scan had a reason to make durable.
    var isVolatile = false
    var backups: [[(path: FilePath, bytes: [UInt8]?)]] = []
    init(_ name: String) { self.name = name }
  }

  let seed: UInt64
  let village: FolderVillage
  let disk: MomentFileSystem
  let random: SeededRandom
  let devices: [Device]
  var group: MartletNode.GroupID?
  var model = FolderModel()
  private var registered: Set<ObjectID> = []

  /// Contents by number, and back.
  var numbers: [ContentHash: Int] = [:]
  var contents: [[UInt8]] = []
  private var hashes: [ContentHash: Int] = [:]
  private var hashOfNumber: [Int: ContentHash] = [:]

  var mail: [String: [FilePath]] = [:]
  var fileCount = 0
  var writeCount: Int64 = 0
  /// Contents that were written in the moment of an apply.
  var momentous: Set<Int> = []
  var hadMoment = false
  /// What stood the same everywhere when a store was put back, and was not touched since.
  var unchanged: [RelativePath: ModelContent] = [:]
  var violations: [String] = []
  /// What happened, for whoever reads a failure.
  var story: [String] = []

  init(seed: UInt64, on real: FilePath? = nil) throws {
    self.seed = seed
    random = SeededRandom(seed: seed ^ 0xF01D)
    let names = Array(["ada", "ben", "cyd"].prefix(2 + random.below(2)))
    let simulated = real == nil ? try Self.disk(with: names, seed: seed) : nil
    disk = MomentFileSystem(simulated ?? LocalFileSystem())
    village = try FolderVillage(seed: seed, on: disk, at: real ?? "/", simulated: simulated)
    if real != nil { village.threadCount = 1 }
    devices = names.map { Device($0) }
    if real != nil { try village.create(names) }
    try setUp()
  }

  private static let prepared = Mutex<[Int: SimulatedFileSystem]>([:])

  /// A disk with devices that are peers already: to make them takes as long as all the rest.
  private static func disk(with names: [String], seed: UInt64) throws -> SimulatedFileSystem {
    try prepared.withLock { prepared in
      if let disk = prepared[names.count] { return disk.powerCut(seed: seed) }
      let village = try FolderVillage(seed: UInt64(names.count))
      try village.create(names)
      try village.disk.syncFileSystem(at: "/")
      prepared[names.count] = village.simulated
      return village.simulated?.powerCut(seed: seed) ?? SimulatedFileSystem(seed: seed)
    }
  }

  private func setUp() throws {
    try disk.makeDirectory(village.base.appending("mail"), permissions: 0o700)
    for device in devices where device.name == "ada" || random.chance(0.3) {
      for _ in 0..<random.below(6) { try edit(device) }
    }
    try disk.syncFileSystem(at: village.base)
    let ada = devices[0]
    let tree = try look(ada)
    _ = try open(ada).add(
      village.tree("ada"), name: "notes", with: devices.dropFirst().map(\.name), offers: false)
    group = try open(ada).list()[0].id
    try take(scanOf: ada, tree, before: [])
    try exchange(ada)
    for device in devices.dropFirst() {
      try exchange(device)
      let tree = try look(device)
      device.folders = nil
      village.clock.pass(milliseconds: 50)
      _ = try open(device).accept("notes", in: village.tree(device.name))
      let told = try readLog(device, isOwn: true)
      // What came with the invitation was known before anything here was told.
      try take(
        scanOf: device, tree, before: device.known.subtracting(told), told: told)
      try take(applyOf: device, isStrict: true)
    }
    for device in devices where random.chance(0.4) { device.backups = [try save(device)] }
  }

  func open(_ device: Device) throws -> Folders {
    if let folders = device.folders { return folders }
    let folders = try village.open(device.name)
    device.folders = folders
    return folders
  }

  func exchange(_ device: Device) throws {
    _ = try open(device).node.sync(village.stick("all"), with: nil)
  }

  func violate(_ words: String) {
    violations.append(words)
    story.append("!! \(words)")
  }

  // MARK: What may happen

  func step() throws {
    let pauses: [UInt64] = [1, 5, 30, 2000, 40_000]
    village.clock.pass(milliseconds: pauses[random.below(pauses.count)])
    let device = devices[random.below(devices.count)]
    let mayCut = village.simulated != nil && random.chance(0.18)
    let what = random.below(100)
    story.append("-- \(device.name) \(what)\(mayCut ? " may be cut" : "")")
    switch what {
    case ..<36:
      for _ in 0...random.below(3) { try edit(device) }
      if random.chance(0.4) { try scan(device, mayCut: mayCut) }
    case ..<46: try scan(device, mayCut: mayCut)
    case ..<70:
      if random.chance(0.8) { try scan(device) }
      try carry(device, mayCut: mayCut) { try self.exchange(device) }
      if random.chance(0.8) { try apply(device) }
    case ..<76: try send(device)
    case ..<82:
      try receive(device, mayCut: mayCut)
      if random.chance(0.4) { try apply(device) }
    case ..<89: try apply(device, mayCut: mayCut)
    case ..<92: try resolve(device)
    case ..<94: try restore(device)
    case ..<96: try forgetCaches(device)
    case ..<98: device.backups.append(try save(device))
    default: try putBack(device)
    }
  }

  /// Does something during which the power may be cut.
  ///
  /// - Returns: Whether it was, and nothing can be said of how far it came.
  private func powered(
    _ device: Device, mayCut: Bool, changesTree: Bool = false, _ body: () throws -> Void
  ) throws -> Bool {
    guard mayCut, let simulated = village.simulated else {
      try body()
      return false
    }
    // What people wrote and nobody looked at yet is theirs to make durable.
    for device in devices where device.isVolatile { try persist(device) }
    let before = try devices.map { try look($0).contents }
    simulated.cutPower(atCall: 1 + random.below(random.chance(0.5) ? 60 : 400))
    do { try body() } catch { if !simulated.isOff { throw error } }
    let wasCut = simulated.isOff
    simulated.clearFaults()
    // The power also goes between two steps.
    if wasCut || random.chance(0.5) {
      simulated.restart(seed: random.next())
      story.append(wasCut ? "   cut" : "   cut afterwards")
      for device in devices { device.folders = nil }
      for (index, other) in devices.enumerated() {
        if other === device, changesTree { continue }
        let now = try look(other).contents
        if now != before[index] {
          violate("\(other.name): a cut changed the tree: \(difference(before[index], now))")
        }
      }
    }
    return wasCut
  }

  func difference(
    _ one: [RelativePath: ModelContent], _ other: [RelativePath: ModelContent]
  ) -> String {
    Set(one.keys).union(other.keys).sorted().filter { one[$0] != other[$0] }.map {
      "\($0.text): \(one[$0] ?? .deleted) -> \(other[$0] ?? .deleted)"
    }.joined(separator: "; ")
  }

  @discardableResult
  func scan(_ device: Device, mayCut: Bool = false) throws -> Bool {
    try noteLife(of: device)
    _ = try readLog(device, isOwn: false)
    var tree = try look(device)
    let known = device.known
    let wasCut = try powered(device, mayCut: mayCut) {
      try open(device).scan(confirmsDeletions: true) { _ in }
    }
    if wasCut {
      tree = try look(device)
      try open(device).scan(confirmsDeletions: true) { _ in }
    }
    return try take(scanOf: device, tree, before: known) > 0
  }

  /// A store that learns by what it takes in that it was put back does not know any more what it
  /// shows: it says what it finds.
  private func noteLife(of device: Device) throws {
    let instance = try open(device).node.instance
    if device.instance != nil, device.instance != instance {
      device.isUnknown = true
      device.shown = [:]
    }
    device.instance = instance
  }

  private func carry(_ device: Device, mayCut: Bool, _ body: () throws -> Void) throws {
    let wasCut = try powered(device, mayCut: mayCut, body)
    _ = try readLog(device, isOwn: false)
    if wasCut { try scan(device) }
  }

  @discardableResult
  func apply(_ device: Device, mayCut: Bool = false) throws -> [ApplyReport] {
    try noteLife(of: device)
    if mayCut || device.isUnknown { try scan(device) }
    // What was looked at in the moment in which it was written is looked at once more.
    village.clock.pass(milliseconds: 50)
    _ = try readLog(device, isOwn: false)
    let wasDirty = device.isDirty
    let tree = try look(device)
    let known = device.known
    let expected = model.expectation(known)
    var isMomentous = false
    if !mayCut, !isSettling, random.chance(0.3) {
      let paths = Set(expected.stands.keys).union(tree.entries.keys).sorted().filter {
        expected.stands[$0]?.version.content != tree.entries[$0]?.content
      }
      if !paths.isEmpty {
        let path = paths[random.below(paths.count)]
        disk.before(1 + random.below(4)) { [act = UncheckedAct { self.intrude(device, path) }] in
          act.act()
        }
        isMomentous = true
      }
    }
    var reports: [ApplyReport] = []
    let wasCut = try powered(device, mayCut: mayCut, changesTree: true) {
      try open(device).apply { reports.append($0) }
    }
    disk.before(0, nil)
    if wasCut {
      let after = try look(device)
      try open(device).scan(confirmsDeletions: true) { _ in }
      if try take(scanOf: device, after, before: known) > 0 {
        violate("\(device.name): a cut apply was told as edits")
      }
      return []
    }
    let told = try readLog(device, isOwn: true)
    story.append("   \(device.name) applied, \(known.count) known")
    try take(tellings: told, ofApply: device, tree, before: known)
    if intrusion != nil { device.isDirty = true }
    intrusion = nil
    let isComplete = reports.allSatisfy { $0.waitingCount == 0 && $0.refused.isEmpty }
    if !isMomentous, !wasDirty || !told.isEmpty {
      for report in reports where !report.refused.isEmpty {
        violate("\(device.name): refused \(report.refused.map { ($0.path, $0.reason) })")
      }
    }
    try take(
      applyOf: device,
      isStrict: isComplete && !isMomentous && (!wasDirty || !told.isEmpty))
    if isMomentous { try scan(device) }
    for number in momentous
    where !model.versions.values.contains(where: {
      $0.content.isSame(as: .file(number, permissions: 6))
    }) {
      violate("\(device.name): what was written in the moment of an apply is lost: \(number)")
    }
    return reports
  }

  /// Nobody does anything any more.
  var isSettling = false
  /// What somebody does in the moment of an apply.
  var intrusion: (path: RelativePath, entry: ModelTree.Entry?, wasNew: Bool)?

  private func intrude(_ device: Device, _ path: RelativePath) {
    do {
      let tree = try look(device)
      let expected = model.expectation(device.known)
      let there = tree.entries[path]
      for above in tree.entries.keys where path.isBelow(above) {
        if tree.entries[above]?.content != .directory { return }
      }
      if there == nil, try disk.information(at: place(device, path)) != nil { return }
      let parent = try? disk.information(at: place(device, path.parent ?? .root))
      guard parent?.kind == .directory else { return }
      if there == nil, expected.stands[path] == nil { device.shown[path] = nil }
      // Whoever edits what was written a moment ago has seen it.
      if let there, let side = expected.stands[path],
        side.version.content.isSame(as: there.content),
        device.shown[path]?.content.isSame(as: there.content) != true
      {
        device.shown[path] = Shown(origin: nil, covers: side.covers, content: there.content)
      }
      if there != nil, random.chance(0.2) {
        story.append("   in this moment: remove \(path.text)")
        if there?.content == .directory {
          try disk.removeDirectory(place(device, path))
        } else {
          try disk.remove(place(device, path))
        }
        intrusion = (path, nil, false)
      } else {
        let number = newContent(device)
        story.append("   in this moment: \(path.text) = \(number)")
        if there?.content == .directory { try disk.removeDirectory(place(device, path)) }
        try write(device, path, contents[number], replaces: random.chance(0.4))
        momentous.insert(number)
        intrusion = (path, try look(device).entries[path], there == nil)
      }
      device.isDirty = true
      device.isVolatile = true
      hadMoment = true
      unchanged = [:]
    } catch {
      violate("\(device.name): in the moment: \(error)")
    }
  }

  // MARK: Mail

  private func send(_ device: Device) throws {
    if random.chance(0.7) { try scan(device) }
    let others = devices.filter { $0 !== device }
    let other = others[random.below(others.count)]
    fileCount += 1
    let path = village.base.appending("mail").appending("\(fileCount)")
    guard try open(device).node.export(to: other.name, .file(path)) != nil else { return }
    mail[other.name, default: []].append(path)
    let luck = random.below(100)
    if luck < 20 {
      mail[other.name]?.removeLast()
    } else if luck < 40 {
      var bytes = try disk.readAll(path, limit: 1 << 26)
      if random.chance(0.5) {
        bytes.removeLast(1 + random.below(bytes.count - 1))
      } else {
        bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8))
      }
      fileCount += 1
      let copy = village.base.appending("mail").appending("\(fileCount)")
      try disk.openFile(copy, .createNew(permissions: 0o600)).write(at: 0, bytes)
      mail[other.name]?.append(copy)
      if random.chance(0.5) { mail[other.name]?.removeAll { $0 == path } }
    }
    try disk.syncDirectory(village.base.appending("mail"))
  }

  private func receive(_ device: Device, mayCut: Bool) throws {
    guard let files = mail[device.name], !files.isEmpty else { return }
    let file = files[random.below(files.count)]
    try carry(device, mayCut: mayCut) {
      guard try disk.information(at: file) != nil else { return }
      try open(device).node.importBundles([file]) { _ in }
    }
  }

  // MARK: What was told

  /// Reads what a device holds of the folder, and notes versions that are new to everybody.
  ///
  /// - Returns: Versions nobody had told before.
  @discardableResult
  func readLog(_ device: Device, isOwn: Bool) throws -> [VersionID] {
    let node = try open(device).node
    // Before the invitation has come there is nothing to be read.
    guard let id = group, node.groups(of: FolderChange.client).contains(id) else { return [] }
    var new: [VersionID] = []
    device.position = try node.messages(of: FolderChange.client, in: id, from: device.position) {
      message, opened in
      guard let change = try? FolderChange(decoding: opened.body) else {
        violate("\(device.name): a message that cannot be read")
        return
      }
      let isNew = registered.insert(message).inserted
      for (index, entry) in change.entries.enumerated() {
        let version = VersionID(message: message, entry: UInt32(index))
        device.known.insert(version)
        guard isNew else { continue }
        new.append(version)
        told[version] = entry
      }
      if isNew, !isOwn { violate("\(device.name): holds a message that nobody was seen to tell") }
    }.end
    return new
  }

  /// Entries as they were told, by their versions.
  private(set) var told: [VersionID: FolderChange.Entry] = [:]

  /// The content of an entry, which its author's tree shows; nil if it cannot be.
  func content(of entry: FolderChange.Entry, showing shown: ModelContent?) -> ModelContent? {
    switch entry.content {
    case .deleted: return .deleted
    case .directory: return .directory
    case .link(let target): return .link(number(of: target))
    case .file(let hash, let byteCount, let permissions):
      // A short one is known by its bytes; a long one by who shows it when it is first told.
      var known = numbers[hash] ?? hashes[hash]
      if known == nil, case .file(let number, _) = shown, hashOfNumber[number] == nil,
        UInt64(contents[number].count) == byteCount, byteCount >= ContentHash.sharedLimit
      {
        hashes[hash] = number
        hashOfNumber[number] = hash
        known = number
      }
      guard let number = known, UInt64(contents[number].count) == byteCount else { return nil }
      return .file(number, permissions: permissions)
    }
  }

  func number(of bytes: [UInt8]) -> Int {
    let hash = ContentHash(short: bytes)
    if let number = numbers[hash] { return number }
    contents.append(bytes)
    numbers[hash] = contents.count - 1
    return contents.count - 1
  }
}

/// What is called back on the thread that called.
struct UncheckedAct: @unchecked Sendable {
  let act: () -> Void
  init(_ act: @escaping () -> Void) { self.act = act }
}
