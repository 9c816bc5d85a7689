import Foundation
import MartletCommands
import Testing

/// Two stores and a stick, in a directory of their own.
private final class Stores {
  let root: String

  init() throws {
    let made = try FileManager.default.url(
      for: .itemReplacementDirectory, in: .userDomainMask,
      appropriateFor: FileManager.default.temporaryDirectory, create: true)
    root = made.path
    try FileManager.default.createDirectory(
      atPath: stick, withIntermediateDirectories: true)
    for name in ["laptop", "clinic"] {
      #expect(try run(name, "init", "--name", name).status == 0)
    }
    try introduce("clinic", to: "laptop")
    try introduce("laptop", to: "clinic")
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  var stick: String { root + "/stick" }

  func run(_ device: String, _ arguments: String..., input: [UInt8] = []) throws -> Command {
    try Command(
      (arguments + ["--store", "\(root)/\(device)"]).map { Array($0.utf8) }, input: input)
  }

  func introduce(_ name: String, to device: String) throws {
    let card = try #require(try run(name, "card").lines.first)
    #expect(try run(device, "peer", "add", name, card).status == 0)
  }

  func bundles() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: stick)
  }
}

@Suite("Commands on two stores and a stick")
struct StoreCommandTests {
  private let stores: Stores

  init() throws { stores = try Stores() }

  @Test("show chat as its text, in the log of everything too")
  func log() throws {
    _ = try stores.run("laptop", "chat", "send", "clinic", "on the stick")
    let line = try #require(try stores.run("laptop", "log", "clinic").lines.first)
    #expect(line.hasSuffix("  on the stick"))
    let json = try stores.run("laptop", "log", "clinic", "--json").text
    #expect(json.contains(#""text":"on the stick""#))
    #expect(!json.contains("body"))
  }

  @Test("take an export with nothing to say for what it is")
  func emptyPipe() throws {
    let exported = try stores.run("laptop", "export", "--to", "clinic", "-")
    #expect(exported.status == 0)
    let imported = try stores.run("clinic", "import", "-", input: exported.output)
    #expect(imported.status == 0)
    #expect(imported.text.contains("was empty"))
    #expect(try stores.run("clinic", "import", "-", input: [0x4D]).status == 65)
  }

  @Test("say on a dry run what a sync and an import would do, and do nothing")
  func dryRun() throws {
    _ = try stores.run("laptop", "chat", "send", "clinic", "on the stick")
    let planned = try stores.run("laptop", "sync", "--to", "clinic", stores.stick, "--dry-run")
    #expect(planned.status == 0)
    #expect(planned.lines.last?.contains(": 0 in (0 objects, 0 bytes), 1 out (1 object, ") == true)
    #expect(try stores.bundles().isEmpty)
    #expect(try stores.run("laptop", "sync", "--to", "clinic", stores.stick).status == 0)
    let path = stores.stick + "/aaaaaaaaaaaaa.martlet"
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
    for words in [["import", "--dry-run"], ["sync", "--dry-run"]] {
      let command = try stores.run("clinic", words[0], stores.stick, words[1])
      // The damaged one is named, and the other all the same.
      #expect(command.status == 2)
      #expect(command.words.contains("aaaaaaaaaaaaa"))
      #expect(command.text.contains(": would import 1 message, 0 blobs, "))
    }
    #expect(try stores.run("clinic", "log", "laptop").output.isEmpty)
    let summary = try stores.run("clinic", "sync", stores.stick, "--dry-run").lines.last
    #expect(summary?.contains(": 1 in (1 object, ") == true)
  }

  @Test("name a stranger once, and import what was kept when its card is added")
  func stranger() throws {
    #expect(try stores.run("school", "init", "--name", "school").status == 0)
    try stores.introduce("clinic", to: "school")
    _ = try stores.run("school", "chat", "send", "clinic", "hello")
    #expect(try stores.run("school", "sync", stores.stick).status == 0)
    #expect(try stores.run("clinic", "sync", stores.stick, "--quiet").words.contains("school"))
    for _ in 0..<2 {
      let again = try stores.run("clinic", "sync", stores.stick, "--quiet")
      #expect(again.status == 0)
      #expect(again.words.isEmpty && again.output.isEmpty)
    }
    try stores.introduce("school", to: "clinic")
    #expect(try stores.run("clinic", "chat", "log", "school").text.contains(": hello\n"))
  }

  @Test("read what a store holds from the time before it became another device")
  func archived() throws {
    _ = try stores.run("laptop", "put", "clinic", "-", input: Array("before".utf8))
    #expect(try stores.run("laptop", "adopt", "--as-new", "other").status == 0)
    #expect(try stores.run("laptop", "log", "clinic").lines.first?.hasSuffix("  before") == true)
    #expect(try stores.run("laptop", "put", "clinic", "-", input: [0x61]).status == 1)
  }
}
