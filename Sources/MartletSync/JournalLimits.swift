/// How much is kept of one peer; beyond it, knowledge is forgotten.
///
/// What is forgotten is sent, asked or told again. Nothing is ever taken for held that is not.
package struct JournalLimits: Equatable, Sendable {
  /// Intervals of one set of positions of one log.
  package var intervals = 65_536
  /// Runs of positions that are the same in two logs.
  package var pairs = 65_536
  /// Pending objects of one log.
  package var unplaced = 131_072
  /// Ids of one log that a peer lost or asked for.
  package var ids = 65_536
  /// Bundles sent to one peer and not acknowledged, and the intervals of all of them.
  package var sentBundles = SentBundle.limit
  package var sentIntervals = 65_536
  /// Objects of one log that a peer offered.
  package var offered = 4096

  package init() {}
}
