internal import ArgumentParser
internal import MartletFileSystem
internal import MartletFolders
internal import SystemPackage

struct FolderLogVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "log", "Shows the versions of a file in a folder, the newest first.",
    "When it was told, version, by whom, what it is, and whether it stands here.",
    examples: "martlet folder log ~/scans/today.dcm")

  @Argument(help: ArgumentHelp("The file, there or not.", valueName: "path"))
  var path: PathArgument
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let folders = Folders(try console.open(writing: false))
    let versions = try console.attempt { () throws(FolderError) in
      try folders.history(of: path.path)
    }
    if console.options.isJSON {
      for version in versions { console.output.line(JSON(version).text) }
    } else {
      for line in Words.table(versions.map { Words.row($0) }) { console.output.line(line) }
    }
    return .done
  }
}

struct FolderRestoreVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "restore", "Brings back an earlier version of a file, for all members.",
    "What stands there becomes a version first, so that it can be restored in turn.",
    examples: """
      martlet folder restore ~/scans/today.dcm
      martlet folder restore ~/scans/today.dcm --at 3f2a9c1b55aa
      """)

  @Argument(help: ArgumentHelp("The file, there or not.", valueName: "path"))
  var path: PathArgument
  @Option(
    name: .customLong("at"),
    help: ArgumentHelp(
      "Which; its first digits do (default: the last before the present one).",
      valueName: "version"))
  var version: NameArgument?
  @Flag(name: .customLong("dry-run"), help: "Only say which version it would be.")
  var isDryRun = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let folders = Folders(try console.open(writing: !isDryRun))
    if isDryRun {
      let version = try chosen(
        of: try console.attempt { () throws(FolderError) in try folders.history(of: path.path) })
      console.plan(
        "bring back version \(version.id.prefix(12)) of \(Escape.text(path.bytes)), "
          + Words.bytes(version.byteCount))
      return .done
    }
    let report = try console.attempt { () throws(FolderError) in
      try folders.restore(path.path, at: version?.text)
    }
    console.print(
      .object([
        ("type", "restore"), JSON.member("path", report.path),
        ("version", .string(report.version)), ("bytes", .number(report.byteCount)),
      ]),
      "\(Escape.text(report.path)): version \(report.version.prefix(12)) is back, "
        + Words.bytes(report.byteCount))
    return .done
  }

  private func chosen(of versions: [VersionReport]) throws(Failure) -> VersionReport {
    guard let digits = version?.text else {
      let last = versions.first { !$0.isCurrent && ($0.kind == .file || $0.kind == .link) }
      guard let last else { throw Failure(FolderError.unknownVersion(path.path, "")) }
      return last
    }
    let matching = versions.filter { $0.id.hasPrefix(digits) }
    guard let match = matching.first, matching.count == 1 else {
      throw Failure(FolderError.unknownVersion(path.path, digits))
    }
    return match
  }
}

struct FolderResolveVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "resolve", "Ends a conflict: what stands at the path is the version of all.",
    """
    First take what you need of the copies beside it. They go, here and with the others, and can \
    be restored.
    """,
    examples: "martlet folder resolve ~/scans/notes.txt")

  @Argument(help: ArgumentHelp("The file, not the copy beside it.", valueName: "path"))
  var path: PathArgument
  @Flag(name: .customLong("dry-run"), help: "Only say how many versions there are.")
  var isDryRun = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let folders = Folders(try console.open(writing: !isDryRun))
    if isDryRun {
      let versions = try console.attempt { () throws(FolderError) in
        try folders.history(of: path.path)
      }
      let others = max(0, versions.count { $0.isCurrent } - 1)
      console.plan("put aside \(Words.count(others, "version")) of \(Escape.text(path.bytes))")
      return .done
    }
    let count = try console.attempt { () throws(FolderError) in try folders.resolve(path.path) }
    console.print(
      .object([
        ("type", "resolve"), JSON.member("path", path.path), ("versions", .count(count)),
      ]),
      count == 0
        ? "\(Escape.text(path.bytes)): no conflict; nothing changed"
        : "\(Escape.text(path.bytes)): \(Words.count(count, "version")) put aside")
    return .done
  }
}

struct FolderRequestVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "request", "Asks for contents that others offer: of a file, or of all below a directory.",
    "The request leaves with the next bundle, and the contents come with one of theirs.",
    examples: "martlet folder request /srv/films/holiday.mkv\nmartlet folder request /srv/films")

  @Argument(help: ArgumentHelp("The file, not there yet, or a directory.", valueName: "path"))
  var path: PathArgument
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let folders = Folders(try console.open(writing: true))
    let (count, byteCount) = try console.attempt { () throws(FolderError) in
      try folders.request(path.path)
    }
    console.print(
      .object([
        ("type", "request"), JSON.member("path", path.path), ("files", .count(count)),
        ("bytes", .number(byteCount)),
      ]),
      count == 0
        ? "\(Escape.text(path.bytes)): nothing is missing"
        : "\(Escape.text(path.bytes)): asked for \(Words.count(count, "file")), "
          + Words.bytes(byteCount))
    return .done
  }
}
