internal import MartletFileSystem
internal import MartletNode
internal import MartletSeal
internal import MartletTestSupport
internal import MartletWire
internal import Synchronization
internal import SystemPackage

/// The time of a run, the same at all devices.
final class SimulatedClock: Sendable {
  static let start: UInt64 = 1_800_000_000_000
  private let milliseconds = Mutex<UInt64>(start)
  var now: UInt64 { milliseconds.withLock { $0 } }

  /// Seconds from the start.
  func set(_ seconds: UInt64) { milliseconds.withLock { $0 = Self.start + seconds * 1000 } }
}

/// What one life of a store really holds, and since when.
///
/// It only grows: where something is lost, another takes its place.
final class Holdings {
  /// By group: what stands in the log.
  var logged: [[ObjectID]]
  /// By group: at which step it came to be held.
  var since: [[ObjectID: UInt64]]
  /// By group: what was held and is damaged.
  var lost: [Set<ObjectID>]

  init(groupCount: Int) {
    logged = Array(repeating: [], count: groupCount)
    since = Array(repeating: [:], count: groupCount)
    lost = Array(repeating: [], count: groupCount)
  }

  init(_ other: Holdings) {
    logged = other.logged
    since = other.since
    lost = other.lost
  }

  func holds(_ id: ObjectID, in group: Int, at step: UInt64 = .max) -> Bool {
    since[group][id].map { $0 <= step } ?? false
  }
}

/// One store of one device, and what is known of it from outside.
final class SimulatedDevice {
  static let path: FilePath = "/d"
  /// Where bundles come and go.
  static let exchange: FilePath = "/io"

  let index: Int
  let name: String
  var disk: SimulatedFileSystem
  var node: Node?
  var witness = Witness()
  var holdings: Holdings
  var instance: InstanceID?
  /// By group: the numbering last seen.
  var epochs: [EpochID?]
  /// Put back, or one of two, and not aware of it yet: what it numbers may be numbered twice.
  var isUnaware = false
  var mayCrash = false
  var isFull = false
  /// What its peers had acknowledged when last looked at, by peer and group.
  var acknowledged: [Int: [Intervals]] = [:]
  var backups: [Backup] = []
  /// By link: the versions of files in its own view of a shared directory; nil if not known.
  var sticks: [Int: [String: Int]] = [:]

  /// A copy of a store.
  struct Backup {
    var disk: SimulatedFileSystem
    var holdings: Holdings
    var witness: Witness
    var instance: InstanceID?
  }

  init(index: Int, name: String, disk: SimulatedFileSystem, groupCount: Int) {
    self.index = index
    self.name = name
    self.disk = disk
    holdings = Holdings(groupCount: groupCount)
    epochs = Array(repeating: nil, count: groupCount)
  }
}
