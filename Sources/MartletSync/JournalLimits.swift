/// How much is kept of one peer; beyond it, knowledge is forgotten.
///
/// What is forgotten is sent, asked or told again. Nothing is ever taken for held that is not.
package struct JournalLimits: Equatable, Sendable {
  /// Intervals of one set of positions of one log.
  package var intervals = 65_536
  /// Runs of positions that are the same in two logs.
  package var pairs = 65_536
  /// Of those, beyond this many the ones that the peer has acknowledged are kept as one.
  package var acknowledgedPairs = 4096
  /// Pending objects of one log.
  package var unplaced = 131_072
  /// Ids of one log that a peer lost or asked for.
  package var ids = 65_536
  /// Bundles sent to one peer and not acknowledged, and the intervals of all of them.
  package var sentBundles = SentBundle.limit
  package var sentIntervals = 65_536
  /// Objects of one log that a peer offered.
  package var offered = 4096

  /// Entries of all logs together: some 32 bytes each.
  package var entries = 786_432

  package init() {}

  /// Half of everything of one log.
  func halved() -> JournalLimits {
    var limits = self
    limits.intervals /= 2
    limits.pairs /= 2
    limits.unplaced /= 2
    limits.ids /= 2
    limits.offered /= 2
    return limits
  }
}
