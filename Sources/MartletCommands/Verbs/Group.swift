internal import ArgumentParser
internal import MartletFolders
internal import MartletNode
internal import MartletSeal

extension JSON {
  init(_ group: GroupReport) {
    self = .object([
      ("type", "group"), ("id", .string(group.id.hex)), ("name", .string(group.name)),
      ("kind", .string(group.kind.rawValue)), ("accepted", .bool(group.isAccepted)),
      ("members", .array(group.members.map { .string($0) })),
      ("messages", .number(group.messageCount)), ("blobs", .number(group.blobCount)),
      ("bytes", .number(group.byteCount)), ("pending", .count(group.pendingCount)),
    ])
  }
}

extension Words {
  static func row(_ group: GroupReport) -> [String] {
    [
      Escape.text(group.name), group.kind.rawValue, String(group.id.hex.prefix(16)),
      group.isAccepted ? "accepted" : "not accepted", count(group.messageCount, "message"),
      count(group.blobCount, "blob"), bytes(group.byteCount),
      group.pendingCount > 0 ? "\(group.pendingCount) pending" : "",
    ]
  }
}

struct GroupCreateVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "create", "Makes a group with some peers.",
    "They see what is put into it once they accepted it.",
    examples: "martlet group create village --with clinic school")

  @Argument(help: "What to call it.") var name: NameArgument
  @Option(
    name: .customLong("with"), parsing: .upToNextOption,
    help: ArgumentHelp("Its members besides this device.", valueName: "peer"))
  var peers: [NameArgument]
  @Flag(name: .customLong("dry-run"), help: "Only check it.")
  var isDryRun = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let names = peers.map(\.text)
    let node = try console.open(writing: !isDryRun)
    if isDryRun {
      let known = try console.attempt { () throws(NodeError) in try node.peers() }
      for name in names where !known.contains(where: { $0.name == name }) {
        throw Failure(.unknownPeer(name))
      }
      console.plan("make the group \(Escape.text(name.text)) with \(Words.list(names))")
      return .done
    }
    let group = try console.attempt { () throws(NodeError) in
      try node.createGroup(name.text, with: names)
    }
    console.print(
      JSON(group),
      "made the group \(Escape.text(group.name)) with \(Words.list(names)): \(group.id.hex)")
    return .done
  }
}

struct GroupAcceptVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "accept", "Takes part in a group that a peer made.",
    "Until then what comes is kept, and neither delivered nor passed on to its other members.",
    examples: "martlet group accept village")

  @Argument(help: "Its name, or the first digits of its id.") var name: NameArgument
  @Flag(name: .customLong("dry-run"), help: "Only say which group it is.")
  var isDryRun = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let node = try console.open(writing: !isDryRun)
    let folders = try console.attempt { () throws(FolderError) in try Folders(node).list() }
    let group = try console.attempt { () throws(NodeError) in
      isDryRun ? try node.group(name.text) : try node.acceptGroup(name.text)
    }
    if isDryRun {
      console.plan("accept \(Escape.text(group.name)), \(group.id.hex)")
    } else {
      console.print(
        JSON(group), "accepted \(Escape.text(group.name)) of \(Words.list(group.members))")
      if folders.contains(where: { $0.id == group.id && $0.standing == .waiting }) {
        let name = Escape.text(group.name)
        console.note("it is a folder: `martlet folder accept \(name) DIR` keeps it here")
      }
    }
    return .done
  }
}

struct GroupListVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "list", "Lists the groups.", examples: "martlet group list\nmartlet group list --json")

  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let node = try console.open(writing: false)
    let groups = try console.attempt { () throws(NodeError) in try node.groups() }
    if console.options.isJSON {
      for group in groups { console.output.line(JSON(group).text) }
    } else {
      for line in Words.table(groups.map { Words.row($0) }) { console.output.line(line) }
      if groups.isEmpty { console.note("no groups yet; each peer brings one of its name") }
    }
    return .done
  }
}

struct GroupShowVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "show", "Shows one group: members, and what it holds.", examples: "martlet group show village")

  @Argument(help: "Its name, a peer's name, or the first digits of its id.")
  var name: NameArgument
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let node = try console.open(writing: false)
    let group = try console.attempt { () throws(NodeError) in try node.group(name.text) }
    if console.options.isJSON {
      console.output.line(JSON(group).text)
      return .done
    }
    let rows = [
      ["name", Escape.text(group.name)], ["id", group.id.hex], ["kind", group.kind.rawValue],
      ["state", group.isAccepted ? "accepted" : "not accepted"],
      ["members", Words.list(group.members)],
      [
        "holds",
        "\(Words.count(group.messageCount, "message")), \(Words.count(group.blobCount, "blob")), "
          + Words.bytes(group.byteCount),
      ],
      ["pending", String(group.pendingCount)],
    ]
    for line in Words.table(rows) { console.output.line(line) }
    return .done
  }
}
