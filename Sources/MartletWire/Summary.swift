package import MartletSeal
internal import SwiftProtobuf

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// What a member says of its log of a group's messages: up to where everything has been delivered.
package struct Summary: Hashable, Sendable {
  package var device: DeviceID
  package var instance: InstanceID
  /// Of this summary among those of this instance and group; the first is 1.
  package var number: UInt64
  /// Messages in the log.
  package var count: UInt64
  /// Messages that none in the log names as a parent, ascending: all, or the least
  /// ``Limits/headCount``.
  package var heads: [ObjectID]
  /// Over all heads; nil if they are all listed.
  package var headsHash: Digest?

  /// - Parameter allHeads: In any order.
  package init(
    device: DeviceID, instance: InstanceID, number: UInt64, count: UInt64, allHeads: [ObjectID]
  ) {
    self.device = device
    self.instance = instance
    self.number = number
    self.count = count
    let sorted = allHeads.sorted()
    heads = Array(sorted.prefix(Limits.headCount))
    headsHash = sorted.count > heads.count ? Self.hash(of: sorted) : nil
  }

  fileprivate init(
    device: DeviceID, instance: InstanceID, number: UInt64, count: UInt64, heads: [ObjectID],
    headsHash: Digest?
  ) {
    self.device = device
    self.instance = instance
    self.number = number
    self.count = count
    self.heads = heads
    self.headsHash = headsHash
  }

  /// - Parameter heads: Ascending.
  package static func hash(of heads: [ObjectID]) -> Digest {
    var hasher = LabelledHasher(.heads)
    for head in heads { hasher.update(head.digest) }
    return hasher.finish()
  }

  /// What its author signs.
  package func digest(in group: GroupID) -> Digest {
    var hasher = LabelledHasher(.summary)
    hasher.update(group.digest)
    hasher.update(encoded)
    return hasher.finish()
  }

  fileprivate var encoded: [UInt8] {
    var message = Martlet_SummaryMessage()
    message.device = Data(device.bytes)
    message.instance = Data(instance.bytes)
    message.number = number
    message.count = count
    message.heads = Data(heads.flatMap(\.bytes))
    if let headsHash { message.headsHash = Data(headsHash.bytes) }
    return Canonical.bytes(of: message)
  }
}

/// A summary with its author's signature, as it is passed on.
package struct SignedSummary: Hashable, Sendable {
  package var summary: Summary
  package var signature: [UInt8]

  package static let signatureByteCount = 64

  package init(_ summary: Summary, signature: [UInt8]) {
    self.summary = summary
    self.signature = signature
  }

  package init(_ summary: Summary, in group: GroupID, signing: SigningKeyPair) {
    self.init(summary, signature: signing.sign(summary.digest(in: group)))
  }

  /// Whether the device that it names has signed it for this group.
  package func isSigned(by card: Card, in group: GroupID) -> Bool {
    card.deviceID == summary.device
      && card.signingKey.verifies(signature, over: summary.digest(in: group))
  }

  package var encoded: [UInt8] { summary.encoded + signature }

  /// Reads the one encoding; the signature is not looked at.
  package init(decoding bytes: [UInt8]) throws(WireError) {
    try Canonical.limit(bytes.count, Limits.summaryByteCount)
    guard bytes.count > Self.signatureByteCount else { throw .badField("summaries") }
    let message: Martlet_SummaryMessage
    do {
      message = try Martlet_SummaryMessage(
        serializedBytes: Array(bytes.dropLast(Self.signatureByteCount)))
    } catch { throw .malformed }
    guard message.number > 0, message.heads.count.isMultiple(of: 32),
      message.heads.count <= 32 * Limits.headCount
    else { throw .badField("summaries") }
    let packed = [UInt8](message.heads)
    var heads: [ObjectID] = []
    for start in stride(from: 0, to: packed.count, by: 32) {
      guard let id = ObjectID(packed[start..<start + 32]), heads.last.map({ $0 < id }) ?? true
      else { throw .badField("heads") }
      heads.append(id)
    }
    var hash: Digest?
    if !message.headsHash.isEmpty {
      hash = try Canonical.digest(message.headsHash, "heads_hash")
      guard heads.count == Limits.headCount else { throw .badField("heads_hash") }
    }
    summary = Summary(
      device: DeviceID(try Canonical.digest(message.device, "device")),
      instance: InstanceID(try Canonical.digest(message.instance, "instance")),
      number: message.number, count: message.count, heads: heads, headsHash: hash)
    signature = Array(bytes.suffix(Self.signatureByteCount))
    guard encoded == bytes else { throw .notCanonical }
  }
}
