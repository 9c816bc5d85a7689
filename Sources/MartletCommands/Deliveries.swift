internal import MartletChat
internal import MartletFolders
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
  func showNew(_ node: Node, on console: Console) throws(Failure) -> UInt64 {
    var sum: UInt64 = 0
    let now = try console.attempt { () throws(NodeError) in try Deliveries(node) }
    let isNew = { (group: GroupReport) in
      !group.isAccepted && !groups.contains { $0.id == group.id }
    }
    let folders =
      now.groups.contains(where: isNew)
      ? try console.attempt { () throws(FolderError) in try Folders(node).list() } : []
    for group in now.groups {
      if isNew(group) {
        Self.show(group, isFolder: folders.contains { $0.id == group.id }, on: console)
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

  private static func show(_ group: GroupReport, isFolder: Bool, on console: Console) {
    let name = Escape.text(group.name)
    console.print(
      .object(
        [
          ("type", "invitation"), ("group", .string(group.name)), ("id", .string(group.id.hex)),
          ("members", .array(group.members.map { .string($0) })),
        ] + (isFolder ? [("folder", .bool(true))] : [])),
      isFolder
        ? "\(name): a new folder of \(Words.list(group.members)); "
          + "`martlet folder accept \(name) DIR` keeps it here"
        : "\(name): a new group of \(Words.list(group.members)); "
          + "`martlet group accept \(name)` takes part")
  }
}
