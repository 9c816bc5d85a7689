internal import MartletObjects
internal import MartletSeal
internal import MartletStore
internal import MartletSync
internal import MartletWire

extension Node {
  /// Hands out the messages of a group from a position on, in the order of its log: parents
  /// before children.
  ///
  /// One whose bytes are damaged is passed over; ``verify()`` names it.
  public func log(
    _ group: String, from position: UInt64 = 0,
    _ body: (MessageReport) throws(NodeError) -> Void
  ) throws(NodeError) {
    let id = try find(group).id
    groupStates[id]?.unlock(with: try identity().sealing)
    guard let state = groupStates[id] else { throw .unknownGroup(group) }
    let log = try log(LogID(group: id, objectClass: .messages))
    var position = position
    while position < log.length {
      let objects = try reading(log) { () throws(LogReadError) in
        try log.objects(position..<min(log.length, position + 256))
      }
      for stored in objects {
        try checkStop()
        if let (object, opened) = try? opened(stored, in: id) {
          try body(
            MessageReport(
              id: stored.id, position: position,
              author: name(of: opened.message.author, in: state),
              authorID: opened.message.author, isOwn: opened.message.author == ownID,
              created: opened.message.created, client: opened.message.client,
              parents: object.header.parents, body: try reportBody(opened.message, in: id)))
        }
        position += 1
      }
    }
  }

  private func reportBody(
    _ message: GroupMessage, in group: GroupID
  ) throws(NodeError) -> MessageReport.Body {
    switch message.client {
    case DataContent.client:
      switch try? DataContent(decoding: message.body) {
      case .items(let items, let name):
        return .items(byteCounts: items.map(\.count), name: name)
      case .file(let file, let name):
        return .file(
          byteCount: file.byteCount, name: name,
          missingBlobs: try missingBlobs(of: file, in: group).count)
      case nil: return .client(body: message.body)
      }
    case GrantContent.client:
      guard let grant = try? GrantContent(decoding: message.body) else {
        return .client(body: message.body)
      }
      return .grant(groupName: grant.groupName, members: grant.members.map(\.card.name))
    default: return .client(body: message.body)
    }
  }
}
