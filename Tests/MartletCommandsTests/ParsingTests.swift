import Foundation
import MartletCommands
import Testing

@Suite("The command line")
struct ParsingTests {
  @Test("has help with an example for every command", arguments: Martlet.commandWords)
  func help(words: [String]) throws {
    for arguments in [words + ["--help"], ["help"] + words] {
      let command = try Command(arguments.map { Array($0.utf8) })
      #expect(command.status == 0)
      #expect(command.words.isEmpty)
      #expect(command.text.contains("EXAMPLE"))
      #expect(command.text.contains("  martlet \(words.joined(separator: " "))"))
      #expect(command.text.contains("USAGE: martlet \(words.joined(separator: " "))"))
      #expect(command.text.contains("--store"))
    }
  }

  @Test("has help with an example for itself and for what has subcommands")
  func groupHelp() throws {
    for arguments in [
      ["--help"], ["peer", "-h"], ["chat", "-h"], ["group", "-h"], ["folder", "-h"],
      ["schedule", "-h"],
    ] {
      let command = try Command(arguments.map { Array($0.utf8) })
      #expect(command.status == 0)
      #expect(command.text.contains("EXAMPLE"))
    }
  }

  static let wrongArguments: [[String]] = [
    [], ["frobnicate"], ["peer"], ["peer", "frobnicate"], ["chat"], ["group"], ["schedule"],
    ["put"], ["get"], ["log"], ["export", "/tmp"], ["export", "--to", "a"], ["import"], ["sync"],
    ["inspect"], ["peer", "add", "a"], ["chat", "send", "a"], ["group", "create", "a"],
    ["put", "a", "--records", "0"], ["put", "a", "--records", "x"],
    ["put", "a", "--records", "9", "--lines"], ["put", "a", "-", "-"], ["import", "-", "-"],
    ["status", "--frobnicate"], ["status", "x"], ["log", "a", "--from", "-1"],
    ["schedule", "show", "--every", "0"], ["schedule", "show", "--every", "90"],
    ["schedule", "show", "--every", "45"], ["schedule", "show", "--every", "300"],
    ["schedule", "show", "--every", "-1"], ["schedule", "show", "--every", "1500"],
    ["folder"], ["folder", "frobnicate"], ["folder", "add"], ["folder", "add", "x"],
    ["folder", "add", "--with", "a"], ["folder", "add", "x", "--with"], ["folder", "accept"],
    ["folder", "accept", "a"], ["folder", "scan", "a", "b"], ["folder", "log"],
    ["folder", "restore"], ["folder", "restore", "x", "--at"], ["folder", "resolve"],
    ["folder", "request"], ["folder", "remove"], ["folder", "list", "x"],
    ["folder", "add", "", "--with", "a"],
    ["--frobnicate"], ["--store"], ["--json"], ["card", "--qr"], ["init", "--name", "a\nb"],
    ["init", "--name", ""], ["status", "--store", ""], ["export", "--to", "", "x"],
  ]

  @Test(
    "refuses what it does not understand with 64, an error and a hint", arguments: wrongArguments)
  func wrong(arguments: [String]) throws {
    let command = try Command(
      arguments.map { Array($0.utf8) }, environment: ["HOME": "/nonexistent"])
    #expect(command.status == 64)
    #expect(command.output.isEmpty)
    if arguments != ["--json"] {
      #expect(command.words.contains("martlet: error: "))
      #expect(command.words.contains("martlet: hint: "))
    }
  }

  @Test("gives its errors as JSON where asked to", arguments: wrongArguments)
  func wrongAsJSON(arguments: [String]) throws {
    guard !arguments.contains("--store") else { return }
    let command = try Command(
      (arguments + ["--json"]).map { Array($0.utf8) }, environment: ["HOME": "/nonexistent"])
    #expect(command.status == 64)
    let lines = command.words.split(separator: "\n")
    #expect(lines.count == 1)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
    #expect(object["type"] as? String == "error")
    #expect(object["code"] as? Int == 64)
    #expect(object["message"] is String)
  }

  @Test("takes options that hold everywhere before the command, too")
  func hoisting() throws {
    for arguments in [
      ["--store", "/nonexistent", "--json", "init", "--dry-run", "--name", "a"],
      ["--json", "init", "--store=/nonexistent", "--dry-run", "--name", "a"],
      ["-q", "--wait", "--store=/nonexistent", "init", "--json", "--dry-run", "--name", "a"],
    ] {
      let command = try Command(arguments.map { Array($0.utf8) })
      #expect(command.status == 0)
      #expect(command.text.hasPrefix(#"{"type":"plan","message":"#))
      #expect(command.text.contains(" a at /nonexistent"))
    }
    let pair = try Command("-q", "--store=/nonexistent", "--json", "peer", "list")
    #expect(pair.status == 1)
    #expect(pair.words.hasPrefix(#"{"type":"error","code":1,"#))
  }

  @Test("says its version, and those of its formats")
  func version() throws {
    let command = try Command("--version")
    #expect(command.status == 0)
    #expect(
      command.text.hasPrefix("martlet \(Martlet.version)\nformats: bundle MARTLET1, object MOB1"))
    #expect(try Command("--version", "--json").text.hasPrefix(#"{"type":"version","version":"#))
  }

  @Test("finds the store as --store, MARTLET_STORE, XDG_DATA_HOME and HOME say, in this order")
  func store() throws {
    func path(_ environment: [String: String], _ options: String...) throws -> String? {
      let command = try Command(
        (["init", "--dry-run", "--name", "a"] + options).map { Array($0.utf8) },
        environment: environment)
      #expect(command.status == (command.lines.isEmpty ? 64 : 0))
      return command.lines.first.map { String($0.dropFirst("would make device a at ".count)) }
    }
    var environment: [String: String] = [:]
    #expect(try path(environment) == nil)
    environment["HOME"] = "/nonexistent/home"
    #expect(try path(environment) == "/nonexistent/home/.local/share/martlet")
    // A relative one is nobody's.
    environment["XDG_DATA_HOME"] = "relative"
    #expect(try path(environment) == "/nonexistent/home/.local/share/martlet")
    environment["XDG_DATA_HOME"] = "/nonexistent/data"
    #expect(try path(environment) == "/nonexistent/data/martlet")
    environment["MARTLET_STORE"] = "/nonexistent/variable"
    #expect(try path(environment) == "/nonexistent/variable")
    #expect(try path(environment, "--store", "/nonexistent/option") == "/nonexistent/option")
  }
}
