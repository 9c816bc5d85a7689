internal import ArgumentParser
internal import MartletNode

struct RequestVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "request", "Asks for what peers have for this device and had no room for.",
    """
    Without a group it lists what is offered. The request leaves with the next bundle for whoever \
    offers it, and with each one after that until it is here; what was asked for goes first. With \
    ids, as `log` shows them, it asks for the contents of these messages only.
    """,
    examples: """
      martlet request
      martlet request village --from clinic --under 10M
      martlet request village 7f3a9c
      """)

  @Argument(help: ArgumentHelp("Of which.", valueName: "group|peer")) var group: NameArgument?
  @Argument(help: ArgumentHelp("Messages whose contents are wanted.", valueName: "id"))
  var messages: [NameArgument] = []
  @Option(name: .customLong("from"), help: ArgumentHelp("Of this one only.", valueName: "peer"))
  var peer: NameArgument?
  @Option(
    name: .customLong("under"),
    help: ArgumentHelp("Only objects of so many bytes at most.", valueName: "size"))
  var limit: SizeArgument?
  @Flag(name: .customLong("dry-run"), help: "Only say what would be asked for.")
  var isDryRun = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    guard let group else { return try list(on: console) }
    let node = try console.open(writing: !isDryRun)
    var selection = RequestSelection()
    selection.peer = peer?.text
    selection.byteLimit = limit?.byteCount
    selection.messages = messages.map(\.text)
    let reports = try console.attempt { () throws(NodeError) in
      try node.request(group.text, selection, isDryRun: isDryRun)
    }
    for report in reports {
      console.print(
        JSON(report, type: "request"),
        "\(Escape.text(report.group)): \(isDryRun ? "would ask" : "asked") "
          + "\(Escape.text(report.peer)) for \(Self.words(of: report))")
    }
    if reports.isEmpty {
      console.note("nothing is offered of it that was not asked for; `martlet request` lists it")
    }
    return .done
  }

  private func list(on console: Console) throws(Failure) -> ExitStatus {
    let node = try console.open(writing: false)
    let reports = try console.attempt { () throws(NodeError) in try node.offers() }
    for report in reports {
      console.answer(
        JSON(report, type: "offer"),
        "\(Escape.text(report.group)): \(Escape.text(report.peer)) has \(Self.words(of: report))"
          + (report.requested > 0 ? ", \(report.requested) of them asked for" : ""))
    }
    if reports.isEmpty { console.note("nothing is offered") }
    return .done
  }

  private static func words(of report: OfferReport) -> String {
    var parts: [String] = []
    if report.messages > 0 { parts.append(Words.count(report.messages, "message")) }
    if report.blobs > 0 { parts.append(Words.count(report.blobs, "blob")) }
    return parts.joined(separator: " and ") + ", " + Words.bytes(report.byteCount)
  }
}

extension JSON {
  init(_ report: OfferReport, type: String) {
    self = .object([
      ("type", .string(type)), ("peer", .string(report.peer)), ("group", .string(report.group)),
      ("messages", .number(report.messages)), ("blobs", .number(report.blobs)),
      ("bytes", .number(report.byteCount)), ("requested", .number(report.requested)),
    ])
  }
}
