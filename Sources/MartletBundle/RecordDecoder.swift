package import MartletObjects
internal import MartletSeal
package import MartletWire

/// Turns carved records back into the objects they were made of. Many threads may use one at the
/// same time, each with a batch of its own.
package struct RecordDecoder: Sendable {
  private let runs: RunTable
  private let logs: [CarriedLog]

  package init(_ manifest: Manifest) {
    runs = RunTable(manifest.logs)
    logs = manifest.logs
  }

  /// The objects of a batch, in the order of the logs.
  ///
  /// A record that is none, or refers to one that is none, is left out. Each id is the hash of the
  /// bytes beside it; that the object is the one which stood at that position in the sender's log,
  /// the chains of the manifest tell.
  package func decode(_ batch: CarvedBatch) -> [DecodedRecord] {
    var decoded: [DecodedRecord] = []
    decoded.reserveCapacity(batch.count)
    if let spanning = batch.spanning {
      let bytes = spanning.bytes
      if let record = decode(
        bytes, 0..<bytes.count, number: spanning.record, before: [], guess: 0)
      {
        decoded.append(record)
      }
    }
    var ids: [ObjectID?] = []
    ids.reserveCapacity(batch.records.count)
    var guess = runs.run(ofRecord: batch.first) ?? 0
    for range in batch.records {
      let number = batch.first + UInt64(ids.count)
      guess = runs.run(ofRecord: number, guess: guess) ?? 0
      let record = decode(batch.bytes, range, number: number, before: ids, guess: guess)
      ids.append(record?.id)
      if let record { decoded.append(record) }
    }
    return decoded
  }

  private func decode(
    _ bytes: [UInt8], _ range: Range<Int>, number: UInt64, before ids: [ObjectID?], guess: Int
  ) -> DecodedRecord? {
    guard let run = runs.run(ofRecord: number, guess: guess),
      let length = LittleEndian.read(bytes, at: range.lowerBound, byteCount: 4),
      length <= UInt64(RecordHead.byteLimit)
    else { return nil }
    let place = runs.places[run]
    let headStart = range.lowerBound + 4
    let headEnd = headStart + Int(length)
    guard headEnd <= range.upperBound,
      let head = try? RecordHead(decoding: bytes, in: headStart..<headEnd),
      head.sealedByteCount == range.upperBound - headEnd,
      let header = header(head, in: logs[place.logIndex], before: ids),
      let object = try? SealedObject(
        header: header, sealed: bytes[headEnd..<range.upperBound], boxes: head.boxes)
    else { return nil }
    return DecodedRecord(
      logIndex: place.logIndex, runIndex: place.runIndex,
      position: runs.position(ofRecord: number, run: run), id: SealedObject.id(of: object.encoded),
      object: object)
  }

  private func header(
    _ head: RecordHead, in log: CarriedLog, before ids: [ObjectID?]
  ) -> ObjectHeader? {
    let keyID: KeyID
    switch head.key {
    case .listed(let index):
      guard let index = Int(exactly: index), index < log.keys.count else { return nil }
      keyID = log.keys[index]
    case .whole(let id): keyID = id
    }
    guard let priority = Priority(rawValue: UInt32(head.priority)) else { return nil }
    var parents: [ObjectID] = []
    parents.reserveCapacity(head.parents.count)
    for parent in head.parents {
      switch parent {
      case .whole(let id): parents.append(id)
      case .back(let distance):
        guard let distance = Int(exactly: distance), distance >= 1,
          distance <= ids.count, let id = ids[ids.count - distance]
        else { return nil }
        parents.append(id)
      }
    }
    return ObjectHeader(
      group: log.log.group, objectClass: log.log.objectClass, keyID: keyID, nonce: head.nonce,
      parents: parents, priority: priority, expires: head.expires)
  }
}

/// An object that came out of a bundle, and where it says to stand in the sender's log.
package struct DecodedRecord: Hashable, Sendable {
  /// Among the manifest's logs.
  package let logIndex: Int
  /// Within that log.
  package let runIndex: Int
  package let position: UInt64
  /// The hash of the object's bytes.
  package let id: ObjectID
  package let object: SealedObject

  /// The object as it is stored.
  package var bytes: [UInt8] { object.encoded }
}
