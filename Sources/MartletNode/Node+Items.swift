internal import MartletObjects
public import MartletSeal
internal import MartletStore
internal import MartletSync
internal import MartletWire

extension Node {
  /// The items of a message, in order: opened once for all of them.
  ///
  /// - Parameter group: As for ``log(_:from:_:)``.
  /// - Returns: nil for a message that holds no items, such as a file in blobs.
  public func items(of id: ObjectID, in group: String) throws(NodeError) -> [[UInt8]]? {
    let group = try find(group).id
    let log = try log(LogID(group: group, objectClass: .messages))
    let place = try reading(log) { () throws(LogReadError) in try log.position(of: id) }
    guard let place else { throw .unknownObject(id.hex) }
    let stored = try reading(log) { () throws(LogReadError) in try log.object(at: place) }
    groupStates[group]?.unlock(with: try identity().sealing)
    let (_, opened) = try opened(stored, in: group)
    guard opened.message.client == DataContent.client,
      case .items(let items, _) = try? DataContent(decoding: opened.message.body)
    else { return nil }
    return items
  }
}
