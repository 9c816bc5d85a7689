internal import ArgumentParser
internal import MartletFileSystem
internal import MartletFolders
internal import MartletNode
internal import MartletSeal
internal import SystemPackage

struct FolderAddVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "add", "Makes a directory a folder that is kept in sync with peers.",
    """
    What is in it is told at once, and leaves with the next bundle. The others keep it in a \
    directory of their own once they accepted it: `martlet folder accept NAME DIR`. With --offer \
    they are told what there is, and get the contents that they request.
    """,
    examples: """
      martlet folder add ~/scans --with clinic
      martlet folder add /srv/films --name films --with clinic school --offer
      """)

  @Argument(help: ArgumentHelp("The directory.", valueName: "dir")) var directory: PathArgument
  @Option(
    name: .customLong("name"),
    help: ArgumentHelp("What to call it (default: the directory's name).", valueName: "name"))
  var name: NameArgument?
  @Option(
    name: .customLong("with"), parsing: .upToNextOption,
    help: ArgumentHelp("Its members besides this device; may be repeated.", valueName: "peer"))
  var peers: [NameArgument]
  @Flag(name: .customLong("offer"), help: "Send contents on request only.")
  var offers = false
  @Flag(name: .customLong("dry-run"), help: "Only check the directory and the peers.")
  var isDryRun = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let names = peers.map(\.text)
    let node = try console.open(writing: !isDryRun)
    if isDryRun {
      try look(names, node, console)
      return .done
    }
    let folders = Folders(node)
    let report = try console.attempt { () throws(FolderError) in
      try folders.add(directory.path, name: name?.text, with: names, offers: offers)
    }
    let round = FolderRound(folders, isAsked: true, on: console)
    round.show(report, always: true)
    console.note(
      "\(Words.list(names)) can keep it: `martlet folder accept \(Escape.text(report.folder)) DIR`")
    return round.status
  }

  private func look(
    _ names: [String], _ node: Node, _ console: Console
  ) throws(Failure) {
    let known = try console.attempt { () throws(NodeError) in try node.peers() }
    for name in names where !known.contains(where: { $0.name == name }) {
      throw Failure(.unknownPeer(name))
    }
    let isDirectory: Bool
    do { isDirectory = try LocalFileSystem().isDirectory(directory.path) } catch {
      throw Failure(error)
    }
    guard isDirectory else { throw Failure(FolderError.noDirectory(directory.path)) }
    console.plan(
      "keep \(Escape.text(directory.bytes)) as a folder"
        + (name.map { " \(Escape.text($0.text))" } ?? "") + " with \(Words.list(names))")
  }
}

struct FolderAcceptVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "accept", "Keeps a folder that a peer shares, in a directory of this device.",
    """
    The directory is made if it is not there. What is in it already stays, and is told to the \
    others; then what has come is written. Exits with 2 if something is still to come.
    """,
    examples: "martlet folder accept scans ~/scans")

  @Argument(help: ArgumentHelp("Its name, or the first digits of its id.", valueName: "folder"))
  var name: NameArgument
  @Argument(help: ArgumentHelp("The directory.", valueName: "dir")) var directory: PathArgument
  @Flag(name: .customLong("dry-run"), help: "Only say which folder it is.")
  var isDryRun = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let node = try console.open(writing: !isDryRun)
    let folders = Folders(node)
    if isDryRun {
      let folder = try folders.named(name.text, on: console)
      if folder.standing == .kept, let root = folder.root {
        throw Failure(FolderError.keptElsewhere(folder.name, root))
      }
      console.plan(
        "keep \(Escape.text(folder.name)) of \(Words.list(folder.members)) "
          + "in \(Escape.text(directory.bytes))")
      return .done
    }
    let (scan, apply) = try console.attempt { () throws(FolderError) in
      try folders.accept(name.text, in: directory.path)
    }
    let round = FolderRound(folders, isAsked: true, on: console)
    round.show(scan)
    round.show(apply, always: true)
    return round.status
  }
}

struct FolderScanVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "scan", "Looks for what changed in folders, tells it, and writes what has come.",
    """
    What `martlet sync` does first and last, without a medium. If a folder's directory is gone, \
    or most of its files are, nothing is told: a disk that is not mounted deletes nothing.
    """,
    examples: """
      martlet folder scan
      martlet folder scan scans --dry-run
      martlet folder scan scans --confirm-deletes
      """)

  @Argument(
    help: ArgumentHelp("One folder (default: all that are kept here).", valueName: "folder"))
  var name: NameArgument?
  @Flag(
    name: .customLong("confirm-deletes"),
    help: "Most of its files are meant to be gone: delete them everywhere.")
  var confirmsDeletions = false
  @Flag(name: .customLong("dry-run"), help: "Only say what would be told.")
  var isDryRun = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let node = try console.open(writing: !isDryRun)
    let round = FolderRound(Folders(node), isAsked: true, on: console)
    try round.scan(name?.text, confirmsDeletions: confirmsDeletions, isDryRun: isDryRun)
    if !isDryRun { try round.apply(name?.text) }
    return round.status
  }
}

struct FolderListVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "list", "Lists the folders: those kept here, and those that peers share.",
    examples: "martlet folder list\nmartlet folder list --json")

  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let folders = Folders(try console.open(writing: false))
    let reports = try console.attempt { () throws(FolderError) in try folders.list() }
    if console.options.isJSON {
      for report in reports { console.output.line(JSON(report).text) }
      return .done
    }
    for line in Words.table(reports.map { Words.row($0) }) { console.output.line(line) }
    if reports.isEmpty {
      console.note("no folders yet; `martlet folder add DIR --with PEER` adds one")
    }
    return .done
  }
}

struct FolderRemoveVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "remove", "Stops keeping a folder here.",
    "Its files stay here, and with the others; what changes from now on is not told any more.",
    examples: "martlet folder remove scans")

  @Argument(help: ArgumentHelp("Its name, or the first digits of its id.", valueName: "folder"))
  var name: NameArgument
  @Flag(name: .customLong("dry-run"), help: "Only say which folder it is.")
  var isDryRun = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let folders = Folders(try console.open(writing: !isDryRun))
    if isDryRun {
      let folder = try folders.named(name.text, on: console)
      console.plan("keep \(Escape.text(folder.name)) no more; its files would stay")
      return .done
    }
    try console.attempt { () throws(FolderError) in try folders.remove(name.text) }
    console.print(
      .object([("type", "folder_removed"), ("name", .string(name.text))]),
      "\(Escape.text(name.text)) is not kept here any more; its files stay")
    return .done
  }
}

extension Folders {
  /// The folder that a person means, for a dry run.
  fileprivate func named(
    _ name: String, on console: Console
  ) throws(Failure) -> FolderReport {
    let all = try console.attempt { () throws(FolderError) in try list() }
    let matching = all.filter { $0.name == name }
    let found =
      matching.isEmpty && name.utf8.count >= 6 ? all.filter { $0.id.hex.hasPrefix(name) } : matching
    guard let folder = found.first else { throw Failure(FolderError.unknownFolder(name)) }
    guard found.count == 1 else { throw Failure(FolderError.ambiguousFolder(name)) }
    return folder
  }
}
