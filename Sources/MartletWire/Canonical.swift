internal import MartletSeal
internal import SwiftProtobuf

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// What the codecs of manifests and sections share.
enum Canonical {
  /// Fields in ascending order, defaults left out.
  static func bytes(of message: some Message) -> [UInt8] {
    // Serialising fails only for proto2's required fields and beyond 2 GiB.
    (try? message.serializedBytes()) ?? []
  }

  static func message<M: Message>(
    from bytes: [UInt8], of shape: Shape
  ) throws(WireError) -> M {
    try limit(bytes.count, Limits.manifestByteCount)
    try shape.check(bytes)
    do { return try M(serializedBytes: bytes) } catch { throw .malformed }
  }

  static func limit(_ count: Int, _ limit: Int) throws(WireError) {
    guard count <= limit else { throw .tooLarge(limit: limit) }
  }

  static func digest(_ data: Data, _ field: String) throws(WireError) -> Digest {
    guard let digest = Digest(data) else { throw .badField(field) }
    return digest
  }

  static func identifiers<Kind>(
    _ list: [Data], _ field: String, of kind: Kind.Type = Kind.self
  ) throws(WireError) -> [Identifier<Kind>] {
    var result: [Identifier<Kind>] = []
    result.reserveCapacity(list.count)
    for data in list { result.append(Identifier(try digest(data, field))) }
    return result
  }

  static func log(_ group: Data, _ number: UInt32) throws(WireError) -> LogID {
    guard let raw = UInt8(exactly: number), let objectClass = ObjectClass(rawValue: raw) else {
      throw .badField("class")
    }
    return LogID(group: GroupID(try digest(group, "group")), objectClass: objectClass)
  }

  static func epoch(_ data: Data) throws(WireError) -> EpochID {
    guard let epoch = EpochID(data) else { throw .badField("epoch") }
    return epoch
  }

  /// Not empty, and its end is a number that an `Int` holds too.
  static func range(
    _ start: UInt64, _ count: UInt64, _ field: String
  ) throws(WireError) -> Range<UInt64> {
    let (end, overflow) = start.addingReportingOverflow(count)
    guard count > 0, !overflow, end <= UInt64(Int64.max) else { throw .badField(field) }
    return start..<end
  }
}
