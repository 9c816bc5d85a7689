import Foundation
import MartletCommands
import MartletFileSystem
import MartletSeal
import MartletTestSupport
import SystemPackage
import Testing

@Suite("What people do")
struct WalkTests {
  @Test("sends texts and files both ways on a stick, until nothing is lacking on either side")
  func walk() throws {
    let devices = try Devices("laptop", "clinic")
    let random = SeededRandom(seed: 1)
    let contents = [random.bytes(0), random.bytes(700), random.bytes(2_500_000)]
    var names: [String] = []
    for (index, content) in contents.enumerated() {
      names.append(devices.path("scan \(index).dcm"))
      try Data(content).write(to: URL(fileURLWithPath: names[index]))
    }
    try devices.run("laptop", "chat", "send", "clinic", "the scans are on the stick")
    let put = try devices.run("laptop", "put", "clinic", names[0], names[1], names[2])
    #expect(put.status == 0)
    #expect(put.lines.count == 3)
    #expect(try devices.run("laptop", "status", "--check").status == 2)
    try devices.sync("laptop", "clinic")
    #expect(
      try devices.run("clinic", "chat", "log", "laptop").text
        .hasSuffix("  laptop: the scans are on the stick\n"))
    for (id, content) in zip(put.lines, contents) {
      #expect(try devices.run("clinic", "get", id).output == content)
    }
    try devices.run("clinic", "chat", "send", "laptop", "got them")
    try devices.sync("clinic", "laptop", "clinic")
    #expect(try devices.run("laptop", "chat", "log", "clinic").lines.count == 2)
    for (device, peer) in [("laptop", "clinic"), ("clinic", "laptop")] {
      #expect(try devices.run(device, "status", "--check").status == 0)
      let status = try devices.run(device, "status", "--json")
      let line = try #require(try Devices.objects(status, "peer").first)
      #expect(line["name"] as? String == peer)
      #expect(line["lacks"] as? [String: Int] == ["messages": 0, "blobs": 0, "bytes": 0])
      #expect(line["unacknowledged"] as? Int == 0)
      #expect((line["last_heard"] as? String)?.hasSuffix("Z") == true)
    }
    // Two more on each side change nothing.
    try devices.sync("laptop", "clinic")
    let before = try devices.stickContents()
    for device in ["laptop", "clinic", "laptop", "clinic"] {
      let again = try devices.run(device, "sync", devices.stick)
      #expect(again.text == "\(devices.stick): nothing to do; safe to remove\n")
    }
    #expect(try devices.stickContents() == before)
  }

  @Test("init makes the directories above the store, which a new machine does not have")
  func newHome() throws {
    let devices = try Devices()
    let environment = ["HOME": devices.path("new/home")]
    #expect(try Command("init", "--name", "a", environment: environment).status == 0)
    #expect(try Command("status", environment: environment).status == 0)
    #expect(try Command("init", "--name", "a", environment: environment).status == 1)
  }

  @Test("sync --json gives every import, export and removal, then one line with sums")
  func syncJSON() throws {
    let devices = try Devices("laptop", "clinic")
    try devices.run("laptop", "chat", "send", "clinic", "a")
    let out = try devices.run("laptop", "sync", devices.stick, "--json")
    let export = try #require(try Devices.objects(out, "export").first)
    #expect(export["objects"] as? Int == 1)
    #expect(export["bytes"] as? Int ?? 0 > 0)
    let into = try devices.run("clinic", "sync", devices.stick, "--json")
    let imported = try #require(try Devices.objects(into, "import").first)
    #expect(imported["outcome"] as? String == "imported")
    #expect(imported["objects"] as? Int == 1)
    #expect(try Devices.objects(into, "delivery").first?["texts"] as? Int == 1)
    let back = try devices.run("laptop", "sync", devices.stick, "--json")
    #expect(try Devices.objects(back, "removal").count == 1)
    for command in [out, into, back] {
      let sum = try #require(try Devices.objects(command, "sync").last)
      #expect(sum["safe_to_remove"] as? Bool == true)
      #expect(sum["seconds"] is Double)
    }
    #expect(try devices.run("laptop", "sync", devices.stick, "--quiet").output.isEmpty)
  }

  @Test("a dry run of sync says what would go, and changes nothing")
  func dryRun() throws {
    let devices = try Devices("laptop", "clinic")
    try devices.run("laptop", "chat", "send", "clinic", "a")
    let command = try devices.run("laptop", "sync", devices.stick, "--dry-run")
    #expect(command.status == 0)
    #expect(command.text.contains("would export 1 message"))
    #expect(!command.text.contains("safe to remove"))
    #expect(try devices.stickContents().isEmpty)
  }

  @Test("put gives one id a line, in order; lines and records are items of their own")
  func put() throws {
    let devices = try Devices("laptop", "clinic")
    let lines = try devices.run(
      "laptop", "put", "clinic", "--lines", "--batch", input: "a\n\nbc\nd")
    #expect(lines.lines.count == 4)
    let records = try devices.run(
      "laptop", "put", "clinic", "-", "--records", "4", input: "0123456789")
    #expect(records.lines.count == 3)
    let bodies = try (lines.lines + records.lines).map { try devices.run("laptop", "get", $0).text }
    #expect(bodies == ["a", "", "bc", "d", "0123", "4567", "89"])
    let log = try Devices.objects(try devices.run("laptop", "log", "clinic", "--json"), "message")
    #expect(log.map { $0["body"] as? String } == bodies)
    #expect(log.map { $0["id"] as? String } == lines.lines + records.lines)
  }

  @Test("what is not UTF-8 is escaped for people and base64 for programs")
  func foreign() throws {
    let devices = try Devices("laptop", "clinic")
    let name = Array(devices.path("n").utf8) + [0xFF, 0x1B]
    let path = FilePath(bytes: name)
    let file = try FileDescriptor.open(
      path, .writeOnly, options: .create, permissions: .ownerReadWrite)
    _ = try file.writeAll([0x61, 0xFE, 0x07])
    try file.close()
    let put = try Command(
      [Array("put".utf8), Array("clinic".utf8), name, Array("--json".utf8)],
      environment: ["MARTLET_STORE": devices.store("laptop")])
    #expect(put.status == 0)
    let item = try #require(try Devices.objects(put, "item").first)
    #expect(item["name_base64"] as? String == Data([0x6E, 0xFF, 0x1B]).base64EncodedString())
    #expect(try devices.run("laptop", "log", "clinic").text.contains("file n\\xff\\x1b, 3 bytes"))
    let log = try #require(
      try Devices.objects(try devices.run("laptop", "log", "clinic", "--json"), "message").first)
    #expect(log["base64"] as? String == Data([0x61, 0xFE, 0x07]).base64EncodedString())
    #expect(log["body"] == nil)
    let id = try #require(item["id"] as? String)
    #expect(try devices.run("laptop", "get", id).output == [0x61, 0xFE, 0x07])
    let shown = try devices.run("laptop", "get", id, width: 80)
    #expect(shown.text == "a\\xfe\\x07")
    try devices.run("laptop", "chat", "send", "clinic", "\u{1B}[2J\u{202E}x\ny")
    #expect(
      try devices.run("laptop", "chat", "log", "clinic").text
        .hasSuffix("laptop: \\x1b[2J\\xe2\\x80\\xaex\\ny\n"))
  }

  @Test("a group is accepted before it is shown; replies name what they answer")
  func group() throws {
    let devices = try Devices("laptop", "clinic", "school")
    #expect(
      try devices.run("laptop", "group", "create", "village", "--with", "clinic", "school").status
        == 0)
    try devices.run("laptop", "chat", "send", "village", "hello")
    try devices.sync("laptop")
    let invited = try devices.run("clinic", "sync", devices.stick)
    #expect(invited.text.contains("village: a new group of"))
    #expect(try devices.run("clinic", "status", "--check").status == 2)
    let before = try devices.run("clinic", "chat", "log", "village")
    #expect(before.lines.count == 1 && before.text.hasSuffix("group not accepted\n"))
    #expect(try devices.run("clinic", "group", "accept", "village").status == 0)
    let log = try Devices.objects(
      try devices.run("clinic", "chat", "log", "village", "--json"), "text")
    let id = try #require(log.first?["id"] as? String)
    try devices.run("clinic", "chat", "send", "village", "--reply-to", String(id.prefix(8)), "hi")
    #expect(
      try devices.run("clinic", "chat", "log", "village").text
        .hasSuffix("  clinic (to \(id.prefix(8))): hi\n"))
    #expect(try devices.run("clinic", "group", "show", "village").text.contains("created"))
  }
}

@Suite("What goes wrong")
struct TroubleTests {
  @Test("a second writer leaves with 75, a reader does not mind")
  func busy() throws {
    let devices = try Devices("laptop", "clinic")
    let lock = try LocalFileSystem().openFile(
      FilePath(devices.store("laptop")).appending("lock"), .readWrite)
    #expect(try lock.lock(wait: false))
    #expect(try devices.run("laptop", "sync", devices.stick).status == 75)
    #expect(try devices.run("laptop", "chat", "send", "clinic", "a").status == 75)
    #expect(try devices.run("laptop", "status").status == 0)
    let waiting = try devices.run("laptop", "chat", "send", "clinic", "a", "--wait", signal: 15)
    #expect(waiting.status == 143)
  }

  @Test("a bundle for another: 77 where it is named, nothing said of it in a directory")
  func notForUs() throws {
    let devices = try Devices("laptop", "clinic", "school")
    try devices.run("laptop", "chat", "send", "clinic", "a")
    try devices.run("laptop", "export", "--to", "clinic", devices.path("one.martlet"))
    let named = try devices.run("school", "import", devices.path("one.martlet"))
    #expect(named.status == 77)
    #expect(named.words.contains("is not for this device; nothing was changed"))
    try devices.run("laptop", "export", "--to", "clinic", "--full", devices.stick)
    let passed = try devices.run("school", "import", devices.stick)
    #expect(passed.status == 0)
    #expect(passed.output.isEmpty)
    #expect(passed.words.isEmpty)
    #expect(try devices.run("clinic", "import", devices.path("one.martlet")).status == 0)
    let known = try devices.run("clinic", "import", devices.path("one.martlet"))
    #expect(known.status == 0)
    #expect(known.text.contains("was imported before"))
  }

  @Test("damaged input is 65, some of several 2, a missing medium 69, a missing file 74")
  func codes() throws {
    let devices = try Devices("laptop", "clinic")
    try devices.run("laptop", "chat", "send", "clinic", "a")
    let bundle = devices.path("one.martlet")
    try devices.run("laptop", "export", "--to", "clinic", bundle)
    let junk = devices.path("junk")
    try Data("no bundle".utf8).write(to: URL(fileURLWithPath: junk))
    #expect(try devices.run("clinic", "import", junk).status == 65)
    #expect(try devices.run("clinic", "import", junk, bundle).status == 2)
    #expect(try devices.run("clinic", "import", devices.path("nothing")).status == 74)
    #expect(try devices.run("clinic", "sync", devices.path("nothing")).status == 69)
    #expect(try devices.run("clinic", "sync", junk).status == 69)
    #expect(try devices.run("clinic", "peer", "add", "x", junk).status == 65)
    #expect(try devices.run("clinic", "chat", "send", "nobody", "a").status == 1)
    #expect(try devices.run("clinic", "chat", "send", "laptop", "").status == 65)
    let long = String(repeating: "a", count: 65_537)
    #expect(try devices.run("clinic", "chat", "send", "laptop", long).status == 73)
    #expect(try devices.run("clinic", "init", "--name", "x").status == 1)
  }

  @Test("a signal ends a command with 130 or 143, and the next one goes on")
  func interrupted() throws {
    let devices = try Devices("laptop", "clinic")
    let stopped = try devices.run(
      "laptop", "put", "clinic", "--lines", input: "a\nb\n", signal: 2)
    #expect(stopped.status == 130)
    #expect(stopped.output.isEmpty)
    #expect(try devices.run("laptop", "put", "clinic", "--lines", input: "a\nb\n").lines.count == 2)
    #expect(try devices.run("laptop", "log", "clinic").lines.count == 2)
  }

  @Test("a store that needs a passphrase says so, and takes it from a file")
  func passphrase() throws {
    let devices = try Devices("clinic")
    let card = try #require(try devices.run("clinic", "card").lines.first)
    let file = devices.path("passphrase")
    try Data("secret\n".utf8).write(to: URL(fileURLWithPath: file))
    let other = devices.path("other")
    try Data("wrong".utf8).write(to: URL(fileURLWithPath: other))
    #expect(
      try devices.run("laptop", "init", "--name", "laptop", "--passphrase-file", file).status == 0)
    #expect(try devices.run("laptop", "peer", "add", "clinic", card).status == 77)
    #expect(
      try devices.run("laptop", "peer", "add", "clinic", card, "--passphrase-file", other).status
        == 77)
    #expect(
      try devices.run("laptop", "peer", "add", "clinic", card, "--passphrase-file", file).status
        == 0)
    // What needs no secret needs no passphrase.
    #expect(try devices.run("laptop", "status").status == 0)
  }

  @Test("the safety number is compared, or confirmed, and remembered")
  func verified() throws {
    let devices = try Devices("laptop", "clinic")
    let one = try devices.run("laptop", "peer", "verify", "clinic")
    let other = try devices.run("clinic", "peer", "verify", "laptop")
    #expect(one.text == other.text)
    #expect(try devices.run("laptop", "peer", "list").text.contains("unverified"))
    #expect(try devices.run("laptop", "peer", "verify", "clinic", "12345").status == 77)
    #expect(try devices.run("laptop", "peer", "list").text.contains("unverified"))
    #expect(try devices.run("laptop", "peer", "verify", "clinic", one.lines[0]).status == 0)
    #expect(!(try devices.run("laptop", "peer", "list").text.contains("unverified")))
    #expect(try devices.run("clinic", "peer", "verify", "laptop", "--confirm").status == 0)
    #expect(!(try devices.run("clinic", "peer", "list").text.contains("unverified")))
  }

  @Test(
    "a clock in 1970 or 2100 is warned of, and decides nothing", arguments: [0, 4_200_000_000_000])
  func clock(now: UInt64) throws {
    let devices = try Devices("laptop", "clinic")
    let sent = try Command(
      ["chat", "send", "clinic", "a"].map { Array($0.utf8) },
      environment: ["MARTLET_STORE": devices.store("laptop")], now: now)
    #expect(sent.status == 0)
    #expect(sent.words.contains("martlet: warning: this device's clock says "))
    #expect(sent.lines.count == 1)
  }
}
