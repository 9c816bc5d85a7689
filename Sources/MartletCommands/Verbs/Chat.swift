internal import ArgumentParser
internal import MartletChat
internal import MartletNode
internal import MartletSeal

struct ChatSendVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "send", "Writes a text to a peer or a group.",
    "It leaves with the next bundle. The id of the text is printed.",
    examples: """
      martlet chat send clinic "the scans are on the stick"
      martlet chat send village --reply-to 3f2a9c1b "so are ours"
      fortune | martlet chat send clinic -
      """)

  /// More is refused by the library; this is what is read before it is asked.
  private static let inputLimit = 1 << 20

  @Argument(help: ArgumentHelp("To whom.", valueName: "peer|group")) var group: NameArgument
  @Argument(help: ArgumentHelp("The text, or - for standard input.", valueName: "text|-"))
  var text: TextArgument
  @Option(
    name: .customLong("reply-to"),
    help: ArgumentHelp("The text that this answers; its first digits do.", valueName: "id"))
  var replyTo: NameArgument?
  @Flag(name: .customLong("dry-run"), help: "Only check it.")
  var isDryRun = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    var bytes = text.bytes
    if text.isStandard {
      bytes = try console.readInput(limit: Self.inputLimit)
      if bytes.last == 0x0A { bytes.removeLast() }
    }
    guard let text = String(validating: bytes, as: UTF8.self), !text.isEmpty else {
      throw Failure(.badText)
    }
    let node = try console.open(writing: !isDryRun)
    let replied = try console.attempt { () throws(NodeError) -> ObjectID? in
      guard let replyTo else { return nil }
      return try node.objectID(replyTo.text, in: group.text)
    }
    if isDryRun {
      let report = try console.attempt { () throws(NodeError) in
        try ChatText.check(text)
        return try node.group(group.text)
      }
      console.plan("send \(Words.bytes(UInt64(bytes.count))) to \(Escape.text(report.name))")
      return .done
    }
    let id = try console.attempt { () throws(NodeError) in
      try node.sendChat(text, to: group.text, replyTo: replied)
    }
    console.print(
      .object([("type", "text"), ("id", .string(id.hex)), ("group", .string(group.text))]), id.hex)
    return .done
  }
}

struct ChatLogVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "log", "Shows the texts of a peer or a group, in the order in which they came to be.",
    "What may steer a terminal is shown as \\xNN; --json has the exact text.",
    examples: "martlet chat log clinic\nmartlet chat log clinic --json | tail -n 5")

  @Argument(help: ArgumentHelp("With whom.", valueName: "peer|group")) var group: NameArgument
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let node = try console.open(writing: false)
    let report = try console.attempt { () throws(NodeError) in try node.group(group.text) }
    do {
      // What is not accepted is not delivered; it follows as such.
      if report.isAccepted {
        try node.log(group.text, from: 0) { message throws(NodeError) in
          if console.output.failure != nil { throw .interrupted }
          if let chat = ChatText(message) { Self.show(chat, message, on: console) }
        }
      }
    } catch {
      if console.output.failure != nil { return .done }
      throw console.failure(error)
    }
    let waiting = try console.attempt { () throws(NodeError) in
      try node.undelivered(group.text, client: ChatClient.type)
    }
    for message in waiting { Self.show(message, on: console) }
    return .done
  }

  private static func show(_ chat: ChatText, _ message: MessageReport, on console: Console) {
    console.answer(
      .object([
        ("type", "text"), ("id", .string(message.id.hex)), ("author", .optional(message.author)),
        ("author_id", .string(message.authorID.hex)), ("own", .bool(message.isOwn)),
        ("created", .string(Timestamp(milliseconds: message.created).description)),
        ("reply_to", .optional(chat.replyTo?.hex)), ("text", .string(chat.text)),
      ]),
      {
        let author = message.author.map { Escape.text($0) }
        let reply = chat.replyTo.map { " (to \($0.hex.prefix(8)))" } ?? ""
        return "\(Timestamp(milliseconds: message.created))  \(message.id.hex.prefix(8))  "
          + "\(author ?? String(message.authorID.hex.prefix(16)))\(reply): "
          + Escape.text(chat.text)
      }())
  }

  private static func show(_ message: UndeliveredMessage, on console: Console) {
    let (reason, parents) = LogVerb.words(message.reason)
    console.answer(
      .object([
        ("type", "undelivered"), ("id", .string(message.id.hex)), ("reason", .string(reason)),
        ("parents", .array(parents.map { .string($0.hex) })),
      ]),
      "waits  \(message.id.hex.prefix(8))  \(reason)"
        + (parents.isEmpty ? "" : ": ")
        + parents.map { String($0.hex.prefix(8)) }.joined(separator: ", "))
  }
}
