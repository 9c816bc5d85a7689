internal import MartletObjects
public import MartletSeal
internal import MartletStore
internal import MartletSync
internal import MartletWire
internal import MartletWorkers

extension Node {
  /// Hands out an item's bytes in pieces, in order.
  ///
  /// Everything handed out was authentic; where this throws, what came before is a prefix.
  /// - Parameter address: `ID` or `ID/n`; an id may be cut to its first digits, at least 6, if no
  ///   other starts so.
  /// - Throws: ``NodeError/unknownObject(_:)``, or
  ///   ``NodeError/incomplete(_:missingBlobs:missingByteCount:)`` before anything is handed out.
  public func get(
    _ address: String, into sink: ([UInt8]) throws(NodeError) -> Void
  ) throws(NodeError) {
    let parts = address.split(separator: "/", omittingEmptySubsequences: false)
    guard let digits = parts.first, parts.count <= 2 else { throw .unknownObject(address) }
    let (id, group) = try resolve(String(digits), in: nil)
    var index: Int?
    if parts.count == 2 {
      guard let parsed = ItemAddress("\(id)/\(parts[1])") else { throw .unknownObject(address) }
      index = parsed.index
    }
    let log = try log(LogID(group: group, objectClass: .messages))
    let place = try reading(log) { () throws(LogReadError) in try log.position(of: id) }
    guard let place else { throw .unknownObject(address) }
    let stored = try reading(log) { () throws(LogReadError) in try log.object(at: place) }
    groupStates[group]?.unlock(with: try identity().sealing)
    let (object, opened) = try opened(stored, in: group)
    guard opened.message.client == DataContent.client,
      let content = try? DataContent(decoding: opened.message.body)
    else {
      guard index == nil else { throw .unknownObject(address) }
      let message = clientMessage(
        id, opened.message, parents: object.header.parents, in: group)
      return try sink(
        clients[opened.message.client]?.contents(of: message) ?? opened.message.body)
    }
    switch content {
    case .items:
      guard let item = ItemAddress(message: id, index: index).item(in: content) else {
        throw .unknownObject(address)
      }
      try sink(item)
    case .file(let file, _):
      guard index == nil else { throw .unknownObject(address) }
      try hand(out: file, of: address, in: group, sink)
    }
  }

  /// The whole id of an object of a group, from its first digits.
  public func objectID(_ digits: String, in group: String) throws(NodeError) -> ObjectID {
    try resolve(digits, in: try find(group).id).id
  }

  private func hand(
    out file: FileBlobs, of address: String, in group: GroupID,
    _ sink: ([UInt8]) throws(NodeError) -> Void
  ) throws(NodeError) {
    let missing = try missingBlobs(of: file, in: group)
    guard missing.count == 0 else {
      throw .incomplete(
        address, missingBlobs: missing.count, missingByteCount: missing.byteCount)
    }
    let keys = groupStates[group]?.keys ?? GroupKeys()
    var blobs = file.blobs.makeIterator()
    let id = { (blob: FileBlobs.Blob) in blob.id }
    try environment.computing.run(
      next: { () throws(NodeError) -> (blob: FileBlobs.Blob, bytes: [UInt8])? in
        guard let blob = blobs.next() else { return nil }
        try checkStop()
        return (blob, try stored { () throws(StoreError) in try store.read(id(blob)) })
      },
      transform: { read throws(NodeError) -> [UInt8] in
        do throws(ObjectError) {
          let chunk = try SealedObject(parsing: read.bytes).openBlob(with: keys)
          guard chunk.count == Int(read.blob.byteCount) else { throw ObjectError.badPayload }
          return chunk
        } catch { throw .engine("blob \(read.blob.id): \(error)") }
      }, consume: { chunk throws(NodeError) in try sink(chunk) })
  }

  /// How many blobs of a content are not here, and how many bytes of content they hold.
  func missingBlobs(
    of file: FileBlobs, in group: GroupID
  ) throws(NodeError) -> (count: Int, byteCount: UInt64) {
    let log = try log(LogID(group: group, objectClass: .blobs))
    return try reading(log) { () throws(LogReadError) in
      var count = 0
      var byteCount: UInt64 = 0
      for blob in file.blobs where try !log.holds(blob.id) {
        count += 1
        byteCount += UInt64(blob.byteCount)
      }
      return (count, byteCount)
    }
  }

  /// An object and its group, from the first digits of its id.
  private func resolve(
    _ digits: String, in group: GroupID?
  ) throws(NodeError) -> (id: ObjectID, group: GroupID) {
    let candidates = group.map { [$0] } ?? state.groups
    if let id = ObjectID(hex: digits.lowercased()) {
      for group in candidates {
        let log = try log(LogID(group: group, objectClass: .messages))
        let place = try reading(log) { () throws(LogReadError) in try log.position(of: id) }
        if place != nil { return (id, group) }
      }
      throw .unknownObject(digits)
    }
    let digits = digits.lowercased()
    guard digits.utf8.count >= 6, digits.utf8.allSatisfy(Self.isHexDigit) else {
      throw .unknownObject(digits)
    }
    var found: (id: ObjectID, group: GroupID)?
    for group in candidates {
      let log = try log(LogID(group: group, objectClass: .messages))
      var position: UInt64 = 0
      while position < log.length {
        let objects = try reading(log) { () throws(LogReadError) in
          try log.objects(position..<min(log.length, position + 1024))
        }
        for object in objects where object.id.hex.hasPrefix(digits) {
          if let found, found.id != object.id { throw .ambiguousObject(digits) }
          found = (object.id, group)
        }
        position += UInt64(objects.count)
      }
    }
    guard let found else { throw .unknownObject(digits) }
    return found
  }
}
