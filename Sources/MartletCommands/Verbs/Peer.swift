internal import ArgumentParser
internal import MartletNode
internal import MartletSeal

extension JSON {
  init(_ peer: PeerReport) {
    self = .object([
      ("type", "peer"), ("name", .string(peer.name)), ("card_name", .string(peer.card.name)),
      ("device", .string(peer.card.deviceID.hex)), ("verified", .bool(peer.isVerified)),
      ("last_heard", .time(seconds: peer.lastHeard)),
    ])
  }
}

struct PeerAddVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "add", "Makes a device a peer, from its card.",
    "What that device had sent before, and was kept aside, is imported now.",
    examples: """
      martlet peer add clinic clinic.card
      martlet peer add clinic martlet-card-1:TUNE...
      ssh clinic martlet card | martlet peer add clinic -
      """)

  @Argument(help: "What to call the peer here.") var name: NameArgument
  @Argument(help: ArgumentHelp("A card, a file with one, or -.", valueName: "card|file|-"))
  var card: PathArgument
  @Flag(name: .customLong("dry-run"), help: "Only read the card, and say whose it is.")
  var isDryRun = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let text = try text(on: console)
    if isDryRun {
      let card: Card
      do { card = try Card(text: text) } catch { throw Failure(.card(error)) }
      _ = try console.open(writing: false)
      console.plan(
        "add \(Escape.text(name.text)): the card of \(Escape.text(card.name)), "
          + "device \(card.deviceID.hex.prefix(16))")
      return .done
    }
    let node = try console.open(writing: true)
    let peer = try console.attempt { () throws(NodeError) in
      try node.addPeer(name.text, card: text)
    }
    console.print(
      JSON(peer),
      "\(Escape.text(peer.name)) is a peer now: the card of \(Escape.text(peer.card.name)), "
        + (peer.isVerified ? "verified" : "unverified"))
    if !peer.isVerified {
      console.note(
        "compare the safety number when you can: "
          + "`martlet peer verify \(Escape.text(peer.name))`")
    }
    return .done
  }

  private func text(on console: Console) throws(Failure) -> String {
    let prefix = Array(Card.textPrefix.utf8)
    // A card that is too long is refused as one, so a byte more than fits is read.
    let bytes =
      card.bytes.starts(with: prefix)
      ? card.bytes : try console.read(card, limit: Card.textByteLimit + 64)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(.card(.notACard))
    }
    return text
  }
}

struct PeerListVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "list", "Lists the peers, and whether their cards were compared.",
    examples: "martlet peer list\nmartlet peer list --json")

  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let node = try console.open(writing: false)
    let peers = try console.attempt { () throws(NodeError) in try node.peers() }
    if console.options.isJSON {
      for peer in peers { console.output.line(JSON(peer).text) }
      return .done
    }
    let rows = peers.map { peer in
      [
        Escape.text(peer.name), peer.isVerified ? "verified" : "unverified",
        peer.lastHeard.map { "heard \(Timestamp(seconds: $0))" } ?? "never heard",
        String(peer.card.deviceID.hex.prefix(16)), Escape.text(peer.card.name),
      ]
    }
    for line in Words.table(rows) { console.output.line(line) }
    if peers.isEmpty { console.note("no peers yet; `martlet peer add NAME CARD` adds one") }
    return .done
  }
}

struct PeerVerifyVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "verify", "Prints the safety number of a peer, and takes note that people compared it.",
    """
    Both sides see the same sixty digits. Read them to each other over a way on which you know \
    the voice or the face. Then either give the digits that the other read out, and they are \
    compared here, or say with --confirm that you compared them.
    """,
    examples: "martlet peer verify clinic\nmartlet peer verify clinic --confirm")

  @Argument(help: "The peer.") var name: NameArgument
  @Argument(help: "The digits that the other read out; spaces do not matter.")
  var digits: [NameArgument] = []
  @Flag(name: .customLong("confirm"), help: "They are the same on both sides.")
  var isConfirmed = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let given = digits.map(\.text).joined().filter { !$0.isWhitespace }
    let node = try console.open(writing: isConfirmed || !given.isEmpty)
    let number = try console.attempt { () throws(NodeError) in
      try node.safetyNumber(with: name.text)
    }
    guard given.isEmpty || given == number.filter({ !$0.isWhitespace }) else {
      throw Failure(
        .notForUs,
        "these are not the digits of the safety number with \(Escape.text(name.text)): "
          + "one of you holds a card that is not the other's, or misread",
        hint: "compare once more; if they differ again, swap cards face to face")
    }
    let marks = isConfirmed || !given.isEmpty
    if marks {
      try console.attempt { () throws(NodeError) in try node.markVerified(name.text) }
    }
    console.answer(
      .object([
        ("type", "safety_number"), ("peer", .string(name.text)), ("digits", .string(number)),
        ("verified", marks ? .bool(true) : .null),
      ]), number)
    if marks {
      console.note("\(Escape.text(name.text)) is verified now")
    } else {
      console.note(
        "if the other sees the same: `martlet peer verify \(Escape.text(name.text)) --confirm`")
    }
    return .done
  }
}

struct PeerRemoveVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "remove", "Exchanges no more bundles with a peer.",
    "What it sent stays here, and what it was sent stays there.",
    examples: "martlet peer remove clinic")

  @Argument(help: "The peer.") var name: NameArgument
  @Flag(name: .customLong("dry-run"), help: "Only say whether there is such a peer.")
  var isDryRun = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let node = try console.open(writing: !isDryRun)
    if isDryRun {
      let peers = try console.attempt { () throws(NodeError) in try node.peers() }
      guard peers.contains(where: { $0.name == name.text }) else {
        throw Failure(.unknownPeer(name.text))
      }
      console.plan("remove \(Escape.text(name.text))")
      return .done
    }
    try console.attempt { () throws(NodeError) in try node.removePeer(name.text) }
    console.print(
      .object([("type", "peer_removed"), ("name", .string(name.text))]),
      "\(Escape.text(name.text)) is no peer any more")
    return .done
  }
}
