import MartletFileSystem
import MartletNode
import MartletSeal
import MartletTestSupport
import SystemPackage

/// Keeps in its state, which is committed with the delivery, every id it was handed.
struct Recorder: Client {
  static let type = "record"
  var type: String { Self.type }

  func validate(_ message: ClientMessage) -> Validation {
    message.body.first == 0xFF ? .reject : .accept
  }

  func deliver(_ message: ClientMessage, state: inout [UInt8]) { state += message.id.bytes }
}

/// Devices that do what people do to them, on a disk that loses power, over sticks and mail that
/// lose, repeat, reorder, cut and alter.
final class Schedule {
  let village: Village
  let random: SeededRandom
  let names: [String]
  /// Pairs of peers; those in `sticks` share a directory, the others send files.
  var pairs: [(String, String)] = []
  var sticks: Set<String> = []
  var mail: [String: [FilePath]] = [:]
  var backups: [String: [[(FilePath, [UInt8]?)]]] = [:]
  var fileCount = 0
  var violations: [String] = []
  /// What happened, for whoever reads a failure.
  private var story: [String] = []

  init(seed: UInt64) throws {
    village = try Village(seed: seed)
    random = SeededRandom(seed: seed ^ 0x5EED)
    names = Array(["ada", "ben", "cyd", "dot"].prefix(2 + random.below(3)))
    for name in names {
      try Node.create(at: village.path(name), name: name, passphrase: nil, in: village.environment)
    }
    for index in 1..<names.count { pairs.append((names[random.below(index)], names[index])) }
    for (one, other) in pairs {
      for (here, there) in [(one, other), (other, one)] {
        let card = try village.open(there, .reading).card.text
        _ = try open(here).addPeer(there, card: card)
      }
      if random.chance(0.6) {
        sticks.insert(one + other)
        try village.disk.makeDirectory(stick(one, other), permissions: 0o700)
      }
    }
    try village.disk.makeDirectory("/mail", permissions: 0o700)
    try village.disk.syncDirectory("/")
    let founder = names[0]
    let members = pairs.filter { $0.0 == founder }.map(\.1)
    _ = try open(founder).createGroup("all", with: members)
    for name in names { backups[name] = [try save(name)] }
  }

  func stick(_ one: String, _ other: String) -> FilePath { FilePath("/stick-\(one)-\(other)") }

  func open(_ name: String) throws -> Node { try village.open(name, clients: [Recorder()]) }

  // MARK: What may happen

  func step() throws {
    village.clock.pass(UInt64(random.below(40_000)))
    let name = names[random.below(names.count)]
    let mayCrash = random.chance(0.12)
    if mayCrash { village.disk.cutPower(atCall: 1 + random.below(120)) }
    do { try act(name) } catch {
      if !mayCrash { throw error }
      story.append("cut")
    }
    if mayCrash { village.disk.restart(seed: random.next()) }
  }

  private func act(_ name: String) throws {
    let what = random.below(100)
    story.append("\(name) \(what)")
    switch what {
    case ..<30: try write(name)
    case ..<60:
      let own = pairs.filter { $0.0 == name || $0.1 == name }
      let (one, other) = own[random.below(own.count)]
      if own.count > 1, random.chance(0.2) {
        try send(from: name, to: own.map { $0.0 == name ? $0.1 : $0.0 })
      } else if sticks.contains(one + other) {
        _ = try open(name).sync(stick(one, other), with: [one == name ? other : one])
      } else {
        try send(from: name, to: one == name ? other : one)
      }
    case ..<82: try receive(name)
    case ..<88: try accept(name)
    case ..<92: backups[name, default: []].append(try save(name))
    case ..<94: try restore(name, noticed: true)
    case ..<96: try restore(name, noticed: false)
    default: _ = try open(name).verify()
    }
  }

  private func write(_ name: String) throws {
    let node = try open(name)
    let groups = try node.groups().filter(\.isAccepted)
    guard !groups.isEmpty else { return }
    let group = groups[random.below(groups.count)]
    if random.chance(0.2) {
      let path: FilePath = "/mail/content"
      try? village.disk.remove(path)
      let file = try village.disk.openFile(path, .createNew(permissions: 0o600))
      try file.write(at: 0, random.bytes(1 + random.below(3000)))
      try node.put([.file(path)], into: group.name, cut: .records(byteCount: 500), isBatch: false) {
        _, _, _ in
      }
    } else {
      let body = [UInt8(random.below(256))] + random.bytes(random.below(200))
      _ = try node.send(client: Recorder.type, body: body, to: group.name)
    }
  }

  private func accept(_ name: String) throws {
    let node = try open(name)
    for group in try node.groups() where !group.isAccepted && !group.members.isEmpty {
      _ = try node.acceptGroup(group.name)
    }
  }

  private func send(from name: String, to other: String) throws {
    fileCount += 1
    let path = FilePath("/mail/\(fileCount)")
    let report = try open(name).export(to: other, .file(path))
    guard report != nil else { return }
    mail[name + other, default: []].append(path)
    let luck = random.below(100)
    if luck < 12 { mail[name + other]?.removeLast() }
    if luck < 30, luck >= 12 { try damage(path, into: name + other) }
  }

  /// Sends one bundle to several, some of whom never get it.
  private func send(from name: String, to others: [String]) throws {
    fileCount += 1
    let path = FilePath("/mail/\(fileCount)")
    let reports = try open(name).export(to: others, .file(path), Node.ExportOptions())
    guard reports.first?.path != nil else { return }
    for other in others where random.chance(0.8) { mail[name + other, default: []].append(path) }
  }

  private func damage(_ path: FilePath, into link: String) throws {
    var bytes = try village.disk.readAll(path, limit: 1 << 24)
    if random.chance(0.5) {
      bytes.removeLast(1 + random.below(bytes.count - 1))
    } else {
      bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8))
    }
    fileCount += 1
    let copy = FilePath("/mail/\(fileCount)")
    try village.disk.openFile(copy, .createNew(permissions: 0o600)).write(at: 0, bytes)
    try village.disk.syncFileSystem(at: "/")
    mail[link]?.append(copy)
  }

  private func receive(_ name: String) throws {
    let links = mail.keys.filter { $0.hasSuffix(name) && !(mail[$0] ?? []).isEmpty }.sorted()
    guard !links.isEmpty else { return }
    let link = links[random.below(links.count)]
    let files = mail[link] ?? []
    let file = files[random.below(files.count)]
    try open(name).importBundles([file]) { _ in }
  }

  // MARK: Copies of a store

  private func save(_ name: String) throws -> [(FilePath, [UInt8]?)] {
    var files: [(FilePath, [UInt8]?)] = []
    func walk(_ path: FilePath) throws {
      for entry in try village.disk.list(path).sorted(by: { $0.string < $1.string }) {
        let child = path.appending(entry)
        if try village.disk.information(at: child)?.kind == .directory {
          files.append((child, nil))
          try walk(child)
        } else {
          files.append((child, try village.disk.readAll(child, limit: 1 << 26)))
        }
      }
    }
    try walk(village.path(name))
    return files
  }

  /// Puts an old copy back: into a new directory, which the store notices, or into its own.
  private func restore(_ name: String, noticed: Bool) throws {
    guard let copies = backups[name], let copy = copies.suffix(3).randomElement(random) else {
      return
    }
    let disk = village.disk
    let path = village.path(name)
    func clear(_ path: FilePath) throws {
      for entry in try disk.list(path) {
        let child = path.appending(entry)
        if try disk.information(at: child)?.kind == .directory {
          try clear(child)
          try disk.removeDirectory(child)
        } else {
          try disk.remove(child)
        }
      }
    }
    disk.clearFaults()
    try clear(path)
    if noticed {
      try disk.removeDirectory(path)
      try disk.makeDirectory(path, permissions: 0o700)
    }
    for (path, bytes) in copy {
      guard let bytes else {
        try disk.makeDirectory(path, permissions: 0o700)
        continue
      }
      let file = try disk.openFile(path, .createNew(permissions: 0o600))
      try file.write(at: 0, bytes)
    }
    try disk.syncFileSystem(at: "/")
    do {
      _ = try open(name)
      if noticed { violations.append("a copy of \(name) was not noticed") }
    } catch NodeError.copied {
      // Also one put back in place, if it is older than the place.
      try Node.adopt(at: path, passphrase: nil, in: village.environment)
    }
  }

  // MARK: The end

  /// Exchanges until nothing changes any more, with everybody answering.
  func settleDown() throws {
    for name in names { try accept(name) }
    var held: [String: Set<ObjectID>] = [:]
    for name in names { for id in try ids(name) { held[id.group, default: []].insert(id.id) } }
    for round in 0..<12 {
      var isQuiet = true
      for (one, other) in pairs {
        for (from, to) in [(one, other), (other, one)] {
          // First everybody says something, because of the silence, and what waits for an answer
          // goes again; then time hardly passes.
          village.clock.pass(round < 3 ? 8 * 24 * 3600 : 60)
          if sticks.contains(one + other) {
            let report = try open(from).sync(stick(one, other), with: [to])
            if !report.exports.isEmpty || !report.removed.isEmpty { isQuiet = false }
          } else {
            fileCount += 1
            let path = FilePath("/mail/\(fileCount)")
            if try open(from).export(to: to, .file(path)) != nil {
              try open(to).importBundles([path]) { _ in }
              isQuiet = false
            }
          }
        }
      }
      for name in names { try accept(name) }
      if isQuiet, round > 2 { break }
      if round == 11 { violations.append("never at rest") }
    }
    for name in names { try check(name, held) }
    if !violations.isEmpty { violations += story }
  }

  private func ids(_ name: String) throws -> [(group: String, id: ObjectID)] {
    var ids: [(group: String, id: ObjectID)] = []
    let node = try village.open(name, .reading)
    for group in try node.groups() {
      try node.log(group.id.hex) { ids.append((group.id.hex, $0.id)) }
    }
    return ids
  }

  private func check(_ name: String, _ held: [String: Set<ObjectID>]) throws {
    let node = try open(name)
    for group in try node.groups() {
      var here: Set<ObjectID> = []
      var delivered: [ObjectID] = []
      let state = try node.clientState(Recorder.type, of: group.id.hex)
      for start in stride(from: 0, to: state.count, by: 32) {
        if let id = ObjectID(state[start..<start + 32]) { delivered.append(id) }
      }
      if Set(delivered).count != delivered.count {
        violations.append("\(name): delivered twice in \(group.name)")
      }
      var places: [ObjectID: Int] = [:]
      for (place, id) in delivered.enumerated() { places[id] = place }
      try node.log(group.id.hex) { message in
        here.insert(message.id)
        guard message.client == Recorder.type, case .client(let body) = message.body else {
          return
        }
        guard let place = places[message.id] else {
          if body.first != 0xFF { violations.append("\(name): not delivered: \(message.id)") }
          return
        }
        for parent in message.parents where (places[parent] ?? -1) > place {
          violations.append("\(name): delivered before its parent: \(message.id)")
        }
      }
      if !(held[group.id.hex] ?? []).isSubset(of: here) {
        violations.append("\(name): messages lost in \(group.name)")
      }
      if group.pendingCount > 0 {
        let waiting = try node.undelivered(group.id.hex, client: Recorder.type)
        violations.append("\(name): pending in \(group.name): \(waiting)")
      }
    }
    for peer in try node.status().peers {
      if peer.lacks != PeerStatus.Lacks() || peer.unacknowledged != 0 {
        violations.append("\(name): not settled with \(peer.name): \(peer)")
      }
    }
    let found = try node.verify()
    if !found.damage.isEmpty { violations.append("\(name): \(found.damage)") }
  }
}

extension Sequence {
  fileprivate func randomElement(_ random: SeededRandom) -> Element? {
    let all = Array(self)
    return all.isEmpty ? nil : all[random.below(all.count)]
  }
}
