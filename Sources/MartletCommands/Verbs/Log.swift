internal import ArgumentParser
internal import MartletChat
internal import MartletFolders
internal import MartletNode
internal import MartletSeal

struct LogVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "log", "Shows the messages of a group, in the order in which they were delivered here.",
    """
    Position, time by the author's clock, author, id and body of each; the items of a batch have a \
    line each. With --delivered, who else has delivered it, as far as bundles have told, directly or \
    through others. What may steer a terminal is shown as \\xNN; --json has the exact text, and base64 \
    for what is none.
    """,
    examples:
      "martlet log clinic\nmartlet log village --from 1000 --json\nmartlet log village --delivered")

  /// Longer items are named with their length only; `get` has them.
  private static let shownByteLimit = 64 << 10

  @Argument(help: ArgumentHelp("Whose.", valueName: "group|peer")) var group: NameArgument
  @Option(
    name: .customLong("from"),
    help: ArgumentHelp("The position to start at.", valueName: "position"))
  var start: UInt64 = 0
  @Flag(name: .customLong("delivered"), help: "Also show to whom each was delivered.")
  var showsDelivered = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let node = try console.open(writing: false)
    do {
      try node.log(group.text, from: start) { message throws(NodeError) in
        if console.output.failure != nil { throw .interrupted }
        try Self.show(message, of: node, in: group.text, on: console)
        guard showsDelivered else { return }
        let names = try node.delivered(message.id, in: group.text)
        console.answer(
          .object([
            ("type", "delivered"), ("id", .string(message.id.hex)),
            ("position", .number(message.position)), ("to", .array(names.map { .string($0) })),
          ]),
          "\(message.position)  delivered to \(Words.list(names))")
      }
    } catch {
      if console.output.failure != nil { return .done }
      throw console.failure(error)
    }
    return .done
  }

  private static func show(
    _ message: MessageReport, of node: Node, in group: String, on console: Console
  ) throws(NodeError) {
    switch message.body {
    case .client(let body):
      if let chat = ChatText(message) {
        show(
          message, message.id.hex, on: console,
          [("reply_to", .optional(chat.replyTo?.hex)), ("body", .string(chat.text))],
          Escape.text(chat.text))
        return
      }
      show(
        message, message.id.hex, on: console, [JSON.member("body", body, otherwise: "base64")],
        words(of: message, body))
    case .grant(let groupName, let members):
      show(
        message, message.id.hex, on: console,
        [
          ("grant", .string(groupName)), ("members", .array(members.map { .string($0) })),
        ], "group \(Escape.text(groupName)) of \(Words.list(members))")
    case .file(let byteCount, let name, let missingBlobs):
      show(
        message, message.id.hex, on: console,
        [
          JSON.member("name", name), ("bytes", .number(byteCount)),
          ("missing_blobs", .count(missingBlobs)),
        ],
        file(name, byteCount)
          + (missingBlobs > 0 ? ", \(Words.count(missingBlobs, "blob")) missing" : ""))
    case .items(let byteCounts, let name):
      let items = try node.items(of: message.id, in: group) ?? []
      for (index, byteCount) in byteCounts.enumerated() {
        let address = byteCounts.count == 1 ? message.id.hex : "\(message.id.hex)/\(index)"
        let body = byteCount <= shownByteLimit && index < items.count ? items[index] : nil
        var members: [(String, JSON)] = [("bytes", .count(byteCount))]
        if !name.isEmpty { members.append(JSON.member("name", name)) }
        if let body { members.append(JSON.member("body", body, otherwise: "base64")) }
        show(
          message, address, on: console, members,
          words(of: body, name, UInt64(max(0, byteCount))))
      }
    }
  }

  private static func words(of message: MessageReport, _ body: [UInt8]) -> String {
    guard message.client == FolderChange.client, let change = try? FolderChange(decoding: body)
    else { return Escape.text(body) }
    var parts = ["folder: \(Words.count(change.entries.count, "change"))"]
    let given = change.given
    if !given.isEmpty {
      let byteCount = given.reduce(0) { $0 &+ $1.byteCount }
      parts.append("\(Words.count(given.count, "content")), \(Words.bytes(byteCount))")
    }
    if !change.wanted.isEmpty {
      parts.append("\(Words.count(change.wanted.count, "content")) requested")
    }
    return parts.joined(separator: "; ")
  }

  /// A file by its name, as a long one is; a note by what it says.
  private static func words(of body: [UInt8]?, _ name: [UInt8], _ byteCount: UInt64) -> String {
    if !name.isEmpty { return file(name, byteCount) }
    return body.map { Escape.text($0) } ?? Words.bytes(byteCount)
  }

  private static func file(_ name: [UInt8], _ byteCount: UInt64) -> String {
    "file \(Escape.text(name)), \(Words.bytes(byteCount))"
  }

  private static func show(
    _ message: MessageReport, _ address: String, on console: Console,
    _ members: @autoclosure () -> [(String, JSON)], _ body: @autoclosure () -> String
  ) {
    console.answer(
      .object(
        [
          ("type", "message"), ("id", .string(address)), ("position", .number(message.position)),
          ("created", .string(Timestamp(milliseconds: message.created).description)),
          ("author", .optional(message.author)), ("author_id", .string(message.authorID.hex)),
          ("own", .bool(message.isOwn)), ("client", .string(message.client)),
          ("parents", .array(message.parents.map { .string($0.hex) })),
        ] + members()),
      "\(message.position)  \(Timestamp(milliseconds: message.created))  "
        + "\(message.author.map { Escape.text($0) } ?? String(message.authorID.hex.prefix(16)))  "
        + "\(address)  \(body())")
  }

  /// Why a message waits.
  static func words(_ reason: UndeliveredMessage.Reason) -> (String, parents: [ObjectID]) {
    switch reason {
    case .parentsMissing(let parents): ("parents missing", parents)
    case .keyMissing: ("no key yet", [])
    case .notProven: ("author not proven yet", [])
    case .notAccepted: ("group not accepted", [])
    case .rejected: ("not understood", [])
    }
  }
}
