import Foundation
import MartletCommands
import MartletFileSystem
import SystemPackage
import Testing

/// Devices in a directory of their own, which goes away with this value, and a stick.
final class Devices {
  let root: FilePath
  let stick: String

  /// Devices of these names that are all each other's peers.
  init(_ names: String...) throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("martlet-commands-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    root = FilePath(directory.path)
    stick = root.appending("stick").string
    try FileManager.default.createDirectory(atPath: stick, withIntermediateDirectories: true)
    var cards: [String: String] = [:]
    for name in names {
      #expect(try run(name, "init", "--name", name).status == 0)
      cards[name] = try run(name, "card").lines.first
    }
    for name in names {
      for other in names where other != name {
        #expect(try run(name, "peer", "add", other, cards[other] ?? "").status == 0)
      }
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: root.string) }

  func store(_ device: String) -> String { root.appending(device).string }
  func path(_ name: String) -> String { root.appending(name).string }

  @discardableResult
  func run(
    _ device: String, _ arguments: String..., input: String = "", width: Int? = nil,
    signal: Int32? = nil
  ) throws -> Command {
    try Command(
      arguments.map { Array($0.utf8) }, environment: ["MARTLET_STORE": store(device)],
      input: Array(input.utf8), width: width, signal: signal)
  }

  /// Syncs each of these in turn; all of them have to end well.
  func sync(_ devices: String...) throws {
    for device in devices {
      let command = try run(device, "sync", stick)
      #expect(command.status == 0, "\(command.words)")
    }
  }

  /// Objects of one type that a command printed with --json.
  static func objects(_ command: Command, _ type: String) throws -> [[String: Any]] {
    try command.lines.map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }.filter { $0["type"] as? String == type }
  }

  /// Names and contents of everything on the stick.
  func stickContents() throws -> [String: Data] {
    var contents: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: stick) {
      contents[name] = FileManager.default.contents(atPath: stick + "/" + name)
    }
    return contents
  }
}
