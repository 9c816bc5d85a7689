internal import MartletObjects
public import MartletSeal
internal import MartletSync
internal import MartletWire

extension Node {
  /// Writes a message of any client; durable, and delivered to that client here, once this returns.
  ///
  /// - Throws: ``NodeError/tooLarge(byteCount:limit:)``, ``NodeError/unknownGroup(_:)``,
  ///   ``NodeError/notAccepted(_:)``.
  public func send(
    client: String, body: [UInt8], to group: String
  ) throws(NodeError) -> ObjectID {
    try changing { () throws(NodeError) -> ObjectID in
      let id = try writable(group)
      let message = try write(client: client, body: body, to: id)
      try commit()
      return message
    }
  }

  /// The group of that name, if messages may be written to it.
  func writable(_ name: String) throws(NodeError) -> GroupID {
    let group = try find(name)
    guard group.kind != .archived else { throw .archived(name) }
    guard group.isAccepted else { throw .notAccepted(name) }
    return group.id
  }

  /// Signs, seals and appends a message of ours; true after the next commit.
  @discardableResult
  func write(
    client: String, body: [UInt8], boxes: [[UInt8]] = [], to id: GroupID
  ) throws(NodeError) -> ObjectID {
    let identity = try identity()
    groupStates[id]?.unlock(with: identity.sealing)
    guard let parents = groupStates[id]?.nextParents, let keyID = groupStates[id]?.currentKey,
      let key = groupStates[id]?.keys[keyID]
    else { throw .notGranted(id.hex) }
    let log = try log(LogID(group: id, objectClass: .messages))
    let message = GroupMessage(
      author: ownID, created: environment.now(), client: client, body: body)
    let object: SealedObject
    do throws(ObjectError) {
      object = try SealedObject.seal(
        message,
        header: ObjectHeader(group: id, objectClass: .messages, keyID: keyID, parents: parents),
        boxes: boxes, key: key, signing: identity.signing, random: environment.random)
    } catch {
      if case .tooLarge(let limit) = error {
        throw .tooLarge(byteCount: UInt64(body.count), limit: UInt64(limit))
      }
      throw .engine("\(error)")
    }
    let bytes = object.encoded
    let objectID = SealedObject.id(of: bytes)
    let position = log.length
    try append(try addObject(objectID, bytes), to: log)
    groupStates[id]?.appended(objectID, parents: parents, expires: 0)
    groupStates[id]?.ownLast = objectID
    changedGroups.insert(id)
    deliver(objectID, message, parents: parents, at: position, in: id)
    return objectID
  }
}
