internal import ArgumentParser
internal import MartletFileSystem
internal import MartletNode
internal import SystemPackage

struct GetVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "get", "Writes the bytes of one item to standard output.",
    "On a terminal, what may steer it is shown as \\xNN; anywhere else the bytes are exact.",
    examples: "martlet get 3f2a9c1b > scan.dcm\nmartlet get 3f2a9c1b/17 --json")

  /// With --json a content is one line, so it has to fit into memory.
  private static let lineLimit: UInt64 = 16 << 20

  @Argument(
    help: ArgumentHelp("As put and log print it; its first digits do.", valueName: "id[/n]"))
  var address: NameArgument
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let node = try console.open(writing: false)
    var whole: [UInt8] = []
    var wasEscaped = false
    do {
      try node.get(address.text) { bytes throws(NodeError) in
        if console.options.isJSON {
          let count = UInt64(whole.count) + UInt64(bytes.count)
          guard count <= Self.lineLimit else {
            throw .tooLarge(byteCount: count, limit: Self.lineLimit)
          }
          whole += bytes
        } else if console.output.isTerminal {
          console.clearProgress()
          wasEscaped = Self.show(bytes, on: console) || wasEscaped
        } else {
          console.output.write(bytes)
        }
        if let errno = console.output.failure {
          throw .file(FileSystemError(action: "write", path: "standard output", errno: errno))
        }
      }
    } catch {
      throw console.failure(error)
    }
    if console.options.isJSON {
      console.output.line(
        JSON.object([
          ("type", "item"), ("id", .string(address.text)), ("bytes", .count(whole.count)),
          JSON.member("body", whole, otherwise: "base64"),
        ]).text)
    }
    if wasEscaped {
      console.note(
        "not all of it is text; `martlet get \(Escape.text(address.text)) > FILE` "
          + "writes the bytes as they are")
    }
    return .done
  }

  /// Whether anything but text was in it. Lines stay lines.
  private static func show(_ bytes: [UInt8], on console: Console) -> Bool {
    var isFirst = true
    var wasEscaped = false
    for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
      if !isFirst { console.output.write("\n") }
      isFirst = false
      let shown = Escape.text(line)
      wasEscaped = wasEscaped || !shown.utf8.elementsEqual(line)
      console.output.write(shown)
    }
    console.output.flush()
    return wasEscaped
  }
}
