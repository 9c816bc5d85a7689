internal import ArgumentParser
internal import MartletFolders
internal import MartletNode
internal import MartletSeal
internal import SystemPackage

extension JSON {
  init(_ report: ImportReport) {
    var members: [(String, JSON)] = [
      ("type", "import"), report.path.map { JSON.member("path", $0) } ?? ("path", .null),
    ]
    switch report.outcome {
    case .imported: members.append(("outcome", "imported"))
    case .salvaged(let reason):
      members += [("outcome", "salvaged"), ("reason", .string(reason))]
    case .known: members.append(("outcome", "known"))
    case .empty: members.append(("outcome", "empty"))
    case .own: members.append(("outcome", "own"))
    case .notForUs: members.append(("outcome", "not_for_us"))
    case .stranger(let name, let keeping):
      members += [
        ("outcome", "stranger"), ("name", .string(name)), ("kept", .bool(keeping != .noRoom)),
      ]
    case .refused(let reason):
      members += [("outcome", "refused"), ("reason", .string(reason))]
    }
    members += [
      ("sender", .optional(report.sender)), ("messages", .number(report.messages)),
      ("blobs", .number(report.blobs)), ("objects", .number(report.messages &+ report.blobs)),
      ("bytes", .number(report.byteCount)), ("pending", .number(report.pending)),
    ]
    self = .object(members)
  }
}

/// What one bundle means for the command that read it: what is printed, and what is exited with.
struct ImportVerdict {
  /// The bundle was named on the command line, not found in a directory.
  let isNamed: Bool
  let report: ImportReport

  private var path: String { report.path.map { Escape.text($0) } ?? "standard input" }

  /// What the command ends with if there is only this bundle.
  var status: ExitStatus {
    switch report.outcome {
    case .imported, .known, .empty, .own: .done
    case .salvaged: .partial
    case .notForUs: isNamed ? .notForUs : .done
    case .stranger(_, let keeping): isNamed ? .notForUs : keeping == .noRoom ? .partial : .done
    case .refused: isNamed ? .damagedInput : .partial
    }
  }

  func show(on console: Console) {
    // In a directory, what is not for us is nobody's business here, and a stranger is named once.
    switch report.outcome {
    case .known, .own, .notForUs, .stranger(_, .keptBefore): guard isNamed else { return }
    default: break
    }
    if console.options.isJSON { console.output.line(JSON(report).text) }
    switch report.outcome {
    case .imported:
      let pending = report.pending > 0 ? ", \(report.pending) pending" : ""
      let what =
        report.messages == 0 && report.blobs == 0
        ? "nothing new"
        : "\(Words.count(report.messages, "message")), \(Words.count(report.blobs, "blob")), "
          + Words.bytes(report.byteCount)
      say("imported \(what) from \(sender)\(pending)", on: console)
    case .known: say("was imported before; nothing changed", on: console)
    case .empty: say("was empty; nothing changed", on: console)
    case .own: say("is our own; nothing changed", on: console)
    case .salvaged(let reason):
      complain(
        "\(path) is damaged: \(Escape.text(reason)); "
          + "\(Words.count(report.messages, "whole message")) and "
          + "\(Words.count(report.blobs, "blob")) from \(sender) were kept",
        hint: "the rest will come with a later bundle", on: console)
    case .notForUs: complain(Failure(.notForUs(report.path ?? "standard input")), on: console)
    case .stranger(let name, let keeping):
      let isKept = keeping != .noRoom
      complain(
        "\(path) comes from \(Escape.text(name)), a device that is no peer; "
          + (isKept ? "it is kept aside" : "there was no room to keep it aside"),
        hint: "if you know it: `martlet peer add NAME CARD`"
          + (isKept ? " imports what is kept" : ", then import this again"), on: console)
    case .refused(let reason):
      complain(
        "cannot import \(path): \(Escape.text(reason)); nothing was changed",
        hint: "get the file again from where it came", on: console)
    }
  }

  private var sender: String { report.sender.map { Escape.text($0) } ?? "a peer" }

  private func say(_ sentence: String, on console: Console) {
    guard !console.options.isJSON, !console.options.isQuiet else { return }
    console.clearProgress()
    console.output.line("\(path): \(sentence)")
  }

  private func complain(_ failure: Failure, on console: Console) {
    complain(failure.sentence, hint: failure.hint, on: console)
  }

  private func complain(_ sentence: String, hint: String?, on console: Console) {
    if status == .done || status == .partial {
      console.warn(sentence, hint: hint)
    } else {
      console.show(Failure(status, sentence, hint: hint, path: report.path))
    }
  }

  /// Of several: all done, or all the same, or partial.
  static func together(_ statuses: [ExitStatus]) -> ExitStatus {
    guard let first = statuses.first else { return .done }
    return statuses.allSatisfy { $0 == first } ? first : .partial
  }
}

struct ImportVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "import", "Takes in bundles, delivers what they bring, and makes folders show it.",
    """
    Of a directory, every bundle in it that is for this device and new; others are passed over. \
    A bundle may come twice, late or in any order. Once `imported` is printed, it is safe on disk.
    """,
    examples: """
      martlet import /media/stick
      martlet import k3v7q2m4x9abc.martlet
      ssh laptop martlet export --to clinic - | martlet import -
      """)

  @Argument(help: ArgumentHelp("Directories, bundles, or -.", valueName: "source"))
  var sources: [PathArgument]
  @Flag(name: .customLong("dry-run"), help: "Only say what the bundles are.")
  var isDryRun = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func validate() throws {
    if sources.count(where: { $0.isStandard }) > 1 {
      throw ValidationError("standard input can be imported only once")
    }
  }

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    if sources.contains(where: { $0.isStandard }) {
      try console.refuseTerminalInput()
      guard !isDryRun else {
        throw Failure(.usage, "--dry-run cannot look into standard input", hint: "name a file")
      }
    }
    let node = try console.open(writing: !isDryRun)
    let before = try console.attempt { () throws(NodeError) in try Deliveries(node) }
    // What an apply that was cut short left is known again only until something newer has come.
    let round = FolderRound(Folders(node), on: console)
    if !isDryRun { try round.scan(isDryRun: false) }
    var statuses: [ExitStatus] = []
    for source in sources {
      do {
        statuses +=
          isDryRun
          ? try Self.preview(source.path, node, on: console).statuses
          : try take(source, node, console)
      } catch {
        // What concerns this source alone does not keep the others from being read.
        guard sources.count > 1, error.path == source.path else { throw error }
        console.show(error)
        statuses.append(error.status)
      }
    }
    if !isDryRun { try round.apply() }
    _ = try before.showNew(node, on: console)
    return round.status(with: ImportVerdict.together(statuses))
  }

  private func take(
    _ source: PathArgument, _ node: Node, _ console: Console
  ) throws(Failure) -> [ExitStatus] {
    var statuses: [ExitStatus] = []
    if source.isStandard {
      let report = try console.attempt { () throws(NodeError) in
        try node.importBundle(from: console.input.rawValue)
      }
      let verdict = ImportVerdict(isNamed: true, report: report)
      verdict.show(on: console)
      return [verdict.status]
    }
    try console.attempt { () throws(NodeError) in
      try node.importBundles([source.path]) { report in
        let verdict = ImportVerdict(isNamed: report.path == source.path, report: report)
        verdict.show(on: console)
        statuses.append(verdict.status)
      }
    }
    return statuses
  }

  /// Says which bundles of a source would be imported, and returns them; changes nothing.
  static func preview(
    _ source: FilePath, _ node: Node, on console: Console
  ) throws(Failure) -> (bundles: [InspectReport], statuses: [ExitStatus]) {
    let (paths, peers) = try console.attempt { () throws(NodeError) in
      (try node.bundles(at: source), Set(try node.peers().map(\.card.deviceID)))
    }
    var bundles: [InspectReport] = []
    var statuses: [ExitStatus] = []
    for path in paths {
      let report: InspectReport
      do throws(NodeError) { report = try node.inspect(path) } catch {
        // In a directory, one that cannot be read does not keep the others from being named.
        guard path != source, case .badBundle = error else { throw console.failure(error) }
        console.warn(console.failure(error).sentence)
        statuses.append(.partial)
        continue
      }
      statuses.append(report.isForUs || path != source ? .done : .notForUs)
      guard report.isForUs, !report.isImported, let sender = report.sender else { continue }
      if peers.contains(sender.deviceID) {
        console.print(JSON(report, path), Words.line(report, path))
        bundles.append(report)
      } else {
        console.note(
          "\(Escape.text(path)) comes from \(Escape.text(sender.name)), a device that is no peer")
      }
    }
    return (bundles, statuses)
  }
}
