package import MartletSeal
package import MartletWire

/// A summary that its author signed, and what it says of our log.
package struct KnownSummary: Equatable, Sendable {
  package var signed: SignedSummary
  /// When it came, in ``GroupLogState/summarySequence``.
  package var sequence: UInt64
  /// Peers that passed on this very summary; at most ``sourceLimit``.
  package var sources: Set<DeviceID> = []
  /// Our positions at or below its heads.
  package var delivered = Intervals()
  /// Heads, and parents of what is delivered, that are not in our log; at most ``missingLimit``.
  package var missing: [ObjectID] = []

  package init(_ signed: SignedSummary, sequence: UInt64) {
    self.signed = signed
    self.sequence = sequence
    missing = signed.summary.heads
  }

  package static let sourceLimit = 4
  /// The most ids in ``missing``.
  package static let missingLimit = 256
}
