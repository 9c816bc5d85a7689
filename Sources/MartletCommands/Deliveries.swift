internal import MartletChat
internal import MartletNode
internal import MartletSeal

/// How many texts had come to each group at one time, and which groups were there, to say
/// afterwards what is new.
struct Deliveries {
  private var received: [GroupID: UInt64] = [:]
  private var groups: [GroupReport]

  init(_ node: Node) throws(NodeError) {
    groups = try node.groups()
    for group in groups where group.isAccepted {
      // By its id: two groups may have one name.
      let state = try node.clientState(ChatClient.type, of: group.id.hex)
      received[group.id] = ChatCounts(state).received
    }
  }

  /// Prints what was delivered since, a line a group; returns how many texts.
  func showNew(_ node: Node, on console: Console) throws(NodeError) -> UInt64 {
    var sum: UInt64 = 0
    let now = try Deliveries(node)
    for group in now.groups {
      if !group.isAccepted, !groups.contains(where: { $0.id == group.id }) {
        console.print(
          .object([
            ("type", "invitation"), ("group", .string(group.name)), ("id", .string(group.id.hex)),
            ("members", .array(group.members.map { .string($0) })),
          ]),
          "\(Escape.text(group.name)): a new group of \(Words.list(group.members)); "
            + "`martlet group accept \(Escape.text(group.name))` takes part")
      }
      let before = received[group.id] ?? 0
      guard let count = now.received[group.id], count > before else { continue }
      sum &+= count - before
      console.print(
        .object([
          ("type", "delivery"), ("group", .string(group.name)), ("texts", .number(count - before)),
        ]),
        "\(Escape.text(group.name)): \(Words.count(count - before, "new text"))")
    }
    return sum
  }
}
