internal import ArgumentParser
internal import MartletFolders
internal import MartletNode
internal import SystemPackage

extension PeerStatus {
  /// Whether something has still to travel.
  var waits: Bool {
    lacks.messages > 0 || lacks.blobs > 0 || unacknowledged > 0 || isOwed
  }

  var json: JSON {
    .object([
      ("type", "peer"), ("name", .string(name)),
      ("lacks", JSON(lacks)), ("unacknowledged", .number(unacknowledged)),
      ("declined", .number(declined)), ("offered", .number(offered)), ("owed", .bool(isOwed)),
      ("last_heard", .time(seconds: lastHeard)),
    ])
  }
}

extension JSON {
  init(_ lacks: PeerStatus.Lacks) {
    self = .object([
      ("messages", .number(lacks.messages)), ("blobs", .number(lacks.blobs)),
      ("bytes", .number(lacks.bytes)),
    ])
  }
}

struct StatusVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "status",
    "Shows what each peer lacks and has not acknowledged, and what groups and folders hold.",
    """
    With --check it exits with 2 when something waits: to be sent, acknowledged or placed; a folder \
    to be accepted, its contents, or a conflict in it.
    """,
    examples: "martlet status\nmartlet status --json\nmartlet status --check --quiet")

  @Flag(name: .customLong("check"), help: "Exit with 2 when something waits.")
  var checks = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    try StatusOperation(options: options, checks: checks).execute(on: console)
  }
}

struct StatusOperation: Operation {
  let options: CommonOptions.Values
  let checks: Bool

  init(options: CommonOptions.Values, checks: Bool) {
    self.options = options
    self.checks = checks
  }

  /// Nil if it takes the parser to read them.
  init?(_ arguments: some Collection<String>) {
    guard let plain = PlainArguments(Array(arguments), flags: ["--check"]), plain.words.isEmpty
    else { return nil }
    self.init(options: plain.common, checks: plain.flags.contains("--check"))
  }

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let store = try console.storePath()
    let node = try console.open(writing: false)
    let report = try console.attempt { () throws(NodeError) in try node.status() }
    let folders = try console.attempt { () throws(FolderError) in try Folders(node).list() }
    if console.options.isJSON {
      console.output.line(
        JSON.object([
          ("type", "device"), ("name", .string(report.device)), JSON.member("store", store),
        ]).text)
      for peer in report.peers { console.output.line(peer.json.text) }
      for group in report.groups { console.output.line(JSON(group).text) }
      for folder in folders { console.output.line(JSON(folder).text) }
      for damage in report.damage {
        console.output.line(
          JSON.object([("type", "damage"), ("message", .string(damage))]).text)
      }
    } else if !console.options.isQuiet {
      Self.show(report, folders, store, on: console)
    }
    if !console.options.isJSON {
      for damage in report.damage {
        console.warn(Escape.text(damage), hint: "`martlet verify` names all damage")
      }
    }
    let waits =
      report.peers.contains(where: \.waits) || !report.damage.isEmpty
      || report.groups.contains { !$0.isAccepted || $0.pendingCount > 0 }
      || folders.contains(where: \.waits)
    return checks && waits ? .partial : .done
  }

  private static func show(
    _ report: StatusReport, _ folders: [FolderReport], _ store: FilePath, on console: Console
  ) {
    console.output.line("device \(Escape.text(report.device)) in \(Escape.text(store))")
    let peers = report.peers.map { peer in
      [
        "peer", Escape.text(peer.name),
        peer.lacks.messages == 0 && peer.lacks.blobs == 0
          ? "lacks nothing"
          : "lacks \(Words.count(peer.lacks.messages, "message")), "
            + "\(Words.count(peer.lacks.blobs, "blob")), \(Words.bytes(peer.lacks.bytes))"
            + (peer.declined == 0 ? "" : ", of which it declined \(peer.declined)"),
        peer.unacknowledged == 0 ? "all acknowledged" : "\(peer.unacknowledged) unacknowledged",
        (peer.lastHeard.map { "heard \(Timestamp(seconds: $0))" } ?? "never heard")
          + (peer.isOwed ? ", to be acknowledged" : "")
          + (peer.offered == 0 ? "" : ", offers \(Words.count(peer.offered, "object"))"),
      ]
    }
    for line in Words.table(peers) { console.output.line(line) }
    let groups = report.groups.map { ["group"] + Words.row($0) }
    for line in Words.table(groups) { console.output.line(line) }
    for line in Words.table(folders.map { ["folder"] + Words.row($0) }) {
      console.output.line(line)
    }
  }
}
