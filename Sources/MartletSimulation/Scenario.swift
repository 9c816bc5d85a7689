/// Who there is, when they are there, what goes between them, what they write, and what goes wrong.
///
/// Times are seconds from the start. docs/simulation.md describes the text form.
package struct Scenario: Equatable, Sendable {
  /// When a device is on.
  package enum Availability: Equatable, Sendable {
    case always
    /// On and off by turns, the first time at `from`.
    case periods(on: UInt64, off: UInt64, from: UInt64)
    /// A fraction of the time, in windows of that length whose places the seed decides.
    case windows(fraction: Double, length: UInt64)
  }

  package struct Device: Equatable, Sendable {
    package var name: String
    package var availability: Availability
  }

  /// How bundles go between two devices.
  package enum Carrier: String, Equatable, Sendable, CaseIterable {
    /// While both are on they answer each other until neither has anything to say.
    case live
    /// While both are on, each hands over one bundle, written before the other's is read.
    case batch
    /// A directory that each visits when it is on: `Node.sync`.
    case stick
    /// Files that are under way for a time, and wait until the recipient is on.
    case mail
  }

  /// What happens to a bundle on its way, each a probability.
  package struct Mishaps: Equatable, Sendable {
    package var loss = 0.0
    /// Arrives again later.
    package var copy = 0.0
    /// Loses its end.
    package var cut = 0.0
    /// One bit is another.
    package var flip = 0.0
    /// An old one of the same link comes along.
    package var replay = 0.0
    /// Seconds under way; bundles overtake each other within it.
    package var latency: ClosedRange<UInt64> = 0...0
  }

  package struct Link: Equatable, Sendable {
    package var one: Int
    package var other: Int
    package var carrier: Carrier
    /// Seconds between contacts while it is possible.
    package var interval: UInt64
    /// Whether contacts are at random times, `interval` apart on average.
    package var isRandom = false
    package var mishaps = Mishaps()
  }

  /// Everybody meets somebody: at random times two devices that are on exchange over a link that
  /// is made of all pairs.
  package struct Meetings: Equatable, Sendable {
    package var carrier: Carrier
    package var interval: UInt64
    package var mishaps = Mishaps()
  }

  package struct Group: Hashable, Sendable {
    package var name: String
    /// The first is its founder.
    package var members: [Int]
  }

  package struct Writing: Equatable, Sendable {
    package enum Occasion: Equatable, Sendable {
      case at(UInt64)
      /// So many at random times before `until`.
      case times(Int, until: UInt64)
    }

    package var author: Int
    package var group: Int
    package var occasion: Occasion
  }

  /// What goes wrong at a device.
  package enum FaultKind: String, Equatable, Sendable, CaseIterable {
    /// The power goes at a random call of the next thing that is done.
    case crash
    /// An old copy of the store is put back and adopted.
    case adopt
    /// An old copy of the store is put back, and nobody says so.
    case rollback
    /// A copy of the store lives beside it for a while; then one of the two goes.
    case clone
    /// There is no room during the next thing that is done.
    case full
    /// A byte of what is stored is another.
    case rot
    /// Somebody hands over bytes that are no bundle, or nearly one.
    case hostile
  }

  package struct Fault: Equatable, Sendable {
    package var kind: FaultKind
    /// How often at each device in a year of 365 days.
    package var perYear: Double
  }

  /// What the seed is to make up: so many devices, joined at random.
  package struct Variety: Equatable, Sendable {
    package var devices: ClosedRange<Int>
    /// Contacts and messages of each device.
    package var contacts: Int
    package var messages: Int
  }

  package var name: String
  package var length: UInt64 = 0
  /// After which what was not acknowledged goes again.
  package var roundTrip: UInt64 = 24 * 3600
  /// The unit in which times are told.
  package var tick: UInt64 = 1
  /// Whether afterwards everything is healed and everybody exchanges until nobody has anything to
  /// say. Without, nothing is said of what is lacking in the end.
  package var settles = true
  package var devices: [Device] = []
  package var links: [Link] = []
  package var meetings: Meetings?
  package var groups: [Group] = []
  package var writings: [Writing] = []
  package var faults: [Fault] = []
  package var variety: Variety?

  package init(name: String) { self.name = name }
}
