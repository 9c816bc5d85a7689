import MartletFileSystem
import MartletObjects
import MartletSeal
import MartletSync
import MartletTestSupport
import MartletWire
import SystemPackage
import Testing

@testable import MartletNode

@Suite("What must hold")
struct RepairTests {
  @Test("a group that was named by an outsider first is not shared with the outsider")
  func preempted() throws {
    let village = try Village(seed: 4)
    try village.create("founder", "victim", "mallory")
    for name in ["/s1", "/s2", "/s3"] {
      try village.disk.makeDirectory(FilePath(name), permissions: 0o700)
    }
    try village.disk.syncDirectory("/")
    let group = try village.open("founder").createGroup("secrets", with: ["victim"])
    try Self.pretend(village, membershipOf: group.id)
    try village.open("victim").importBundles(["/s1"]) { _ in }
    _ = try village.open("founder").send(client: "note", body: Array("top".utf8), to: "secrets")
    _ = try village.open("founder").export(to: "victim", .directory("/s2"))
    try village.open("victim").importBundles(["/s2"]) { _ in }
    _ = try village.open("victim").acceptGroup("secrets")
    let node = try village.open("victim")
    let report = try node.export(to: "mallory", .directory("/s3"))
    #expect((report?.messages ?? 0) == 0)
    let mallory = try #require(node.state.peers.first { $0.name == "mallory" }).card.deviceID
    #expect(
      node.sync.peers[mallory]?.logs[LogID(group: group.id, objectClass: .messages)] == nil)
  }

  @Test("of a group whose members are not known yet nobody is given anything")
  func unknownMembers() throws {
    let village = try Village(seed: 6)
    try village.create("founder", "victim", "mallory")
    for name in ["/s1", "/lost", "/s2", "/s3", "/s4", "/s5"] {
      try village.disk.makeDirectory(FilePath(name), permissions: 0o700)
    }
    try village.disk.syncDirectory("/")
    let group = try village.open("founder").createGroup("secrets", with: ["victim"])
    // The bundle with the grant is lost: the victim holds what comes after it, and cannot open it.
    _ = try village.open("founder").export(to: "victim", .directory("/lost"))
    _ = try village.open("founder").send(client: "note", body: Array("top".utf8), to: "secrets")
    // Blobs are not opened where they come in, and so stand in a log.
    let content = village.random.bytes(Node.inlineByteCount + 1)
    let address = try village.put(content, from: "founder", into: "secrets")[0]
    _ = try village.open("founder").export(to: "victim", .directory("/s2"))
    try village.open("victim").importBundles(["/s2"]) { _ in }
    try Self.pretend(village, membershipOf: group.id)
    try village.open("victim").importBundles(["/s1"]) { _ in }
    let held = try #require(try village.open("victim").groupStates[group.id])
    #expect(held.members.isEmpty && held.pending.count == 3)
    #expect(try village.open("victim").group(group.id.hex).blobCount > 0)
    for other in ["mallory", "founder"] {
      let report = try village.open("victim").export(to: other, .directory("/s3"))
      #expect((report?.messages ?? 0) + (report?.blobs ?? 0) == 0, "\(other)")
    }
    // With the grant it is a group like any other, of which mallory hears nothing.
    var options = Node.ExportOptions()
    options.isFull = true
    _ = try village.open("founder").export(to: "victim", .directory("/s4"), options)
    try village.open("victim").importBundles(["/s4"]) { _ in }
    _ = try village.open("victim").acceptGroup("secrets")
    #expect(try village.texts("victim", in: "secrets") == ["top"])
    _ = try village.open("victim").send(client: "note", body: Array("seen".utf8), to: "secrets")
    let toMallory = try village.open("victim").export(to: "mallory", .directory("/s5"))
    #expect((toMallory?.messages ?? 0) + (toMallory?.blobs ?? 0) == 0)
    #expect(try village.get(address, from: "victim") == content)
    let toFounder = try village.open("victim").export(to: "founder", .directory("/s5"))
    #expect(toFounder?.messages == 1)
  }

  /// Has mallory send the victim a message of a group that mallory is no member of, on `/s1`.
  static func pretend(_ village: Village, membershipOf group: MartletWire.GroupID) throws {
    let node = try village.open("mallory")
    let victim = try #require(node.state.peers.first { $0.name == "victim" }).card
    try node.changing { () throws(NodeError) in
      try node.loadJournals()
      var state = GroupState(
        id: group, name: "x", kind: .created, isAccepted: true, random: village.random)
      state.take(
        GrantBox(
          group: group, key: .random(from: village.random),
          groupSecret: .random(from: village.random)),
        for: try node.identity().sealing.publicKey)
      // Without members nothing of it would be given to anybody.
      state.members = [node.card, victim]
      node.add(state)
      node.share(group, with: victim.deviceID)
      _ = try node.write(client: "note", body: [1], to: group)
      try node.commit()
    }
    #expect(try node.export(to: "victim", .directory("/s1"))?.messages == 1)
  }

  @Test("a pending message that was damaged comes back")
  func pendingDamage() throws {
    let village = try Village(seed: 5)
    try village.create("laptop", "clinic")
    for name in ["/s1", "/s2"] {
      try village.disk.makeDirectory(FilePath(name), permissions: 0o700)
    }
    try village.disk.syncDirectory("/")
    _ = try village.open("laptop").send(client: "note", body: Array("m1".utf8), to: "clinic")
    _ = try village.open("laptop").export(to: "clinic", .directory("/s1"))
    _ = try village.open("laptop").send(client: "note", body: Array("m2".utf8), to: "clinic")
    _ = try village.open("laptop").export(to: "clinic", .directory("/s2"))
    try village.open("clinic").importBundles(["/s2"]) { _ in }
    for pack in try village.disk.list("/d/clinic/packs")
    where pack.string.hasSuffix(".pack") {
      let path = FilePath("/d/clinic/packs").appending(pack)
      let file = try village.disk.openFile(path, .readWrite)
      let count = Int(try file.information().byteCount)
      try file.write(at: 0, [UInt8](repeating: 0x5A, count: count))
      try file.sync()
    }
    #expect(try village.open("clinic").verify().lost.count == 1)
    for _ in 0..<6 {
      village.clock.pass(2 * 24 * 3600)
      _ = try village.open("clinic").sync("/stick", with: nil)
      _ = try village.open("laptop").sync("/stick", with: nil)
    }
    #expect(try village.texts("clinic", in: "laptop") == ["m1", "m2"])
  }

  @Test("what was damaged, wherever that is, and came back is given on, and not given up")
  func givenOn() throws {
    let names = ["ada", "ben", "cyd"]
    let village = try DeliveredTests().row(names, seed: 9)
    let group = try #require(try village.open("ada").groups().first { $0.name == "all" }).id
    let before = Set(try village.disk.list("/d/ben/packs").map(\.string))
    _ = try village.open("ada").send(client: "note", body: Array("m1".utf8), to: "all")
    let meet = { (here: String, there: String, village: Village) in
      let stick = FilePath("/stick-\(min(here, there))-\(max(here, there))")
      _ = try village.open(here).sync(stick, with: [there])
    }
    try meet("ada", "ben", village)
    try meet("ben", "ada", village)
    try village.disk.syncFileSystem(at: "/")
    let new = try village.disk.list("/d/ben/packs").map(\.string)
      .filter { !before.contains($0) && $0.hasSuffix(".pack") }
    let pack = FilePath("/d/ben/packs").appending(try #require(new.first))
    let count = try village.disk.readAll(pack, limit: 1 << 20).count
    var tried = 0
    for place in stride(from: 0, to: count, by: 5) {
      let copy = Village(village, on: village.disk.powerCut(seed: 1), seed: UInt64(place))
      let file = try copy.disk.openFile(pack, .readWrite)
      var byte = try copy.disk.readAll(pack, limit: 1 << 20)[place]
      byte ^= 1 << UInt8(place / 5 % 8)
      try file.write(at: UInt64(place), [byte])
      try copy.disk.syncFileSystem(at: "/")
      // Of the pack's own head and tail nothing is lost.
      guard try copy.open("ben").verify().lost.count == 1 else { continue }
      tried += 1
      for _ in 0..<3 {
        copy.clock.pass(2 * 24 * 3600)
        for (here, there) in [("ben", "ada"), ("ada", "ben")] { try meet(here, there, copy) }
      }
      try meet("ben", "ada", copy)
      #expect(try copy.open("ben").lostIDs(of: group).isEmpty, "byte \(place)")
      for _ in 0..<5 {
        copy.clock.pass(2 * 24 * 3600)
        for (here, there) in [("ben", "cyd"), ("cyd", "ben")] { try meet(here, there, copy) }
        #expect(try copy.open("ben").lostIDs(of: group).isEmpty, "byte \(place)")
      }
      #expect(try copy.texts("cyd", in: "all") == ["m1"], "byte \(place)")
    }
    #expect(tried > 30)
  }

  @Test("a log that was cut short: new messages reach the peer, lost ones come back")
  func shortLog() throws {
    let village = try Village(seed: 6)
    try village.create("laptop", "clinic")
    for index in 0..<3 {
      _ = try village.open("laptop").send(
        client: "note", body: Array("m\(index)".utf8), to: "clinic")
    }
    for _ in 0..<2 {
      for device in ["laptop", "clinic"] { _ = try village.open(device).sync("/stick", with: nil) }
    }
    #expect(try village.texts("clinic", in: "laptop") == ["m0", "m1", "m2"])
    var cut = 0
    for group in try village.disk.list("/d/clinic/groups") {
      let directory = FilePath("/d/clinic/groups").appending(group)
      for file in try village.disk.list(directory) where file.string.hasSuffix(".log") {
        let open = try village.disk.openFile(directory.appending(file), .readWrite)
        if try open.information().byteCount > 0 {
          try open.truncate(to: 0)
          try open.sync()
          cut += 1
        }
      }
    }
    #expect(cut == 1)
    let client = Heard()
    do {
      _ = try village.open("clinic", clients: [client]).send(
        client: "note", body: Array("new".utf8), to: "laptop")
    }
    for _ in 0..<6 {
      village.clock.pass(2 * 24 * 3600)
      for device in ["clinic", "laptop"] {
        _ = try village.open(device).sync("/stick", with: nil)
      }
    }
    #expect(try village.texts("laptop", in: "clinic").contains("new"))
    #expect(Set(try village.texts("clinic", in: "laptop")) == ["m0", "m1", "m2", "new"])
  }
}

final class Heard: Client {
  let type = "note"
  func validate(_ message: ClientMessage) -> Validation { .accept }
  func deliver(_ message: ClientMessage, state: inout [UInt8]) {
    state += message.body + [0x0A]
  }
}

extension RepairTests {
  @Test("a rollback that one peer shows begins a new epoch in the groups of others too")
  func everyLog() throws {
    let village = try Village(seed: 8)
    try village.create("a", "b", "c")
    _ = try village.open("a").send(client: "note", body: [1], to: "b")
    let before = try village.open("a", .reading).groupStates
    do {
      let node = try village.open("b")
      let a = try #require(node.state.peers.first { $0.name == "a" }).card.deviceID
      let instance = try village.open("a", .reading).sync.device.instance
      try node.changing { () throws(NodeError) in
        try node.loadJournals()
        node.sync.peers[a]?.instance = instance
        node.sync.peers[a]?.highestHeard = 9
        node.sync.peers[a]?.owed = true
        node.changedPeers.insert(a)
        try node.commit()
      }
      _ = try node.export(to: "a", .directory("/stick"))
    }
    try village.open("a").importBundles(["/stick"]) { _ in }
    let after = try village.open("a", .reading).groupStates
    for (id, group) in before { #expect(after[id]?.messages.lineage != group.messages.lineage) }
  }
}

extension RepairTests {
  @Test("a log file that is missing is named as damage, not waited for")
  func missingLog() throws {
    let village = try Village(seed: 7)
    try village.create("laptop", "clinic")
    let id = try village.open("laptop").send(client: "note", body: [1], to: "clinic")
    for group in try village.disk.list("/d/laptop/groups") {
      let path = FilePath("/d/laptop/groups").appending(group).appending("messages.log")
      if try village.disk.information(at: path) != nil { try village.disk.remove(path) }
    }
    let node = try village.open("laptop", .reading)
    #expect(throws: NodeError.self) { try node.get(id.hex) { _ in } }
    #expect(throws: NodeError.self) { try node.log("clinic") { _ in } }
    _ = try? node.status()
    _ = try? node.verify()
  }
}
