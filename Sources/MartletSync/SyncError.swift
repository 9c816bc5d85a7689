package import MartletWire

/// A reason why the engine cannot plan, or cannot take what a peer said.
package enum SyncError: Error, Equatable {
  /// The journal of this peer is not there.
  case unknownPeer
  /// A number, position or count that no honest device writes.
  case outOfRange(Field)
  /// One log is named twice.
  case repeatedLog(LogID)
  /// Runs that do not ascend, or that overlap.
  case disorder(LogID)
  /// The plan was made before something else was sent to that peer.
  case stalePlan
  /// The numbers of this instance are used up.
  case numbersExhausted
  /// Our own log could not be read. Discard the value and load it again.
  case unreadable(LogReadError)

  package enum Field: String, Sendable {
    case bundleNumber = "a bundle number"
    case position = "a position"
    case logLength = "a log's length"
    case lineage = "a lineage"
    case count = "a count"
  }
}

extension SyncError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unknownPeer: "there is no journal of this peer"
    case .outOfRange(let field): "\(field.rawValue) is out of range"
    case .repeatedLog(let log): "log \(log.group) is named twice"
    case .disorder(let log): "runs of log \(log.group) overlap or do not ascend"
    case .stalePlan: "something else was sent to this peer since the plan was made"
    case .numbersExhausted: "no bundle numbers are left for this peer"
    case .unreadable(let error): error.description
    }
  }
}

/// The greatest numbers that the engine accepts from outside.
package enum SyncLimits {
  /// Positions stay below it, so that sums of two of them cannot overflow.
  package static let position: UInt64 = 1 << 48
  package static let bundleNumber: UInt64 = 1 << 48
  /// Ids in one list of a section.
  package static let idCount = 262_144
  /// Instances that one descends from.
  package static let retiredCount = 65_536
  /// Ids of one log that are taken to be absent: each of our bundles lists them all.
  package static let absentCount = 16_384
  /// Objects that one bundle offers, and bytes of the summaries in it.
  package static let offerCount = 4096
  package static let summaryByteCount = 1 << 20
  /// Runs of what the peer has sent itself, of all logs of one section.
  package static let haveCount = 32_768
  /// Messages whose parents are looked at to find what one summary says is delivered.
  static let deliverySteps = 65_536
  /// Intervals of what one device has delivered; the longest are kept.
  static let deliveredIntervals = 1024
  /// Offered objects of one log and bundle that are looked up: more are not read.
  static let offerLookups = 8192
  /// Messages whose parents are looked at to find what a request needs.
  static let ancestorSteps = 65_536
  /// Epochs of one log that are known to have ended.
  package static let retiredEpochCount = 65_536
}
