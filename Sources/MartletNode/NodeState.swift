internal import MartletSeal
internal import MartletSync
internal import MartletWire

/// What a device keeps of itself and of its peers, beside journals and groups.
struct NodeState: Sendable {
  struct Peer: Sendable {
    var name: String
    var card: Card
    var isVerified = false
    /// Unix seconds; 0: never.
    var lastHeard: UInt64 = 0
    var lastSaid: UInt64 = 0
  }

  /// By what a copy of the store is recognised.
  struct Root: Equatable, Sendable {
    /// Empty where it is not to be had.
    var machine: [UInt8]
    var inode: UInt64
    /// Nanoseconds since 1970; nil where it is not to be had.
    var born: Int64?
  }

  /// A bundle of ours that may stand on some medium.
  struct Written: Equatable, Sendable {
    var peer: DeviceID
    var instance: InstanceID
    var number: UInt64
    var fileName: String
    /// Whether the whole file was written, and is durable.
    var isFinished: Bool
    /// Whether it was never finished, and what it carried is to go again. Its file may still stand
    /// on a medium that is not here.
    var isTakenBack = false
    /// Of the finished file; one of another length was cut short since.
    var byteCount: UInt64 = 0
  }

  /// The most headers of imported bundles and bundles of our own that are kept; the oldest go
  /// first. One that is forgotten is imported again, which changes nothing.
  static let rememberedLimit = 4096
  static let writtenLimit = 4096
  static let peerLimit = 65_536

  var card: Card
  var device: DeviceState
  var root: Root
  var peers: [Peer] = []
  var groups: [GroupID] = []
  var imported: [Digest] = []
  var written: [Written] = []

  mutating func remember(_ header: Digest) {
    imported.append(header)
    if imported.count > Self.rememberedLimit {
      imported.removeFirst(imported.count - Self.rememberedLimit)
    }
  }

  mutating func note(_ bundle: Written) {
    written.append(bundle)
    if written.count > Self.writtenLimit {
      written.removeFirst(written.count - Self.writtenLimit)
    }
  }
}
