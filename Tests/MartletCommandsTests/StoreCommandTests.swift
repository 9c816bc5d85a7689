import Foundation
import MartletCommands
import Testing

@Suite("Commands where somebody does what is not in the manual")
struct StoreCommandTests {
  let devices: Devices

  init() throws { devices = try Devices("laptop", "clinic") }

  @Test("take an export with nothing to say for what it is")
  func emptyPipe() throws {
    let exported = try devices.run("laptop", "export", "--to", "clinic", "-")
    #expect(exported.status == 0)
    #expect(exported.output.isEmpty)
    let imported = try devices.run("clinic", "import", "-")
    #expect(imported.status == 0)
    #expect(imported.text.contains("was empty"))
    #expect(try devices.run("clinic", "import", "-", input: "M").status == 65)
  }

  @Test("say on a dry run what would be imported, the damaged as well, and do nothing")
  func dryRun() throws {
    try devices.run("laptop", "chat", "send", "clinic", "on the stick")
    // A place after --to is no peer.
    #expect(try devices.run("laptop", "sync", "--to", "clinic", devices.stick).status == 0)
    let summary = try devices.run("clinic", "sync", devices.stick, "--dry-run").lines.last
    #expect(summary?.contains(": 1 in (1 object, ") == true)
    let path = devices.stick + "/aaaaaaaaaaaaa.martlet"
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
    for verb in ["import", "sync"] {
      let command = try devices.run("clinic", verb, devices.stick, "--dry-run")
      #expect(command.status == 2)
      #expect(command.words.contains("aaaaaaaaaaaaa"))
      #expect(command.text.contains(": would import 1 message, 0 blobs, "))
    }
    #expect(try devices.run("clinic", "log", "laptop").output.isEmpty)
    #expect(try devices.run("clinic", "sync", "/nonexistent", "--dry-run").status == 69)
  }

  @Test("name a stranger once, and import what was kept when its card is added")
  func stranger() throws {
    let card = try #require(try devices.run("clinic", "card").lines.first)
    #expect(try devices.run("school", "init", "--name", "school").status == 0)
    #expect(try devices.run("school", "peer", "add", "clinic", card).status == 0)
    try devices.run("school", "chat", "send", "clinic", "hello")
    try devices.sync("school")
    #expect(try devices.run("clinic", "sync", devices.stick, "--quiet").words.contains("school"))
    for _ in 0..<2 {
      let again = try devices.run("clinic", "sync", devices.stick, "--quiet")
      #expect(again.status == 0)
      #expect(again.words.isEmpty && again.output.isEmpty)
    }
    let other = try #require(try devices.run("school", "card").lines.first)
    #expect(try devices.run("clinic", "peer", "add", "school", other).status == 0)
    #expect(try devices.run("clinic", "chat", "log", "school").text.contains(": hello\n"))
  }

  @Test("read what a store holds from the time before it became another device")
  func archived() throws {
    try devices.run("laptop", "put", "clinic", "-", input: "before")
    #expect(try devices.run("laptop", "adopt", "--as-new", "other").status == 0)
    #expect(try devices.run("laptop", "log", "clinic").lines.first?.hasSuffix("  before") == true)
    #expect(try devices.run("laptop", "put", "clinic", "-", input: "after").status == 1)
  }
}
