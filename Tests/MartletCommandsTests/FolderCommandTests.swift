import Foundation
import MartletCommands
import MartletFileSystem
import MartletSeal
import MartletTestSupport
import SystemPackage
import Testing

@Suite("Folders between two devices and a stick")
struct FolderWalkTests {
  let devices: Devices
  /// The folder `scans` as each device keeps it.
  let laptop: Tree
  let clinic: Tree

  init() throws {
    devices = try Devices("laptop", "clinic")
    laptop = try Tree(devices.path("laptop-disk/scans"))
    clinic = Tree(at: devices.path("clinic-disk/scans"))
    try FileManager.default.createDirectory(
      atPath: devices.path("clinic-disk"), withIntermediateDirectories: true)
  }

  /// Adds the folder on the laptop and accepts it at the clinic.
  private func share() throws {
    let added = try devices.run("laptop", "folder", "add", laptop.path, "--with", "clinic")
    #expect(added.status == 0, "\(added.words)")
    try devices.sync("laptop", "clinic")
    let accepted = try devices.run("clinic", "folder", "accept", "scans", clinic.path)
    #expect(accepted.status == 0, "\(accepted.words)")
  }

  private func syncAll() throws {
    try devices.sync("laptop", "clinic", "laptop", "clinic", "laptop")
  }

  /// Of the one folder that a device has.
  private func folder(_ device: String) throws -> [String: Any] {
    let list = try devices.run(device, "folder", "list", "--json")
    #expect(list.status == 0)
    return try #require(try Devices.objects(list, "folder").first)
  }

  @Test("carries files, edits, renames, deletions, directories and links, and settles a conflict")
  func walk() throws {
    try laptop.write("a.txt", "one")
    try laptop.write("sub/b.txt", "two")
    try laptop.write("scan.dcm", SeededRandom(seed: 1).bytes(2_500_000))
    try laptop.makeDirectory("empty")
    try laptop.link("link", to: "a.txt")
    let added = try devices.run("laptop", "folder", "add", laptop.path, "--with", "clinic")
    #expect(added.status == 0, "\(added.words)")
    #expect(added.text.hasPrefix("scans: told 5 added; 2.5 MB new"))
    try devices.sync("laptop")
    let invited = try devices.run("clinic", "sync", devices.stick)
    #expect(invited.text.contains("`martlet folder accept scans DIR` keeps it here"))
    #expect(!invited.text.contains("group accept"))
    #expect(try folder("clinic")["standing"] as? String == "waiting")
    #expect(try devices.run("clinic", "status", "--check").status == 2)
    let accepted = try devices.run("clinic", "folder", "accept", "scans", clinic.path)
    #expect(accepted.status == 0, "\(accepted.words)")
    #expect(try clinic.contents() == laptop.contents())
    #expect(try clinic.contents().count == 6)

    // Each does what the other does not know of; one file is edited by both.
    try laptop.write("a.txt", "one of the laptop")
    try laptop.move("scan.dcm", to: "sub/first.dcm")
    try laptop.remove("link")
    try clinic.write("a.txt", "one of the clinic, later")
    try clinic.write("new/c.txt", "three")
    try clinic.remove("empty")
    let out = try devices.run("laptop", "sync", devices.stick)
    #expect(out.text.hasPrefix("scans: told "))
    let conflicted = try devices.run("clinic", "sync", devices.stick, "--quiet")
    #expect(conflicted.status == 0, "\(conflicted.words)")
    #expect(conflicted.text == "scans: conflict at a.txt: both versions are there\n")
    try syncAll()
    let contents = try laptop.contents()
    #expect(try clinic.contents() == contents)
    let copies = contents.keys.filter { $0.hasPrefix("a (conflict ") && $0.hasSuffix(").txt") }
    #expect(copies.count == 1)
    #expect(
      Set(contents.keys)
        == Set(["a.txt", "new", "new/c.txt", "sub", "sub/b.txt", "sub/first.dcm"] + copies))
    for device in ["laptop", "clinic"] {
      #expect(try folder(device)["conflicts"] as? [String] == ["a.txt"])
      #expect(try devices.run(device, "status", "--check").status == 2)
      #expect(try devices.run(device, "status").text.contains("  1 conflict\n"))
    }

    let path = laptop.at("a.txt")
    let plan = try devices.run("laptop", "folder", "resolve", path, "--dry-run")
    #expect(plan.text == "would put aside 1 version of \(path)\n")
    let resolved = try devices.run("laptop", "folder", "resolve", path)
    #expect(resolved.text == "\(path): 1 version put aside\n")
    #expect(try devices.run("laptop", "folder", "resolve", path).text.contains("no conflict"))
    try syncAll()
    #expect(try clinic.contents() == laptop.contents())
    #expect(try clinic.contents().count == contents.count - 1)
    for device in ["laptop", "clinic"] {
      #expect(try folder(device)["conflicts"] as? [String] == [])
      let status = try devices.run(device, "status", "--check")
      #expect(status.status == 0, "\(status.text)")
    }
    // And then there is nothing to do.
    for device in ["laptop", "clinic"] {
      let again = try devices.run(device, "sync", devices.stick)
      #expect(again.text == "\(devices.stick): nothing to do; safe to remove\n")
    }
  }

  @Test("shows the versions of a file and brings one back, for all members")
  func history() throws {
    try laptop.write("a.txt", "one")
    try share()
    for text in ["second", "the third"] {
      try laptop.write("a.txt", text)
      #expect(try devices.run("laptop", "folder", "scan", "scans").status == 0)
    }
    try laptop.remove("a.txt")
    #expect(try devices.run("laptop", "folder", "scan").text.hasPrefix("scans: told 1 deleted"))
    let path = laptop.at("a.txt")
    let log = try devices.run("laptop", "folder", "log", path)
    #expect(log.lines.count == 4)
    let versions = try Devices.objects(
      try devices.run("laptop", "folder", "log", path, "--json"), "version")
    #expect(versions.map { $0["kind"] as? String } == ["deleted", "file", "file", "file"])
    #expect(versions.map { $0["bytes"] as? Int } == [0, 9, 6, 3])
    #expect(versions.map { $0["current"] as? Bool } == [true, false, false, false])
    #expect(versions.allSatisfy { $0["author"] as? String == "laptop" })
    let plan = try devices.run("laptop", "folder", "restore", path, "--dry-run")
    #expect(plan.text.hasSuffix("of \(path), 9 bytes\n"))
    let last = try devices.run("laptop", "folder", "restore", path)
    #expect(last.status == 0, "\(last.words)")
    #expect(laptop.text("a.txt") == "the third")
    let first = try #require(versions.last?["id"] as? String)
    let old = try devices.run(
      "laptop", "folder", "restore", path, "--at", String(first.prefix(12)), "--json")
    #expect(try Devices.objects(old, "restore").first?["bytes"] as? Int == 3)
    #expect(laptop.text("a.txt") == "one")
    try syncAll()
    #expect(clinic.text("a.txt") == "one")
    #expect(try devices.run("laptop", "folder", "restore", path, "--at", "zz").status == 1)
    try laptop.write("b.txt", "only one")
    let only = try devices.run("laptop", "folder", "restore", laptop.at("b.txt"))
    #expect(only.status == 1)
    #expect(only.words.contains("has no earlier content; nothing was changed"))
    #expect(try devices.run("laptop", "folder", "log", laptop.at("never")).status == 1)
    #expect(try devices.run("laptop", "folder", "log", devices.path("elsewhere")).status == 1)
  }

  @Test("gives offered contents on request only")
  func offered() throws {
    try laptop.write("films/long.mkv", SeededRandom(seed: 2).bytes(1_500_000))
    let added = try devices.run(
      "laptop", "folder", "add", laptop.path, "--offer", "--name", "films", "--with", "clinic")
    #expect(added.status == 0, "\(added.words)")
    try devices.sync("laptop", "clinic")
    #expect(try devices.run("clinic", "folder", "accept", "films", clinic.path).status == 2)
    let waiting = try folder("clinic")
    #expect(waiting["waiting"] as? [String] == ["films/long.mkv"])
    #expect(waiting["waiting_bytes"] as? Int == 1_500_000)
    #expect(try devices.run("clinic", "status", "--check").status == 2)
    let asked = try devices.run("clinic", "folder", "request", clinic.at("films"))
    #expect(asked.text == "\(clinic.at("films")): asked for 1 file, 1.5 MB\n")
    try devices.sync("clinic", "laptop", "laptop", "clinic")
    #expect(try clinic.contents() == laptop.contents())
    #expect(try devices.run("clinic", "folder", "request", clinic.path).text.contains("nothing"))
  }

  @Test("prints an object a line with --json, and nothing with --quiet")
  func json() throws {
    try laptop.write("a.txt", "one")
    let added = try devices.run(
      "laptop", "folder", "add", laptop.path, "--with", "clinic", "--json")
    let scan = try #require(try Devices.objects(added, "scan").first)
    #expect(scan["folder"] as? String == "scans")
    #expect(scan["added"] as? Int == 1)
    #expect(scan["bytes"] as? Int ?? 0 >= 3)
    #expect((scan["passed_over"] as? [Any])?.isEmpty == true)
    try devices.sync("laptop")
    let invited = try devices.run("clinic", "import", devices.stick, "--json")
    let invitation = try #require(try Devices.objects(invited, "invitation").first)
    #expect(invitation["folder"] as? Bool == true)
    let accepted = try devices.run("clinic", "folder", "accept", "scans", clinic.path, "--json")
    let apply = try #require(try Devices.objects(accepted, "apply").first)
    #expect(apply["written"] as? Int == 1)
    #expect(apply["waiting_files"] as? Int == 0)
    #expect((apply["conflicts"] as? [Any])?.isEmpty == true)
    #expect((apply["refused"] as? [Any])?.isEmpty == true)
    let status = try Devices.objects(try devices.run("clinic", "status", "--json"), "folder")
    #expect(status.first?["root"] as? String == clinic.path)
    #expect(status.first?["files"] as? Int == 1)
    #expect(status.first?["standing"] as? String == "kept")
    try laptop.write("a.txt", "two")
    #expect(try devices.run("laptop", "folder", "scan", "--quiet").output.isEmpty)
    #expect(try devices.run("laptop", "folder", "remove", "scans", "--quiet").output.isEmpty)
    let removed = try Devices.objects(
      try devices.run("clinic", "folder", "remove", "scans", "--json"), "folder_removed")
    #expect(removed.first?["name"] as? String == "scans")
    #expect(clinic.text("a.txt") == "one")
    #expect(try devices.run("clinic", "folder", "scan", "scans").status == 1)
  }

  @Test("writes names that are not UTF-8 as they are, escaped for people, base64 for programs")
  func bytes() throws {
    let name: [UInt8] = [0x6E, 0xFF, 0x1B]
    let path = FilePath(bytes: Array(laptop.path.utf8) + [0x2F] + name)
    let file = try FileDescriptor.open(
      path, .writeOnly, options: .create, permissions: .ownerReadWrite)
    _ = try file.writeAll([0x61])
    try file.close()
    let added = try devices.run(
      "laptop", "folder", "add", laptop.path, "--with", "clinic", "--offer")
    #expect(added.status == 0, "\(added.words)")
    try devices.sync("laptop", "clinic")
    #expect(try devices.run("clinic", "folder", "accept", "scans", clinic.path).status == 2)
    let folder = try folder("clinic")
    #expect(folder["waiting_base64"] as? [String] == [Data(name).base64EncodedString()])
    #expect(folder["waiting"] as? [String] == [])
    let log = try Command(
      [Array("folder".utf8), Array("log".utf8), path.bytes],
      environment: ["MARTLET_STORE": devices.store("laptop")])
    #expect(log.lines.count == 1)
    let never = try Command(
      [Array("folder".utf8), Array("log".utf8), path.bytes + [0x07]],
      environment: ["MARTLET_STORE": devices.store("laptop")])
    #expect(never.status == 1)
    #expect(never.words.contains("n\\xff\\x1b\\x07 never was in the folder"))
  }
}

@Suite("What goes wrong with folders")
struct FolderTroubleTests {
  let devices: Devices
  let one: Tree
  let other: Tree

  init() throws {
    devices = try Devices("laptop", "clinic")
    one = try Tree(devices.path("disk/one"))
    other = try Tree(devices.path("disk/other"))
    for tree in [one, other] {
      try tree.write("a.txt", tree.path)
      let added = try devices.run("laptop", "folder", "add", tree.path, "--with", "clinic")
      #expect(added.status == 0, "\(added.words)")
    }
  }

  @Test("a root that is gone is 74, deletes nothing, and does not keep the rest from going on")
  func rootMissing() throws {
    try devices.sync("laptop")
    try FileManager.default.moveItem(atPath: one.path, toPath: devices.path("away"))
    try other.write("b.txt", "new")
    try devices.run("laptop", "chat", "send", "clinic", "hello")
    let command = try devices.run("laptop", "sync", devices.stick)
    #expect(command.status == 74)
    #expect(command.words.contains("\(one.path) of the folder one is gone"))
    #expect(command.words.contains("mount its disk"))
    #expect(command.words.split(separator: "\n").count { $0.contains("error") } == 1)
    #expect(command.text.contains("other: told 1 added"))
    #expect(command.text.contains("exported"))
    #expect(try devices.run("laptop", "folder", "scan").status == 74)
    #expect(try devices.run("laptop", "folder", "scan", "one").status == 74)
    #expect(try devices.run("laptop", "folder", "scan", "other").status == 0)
    let json = try devices.run("laptop", "sync", devices.stick, "--json")
    #expect(json.status == 74)
    #expect(json.words.contains(#""code":74"#))
    #expect(try devices.run("laptop", "status").status == 0)
    // Another directory in its place is not it.
    try one.makeDirectory("x")
    #expect(try devices.run("laptop", "folder", "scan", "one").status == 74)
    try FileManager.default.removeItem(atPath: one.path)
    try FileManager.default.moveItem(atPath: devices.path("away"), toPath: one.path)
    #expect(try devices.run("laptop", "folder", "scan", "one").text.contains("nothing changed"))
    #expect(try devices.run("laptop", "sync", devices.stick).status == 0)
  }

  @Test("each root that is gone is named, also where two folders have one name")
  func twins() throws {
    let theirs = try Tree(devices.path("clinic-disk/one"))
    try theirs.write("b.txt", "theirs")
    #expect(
      try devices.run("clinic", "folder", "add", theirs.path, "--with", "laptop").status == 0)
    try devices.sync("clinic", "laptop")
    let waiting = try Devices.objects(
      try devices.run("laptop", "folder", "list", "--json"), "folder"
    ).first { $0["standing"] as? String == "waiting" }
    let twin = devices.path("disk/twin")
    #expect(
      try devices.run(
        "laptop", "folder", "accept", try #require(waiting?["id"] as? String), twin
      ).status == 0)
    #expect(try devices.run("laptop", "folder", "scan", "one").status == 1)
    try FileManager.default.removeItem(atPath: one.path)
    try FileManager.default.removeItem(atPath: other.path)
    for arguments in [["folder", "scan"], ["sync", devices.stick, "--dry-run"]] {
      let command = try Command(
        arguments.map { Array($0.utf8) }, environment: ["MARTLET_STORE": devices.store("laptop")])
      #expect(command.status == 74)
      for path in [one.path, other.path] {
        #expect(command.words.split(separator: "\n").count { $0.contains("\(path) of") } == 1)
      }
      #expect(!command.words.contains(twin))
    }
  }

  @Test("a group that is accepted and is a folder is said to be one")
  func groupAccept() throws {
    try devices.sync("laptop", "clinic")
    let accepted = try devices.run("clinic", "group", "accept", "one")
    #expect(accepted.words.contains("it is a folder: `martlet folder accept one DIR`"))
    let place = devices.path("place")
    #expect(try devices.run("clinic", "folder", "accept", "one", place).status == 0)
    #expect(Tree(at: place).text("a.txt") == one.path)
    #expect(try devices.run("clinic", "group", "list").text.contains("created"))
  }

  @Test("most files gone is 74 until somebody says that they are meant to be")
  func manyDeletions() throws {
    for index in 0..<30 { try one.write("\(index).txt", "\(index)") }
    #expect(try devices.run("laptop", "folder", "scan").status == 0)
    for index in 0..<30 { try one.remove("\(index).txt") }
    let refused = try devices.run("laptop", "sync", devices.stick)
    #expect(refused.status == 74)
    #expect(refused.words.contains("30 of 31 files of the folder one have vanished"))
    #expect(refused.words.contains("martlet folder scan one --confirm-deletes"))
    let confirmed = try devices.run("laptop", "folder", "scan", "one", "--confirm-deletes")
    #expect(confirmed.status == 0, "\(confirmed.words)")
    #expect(confirmed.text.hasPrefix("one: told 30 deleted\n"))
    #expect(try devices.run("laptop", "sync", devices.stick).status == 0)
  }

  @Test("a dry run tells nothing and writes nothing")
  func dryRun() throws {
    try one.write("b.txt", SeededRandom(seed: 3).bytes(1_500_000))
    for _ in 0..<2 {
      for arguments in [["folder", "scan"], ["sync", devices.stick]] {
        let command = try Command(
          (arguments + ["--dry-run"]).map { Array($0.utf8) },
          environment: ["MARTLET_STORE": devices.store("laptop")])
        #expect(command.status == 0, "\(command.words)")
        #expect(command.text.contains("one: would tell 1 added\n"))
      }
    }
    #expect(try devices.stickContents().isEmpty)
    let add = try devices.run(
      "laptop", "folder", "add", try Tree(devices.path("third")).path, "--with", "clinic",
      "--dry-run")
    #expect(add.text.hasPrefix("would keep "))
    let remove = try devices.run("laptop", "folder", "remove", "one", "--dry-run")
    #expect(remove.text == "would keep one no more; its files would stay\n")
    #expect(
      try Devices.objects(try devices.run("laptop", "folder", "list", "--json"), "folder").count
        == 2)
    try devices.sync("laptop", "clinic")
    let place = devices.path("place")
    let accept = try devices.run("clinic", "folder", "accept", "one", place, "--dry-run")
    #expect(accept.status == 0)
    #expect(accept.text.hasSuffix("in \(place)\n"))
    #expect(!FileManager.default.fileExists(atPath: place))
  }

  @Test("a pipe is named and passed over, which is no failure")
  func pipe() throws {
    #expect(mkfifo(one.at("pipe"), 0o600) == 0)
    let command = try devices.run("laptop", "folder", "scan", "one")
    #expect(command.status == 0)
    #expect(command.words.contains("martlet: one: pipe was passed over"))
    #expect(try devices.run("laptop", "sync", devices.stick, "--quiet").words.isEmpty)
  }

  @Test("what cannot be a folder is refused, by name and with what to do")
  func refusals() throws {
    func add(_ path: String) throws -> Command {
      try devices.run("laptop", "folder", "add", path, "--with", "clinic", "--name", "third")
    }
    #expect(try add(devices.path("nothing")).status == 64)
    #expect(try add(one.at("a.txt")).status == 64)
    #expect(try add(one.path).status == 1)
    #expect(try add(devices.path("disk")).status == 1)
    #expect(try add(devices.store("laptop")).status == 1)
    #expect(try add(devices.root.string).status == 1)
    try one.makeDirectory("below")
    #expect(try add(one.at("below")).status == 1)
    let third = try Tree(devices.path("third"))
    let stranger = try devices.run("laptop", "folder", "add", third.path, "--with", "nobody")
    #expect(stranger.status == 1)
    #expect(try devices.run("laptop", "folder", "accept", "nothing", third.path).status == 1)
    #expect(try devices.run("laptop", "folder", "remove", "nothing").status == 1)
    #expect(try devices.run("laptop", "folder", "scan", "nothing").status == 1)
  }
}
