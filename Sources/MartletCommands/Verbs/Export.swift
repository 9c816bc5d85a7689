internal import ArgumentParser
internal import MartletFileSystem
internal import MartletNode
internal import SystemPackage

extension JSON {
  init(_ report: ExportReport) {
    self = .object([
      ("type", "export"), ("peers", .array(report.peers.map { .string($0) })),
      report.path.map { JSON.member("path", $0) } ?? ("path", .null),
      ("messages", .number(report.messages)), ("blobs", .number(report.blobs)),
      ("objects", .number(report.messages &+ report.blobs)), ("bytes", .number(report.byteCount)),
      ("receipt_only", .bool(report.isReceiptOnly)),
      ("withheld", JSON(report.withheld)), ("left_out", .array(report.leftOut.map { .string($0) })),
    ])
  }
}

extension Words {
  static func line(_ report: ExportReport, would: Bool = false) -> String {
    let path = report.path.map { Escape.text($0) + ": " } ?? ""
    let what =
      report.isReceiptOnly
      ? "an acknowledgement"
      : "\(count(report.messages, "message")), \(count(report.blobs, "blob"))"
    return path + (would ? "would export " : "exported ")
      + "\(what) for \(list(report.peers)), \(bytes(report.byteCount))"
      + (report.withheld.messages + report.withheld.blobs == 0
        ? ""
        : "; offered, to follow: \(count(report.withheld.messages, "message")), "
          + "\(count(report.withheld.blobs, "blob")), \(bytes(report.withheld.bytes))")
  }
}

struct ExportVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "export", "Writes what peers lack into one bundle.",
    """
    Into a directory the bundle goes under a name that tells nothing; otherwise into the file \
    named, or with - to standard output. If nothing is lacking, nothing is written. For several \
    peers, what any of them lacks of the groups that all of them share is written once; what one \
    lacks of other groups follows in a bundle of its own, into a directory.
    """,
    examples: """
      martlet export --to clinic /media/stick
      martlet export --to clinic --to ship --to archive /media/stick
      martlet export --to clinic - | ssh clinic martlet import -
      martlet export --to clinic --full for-clinic.martlet
      martlet export --to clinic --max-size email for-clinic.martlet
      """)

  @Option(
    name: .customLong("to"), help: ArgumentHelp("For whom; may be repeated.", valueName: "peer"))
  var peers: [NameArgument]
  @Argument(help: ArgumentHelp("A directory, a file, or -.", valueName: "dest"))
  var destination: PathArgument
  @Flag(name: .customLong("full"), help: "Everything, whatever was sent or acknowledged.")
  var isFull = false
  @Option(name: .customLong("max-size"), help: SizeArgument.help) var size: SizeArgument?
  @Flag(name: .customLong("dry-run"), help: "Only say what would be written.")
  var isDryRun = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func validate() throws {
    if peers.isEmpty { throw ValidationError("--to is missing") }
  }

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    try ExportOperation(
      options: options, peers: peers.map(\.text), destination: destination, isFull: isFull,
      isDryRun: isDryRun, byteLimit: size?.byteCount
    ).execute(on: console)
  }
}

struct ExportOperation: Operation {
  let options: CommonOptions.Values
  let peers: [String]
  let destination: PathArgument
  let isFull: Bool
  let isDryRun: Bool
  let byteLimit: UInt64?

  init(
    options: CommonOptions.Values, peers: [String], destination: PathArgument, isFull: Bool,
    isDryRun: Bool, byteLimit: UInt64? = nil
  ) {
    self.options = options
    self.peers = peers
    self.destination = destination
    self.isFull = isFull
    self.isDryRun = isDryRun
    self.byteLimit = byteLimit
  }

  /// Nil if it takes the parser to read them.
  init?(_ arguments: some Collection<String>) {
    guard
      let plain = PlainArguments(
        Array(arguments), flags: ["--full", "--dry-run"], option: "--to"),
      let word = plain.words.first, plain.words.count == 1, !plain.values.isEmpty,
      let destination = PathArgument(argument: word)
    else { return nil }
    let peers = plain.values.compactMap { NameArgument(argument: $0)?.text }
    guard peers.count == plain.values.count else { return nil }
    self.init(
      options: plain.common, peers: peers, destination: destination,
      isFull: plain.flags.contains("--full"), isDryRun: plain.flags.contains("--dry-run"))
  }

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    if destination.isStandard, console.output.isTerminal, !isDryRun {
      throw Failure(
        .usage, "a bundle is not for a terminal", hint: "name a file or a directory, or pipe it on")
    }
    let node = try console.open(writing: !isDryRun)
    var exported = Node.ExportOptions()
    exported.isFull = isFull
    exported.isDryRun = isDryRun
    exported.byteLimit = byteLimit
    let place = try place(on: console)
    let reports = try console.attempt { () throws(NodeError) in
      try node.export(to: peers, place, exported)
    }
    console.clearProgress()
    show(reports, on: console)
    return .done
  }

  private func show(_ reports: [ExportReport], on console: Console) {
    let told = Set(reports.flatMap { $0.peers + $0.leftOut })
    for peer in peers where !told.contains(peer) {
      console.note("nothing lacking for \(Escape.text(peer)); nothing was written")
    }
    for report in reports {
      if report.peers.isEmpty {
      } else if destination.isStandard {
        // Standard output is the bundle's.
        console.note(Words.line(report, would: isDryRun))
        if console.options.isJSON { console.words.line(JSON(report).text) }
      } else {
        console.print(JSON(report), Words.line(report, would: isDryRun))
      }
      if !report.leftOut.isEmpty {
        let names = Words.list(report.leftOut)
        console.note(
          isDryRun
            ? "\(names) would get another bundle, of groups that not all of them share"
            : "\(names) lack more, of groups that not all of them share: export to each alone")
      }
    }
  }

  private func place(on console: Console) throws(Failure) -> Node.Destination {
    if destination.isStandard { return .descriptor(FileDescriptor.standardOutput.rawValue) }
    let path = destination.path
    let disk = LocalFileSystem()
    do {
      if try disk.isDirectory(path) { return .directory(path) }
      guard destination.endsWithSlash else { return .file(path) }
      if !isDryRun { try disk.makeDirectory(path, permissions: 0o755) }
      return .directory(path)
    } catch {
      throw Failure(error)
    }
  }
}
