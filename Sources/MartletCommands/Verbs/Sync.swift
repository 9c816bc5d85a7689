internal import ArgumentParser
internal import MartletFileSystem
internal import MartletFolders
internal import MartletNode
internal import SystemPackage

struct SyncVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "sync", "Exchanges bundles through a directory, such as a stick: what cron runs.",
    """
    Looks for what changed in folders, imports every bundle there that is for this device, \
    delivers what it brings, writes what each peer lacks and the acknowledgements, removes those \
    of our own bundles that are done with, and makes folders show what has come. Nothing that \
    somebody else wrote on the medium is touched. Says when it can be taken out.
    """,
    examples: """
      martlet sync /media/stick
      martlet sync /media/stick --to clinic --quiet
      martlet sync /media/stick --dry-run
      """)

  @Argument(help: ArgumentHelp("The directory.", valueName: "dir")) var directory: PathArgument
  @Option(
    name: .customLong("to"),
    help: ArgumentHelp("Export only for this one; may be repeated.", valueName: "peer"))
  var peers: [NameArgument] = []
  @Option(name: .customLong("max-size"), help: SizeArgument.help) var size: SizeArgument?
  @Flag(name: .customLong("dry-run"), help: "Only say what would be done.")
  var isDryRun = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let began = console.uptime()
    let path = directory.path
    let node = try console.open(writing: !isDryRun)
    let round = FolderRound(Folders(node), on: console)
    try round.scan(isDryRun: isDryRun)
    let before = try console.attempt { () throws(NodeError) in try Deliveries(node) }
    var verdicts: [ImportVerdict] = []
    var failure: Failure?
    let report: SyncReport
    do throws(NodeError) {
      report = try node.sync(
        path, with: peers.isEmpty ? nil : peers.map(\.text), isDryRun: isDryRun,
        byteLimit: size?.byteCount,
        onReport: { imported in
          let verdict = ImportVerdict(isNamed: false, report: imported)
          verdict.show(on: console)
          verdicts.append(verdict)
        },
        // What a folder has to say of what came goes along.
        beforeExport: {
          do throws(Failure) { try round.apply() } catch { failure = error }
        })
    } catch .file(let error) where error.category == .gone && error.path.starts(with: path) {
      throw Failure(.gone(path))
    } catch {
      throw console.failure(error)
    }
    console.clearProgress()
    let preview: (bundles: [InspectReport], statuses: [ExitStatus]) =
      isDryRun ? try ImportVerb.preview(path, node, on: console) : ([], [])
    let texts = try before.showNew(node, on: console)
    for export in report.exports {
      console.print(JSON(export), Words.line(export, would: isDryRun))
    }
    for removed in report.removed {
      console.print(
        .object([("type", "removal"), JSON.member("path", removed)]),
        "\(Escape.text(removed)): \(isDryRun ? "would be removed" : "removed"), done with")
    }
    if report.isReadOnly {
      console.note("\(Escape.text(path)) is read-only: nothing was written or removed")
    }
    if let failure { throw failure }
    summarize(
      report, preview.bundles, texts: texts, milliseconds: console.uptime() &- began, on: console)
    return round.status(
      with: ImportVerdict.together(
        (preview.statuses + verdicts.map(\.status)).filter { $0 != .done }.map { _ in .partial }))
  }

  /// - Parameter preview: What would be imported, on a dry run.
  private func summarize(
    _ report: SyncReport, _ preview: [InspectReport], texts: UInt64, milliseconds: UInt64,
    on console: Console
  ) {
    let imported = report.imports.filter {
      switch $0.outcome {
      case .imported, .salvaged: true
      default: false
      }
    }
    func sum(_ numbers: [UInt64]) -> UInt64 { numbers.reduce(0, &+) }
    let countIn = imported.count + preview.count
    let objectsIn =
      sum(imported.map { $0.messages &+ $0.blobs })
      &+ sum(preview.map { ($0.messages ?? 0) &+ ($0.blobs ?? 0) })
    let bytesIn = sum(imported.map(\.byteCount)) &+ sum(preview.map(\.byteCount))
    let pending = sum(imported.map(\.pending))
    let objectsOut = sum(report.exports.map { $0.messages &+ $0.blobs })
    let bytesOut = sum(report.exports.map(\.byteCount))
    console.print(
      .object([
        ("type", "sync"), JSON.member("path", directory.path), ("dry_run", .bool(isDryRun)),
        ("imported", .count(countIn)), ("objects_in", .number(objectsIn)),
        ("bytes_in", .number(bytesIn)), ("pending", .number(pending)), ("texts", .number(texts)),
        ("exported", .count(report.exports.count)), ("objects_out", .number(objectsOut)),
        ("bytes_out", .number(bytesOut)), ("removed", .count(report.removed.count)),
        ("read_only", .bool(report.isReadOnly)), ("safe_to_remove", .bool(!isDryRun)),
        ("seconds", .thousandths(milliseconds)),
      ]),
      {
        let place = Escape.text(directory.path)
        if countIn == 0, report.exports.isEmpty, report.removed.isEmpty {
          let refused = report.imports.count {
            if case .refused = $0.outcome { true } else { false }
          }
          let what = refused == 0 ? "nothing to do" : "nothing taken, \(refused) not readable"
          return "\(place): \(what)" + (isDryRun ? "" : "; safe to remove")
        }
        return "\(place): \(countIn) in (\(Words.count(objectsIn, "object")), "
          + "\(Words.bytes(bytesIn))), \(report.exports.count) out "
          + "(\(Words.count(objectsOut, "object")), \(Words.bytes(bytesOut))), "
          + "\(report.removed.count) removed, \(Words.seconds(milliseconds: milliseconds))"
          + (isDryRun ? "" : "; safe to remove")
      }())
  }
}
