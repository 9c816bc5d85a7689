internal import ArgumentParser
internal import MartletFileSystem
internal import MartletNode
internal import SystemPackage

struct PutVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "put", "Puts files into a group, and prints their ids.",
    """
    Each file is a content of its own, of any size; --lines and --records cut instead what they \
    hold into many. One id a line, in the order of the files, each as soon as it is safe on disk. \
    `martlet get ID` gives the bytes back on any member's device.
    """,
    examples: """
      martlet put clinic scans/*
      martlet put clinic --lines --batch readings.csv
      tar c project | martlet put village -
      """)

  @Argument(help: ArgumentHelp("Where to: a group, or a peer for the group with it.")) var group:
    NameArgument
  @Argument(help: ArgumentHelp("Files, or - for standard input (default).", valueName: "file"))
  var files: [PathArgument] = []
  @Flag(name: .customLong("lines"), help: "Each line is an item of its own.")
  var isLines = false
  @Option(
    name: .customLong("records"),
    help: ArgumentHelp("Every so many bytes are an item of their own.", valueName: "bytes"))
  var recordByteCount: Int?
  @Flag(
    name: .customLong("batch"),
    help: "Put many small items into one message: one signature, better compression.")
  var isBatch = false
  @Flag(name: .customLong("dry-run"), help: "Only look at the files and the group.")
  var isDryRun = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func validate() throws {
    if isLines, recordByteCount != nil {
      throw ValidationError("--lines and --records exclude each other")
    }
    if let recordByteCount, recordByteCount < 1 {
      throw ValidationError("--records takes a number of bytes, 1 or more")
    }
    if files.count(where: { $0.isStandard }) > 1 {
      throw ValidationError("standard input can be put only once")
    }
  }

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let files = files.isEmpty ? [PathArgument(bytes: [0x2D])] : files
    if files.contains(where: { $0.isStandard }) { try console.refuseTerminalInput() }
    let node = try console.open(writing: !isDryRun)
    if isDryRun { return try look(at: files, node, console) }
    let cut: Node.PutCut =
      if let recordByteCount { .records(byteCount: recordByteCount) } else if isLines {
        .lines
      } else { .whole }
    try console.attempt { () throws(NodeError) in
      try node.put(
        files.map { $0.isStandard ? .descriptor(console.input.rawValue) : .file($0.path) },
        into: group.text, cut: cut, isBatch: isBatch
      ) { address, name, byteCount in
        console.clearProgress()
        console.answer(
          .object([
            ("type", "item"), ("id", .string(address)), JSON.member("name", name),
            ("bytes", .number(byteCount)),
          ]), address)
      }
    }
    return .done
  }

  private func look(
    at files: [PathArgument], _ node: Node, _ console: Console
  ) throws(Failure) -> ExitStatus {
    let report = try console.attempt { () throws(NodeError) in try node.group(group.text) }
    for file in files {
      if file.isStandard {
        console.plan("put standard input into \(Escape.text(report.name))")
        continue
      }
      let byteCount: UInt64
      do {
        byteCount = try LocalFileSystem().openFile(file.path, .read).information().byteCount
      } catch {
        throw Failure(error)
      }
      console.plan(
        "put \(Escape.text(file.bytes)), \(Words.bytes(byteCount)), "
          + "into \(Escape.text(report.name))")
    }
    return .done
  }
}
