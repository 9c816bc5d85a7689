/// What a run came to, in figures.
package struct Report: Equatable, Sendable {
  package var scenario: String
  package var seed: UInt64
  package var deviceYears = 0.0
  package var messages = 0
  package var contacts = 0
  /// Files written, those that were lost on their way among them.
  package var bundles = 0
  /// Messages in all bundles.
  package var carried = 0
  /// Messages that came to be held somewhere by a bundle.
  package var useful = 0
  /// Bytes of all bundles, and of the messages in them.
  package var bundleBytes: UInt64 = 0
  package var payloadBytes: UInt64 = 0
  /// When every member held every message, before anything was healed; nil if not.
  package var convergedAt: UInt64?
  /// When moreover every device knew so of all its peers; nil if not.
  package var acknowledgedAt: UInt64?
  /// When every member knew that all others had delivered every message; nil if not.
  package var deliveredAt: UInt64?
  /// Members that lacked a message when the time was over, counted for each message.
  package var lacking = 0
  /// Seconds from the writing of a message to its delivery at each other member, ascending.
  package var delays: [UInt64] = []
  /// Seconds from the writing of a message to its being held at each other member, parents or not;
  /// ascending.
  package var arrivals: [UInt64] = []
  /// The most bytes that a device kept of its peers.
  package var peakJournalBytes = 0
  /// The most bytes that the files of a device had.
  package var peakDiskBytes: UInt64 = 0
  /// Messages that somebody keeps and nobody can open: bytes that were damaged where they were stored,
  /// and sent before that was known.
  package var strays = 0
  package var violations: [Violation] = []
  /// A number of all that happened: two runs of the same are told from two that differ by it.
  package var fingerprint: UInt64 = 0

  package init(scenario: String, seed: UInt64) {
    self.scenario = scenario
    self.seed = seed
  }

  /// Messages carried for each that was of use; 1 where nothing goes twice.
  package var copiesPerHop: Double { Double(carried) / Double(max(1, useful)) }

  /// Bytes of bundles that are no message, for each message that was of use; padding among them.
  package var controlBytesPerMessage: Double {
    Double(bundleBytes - min(bundleBytes, payloadBytes)) / Double(max(1, useful))
  }

  /// The delay that so many of all deliveries do not exceed.
  package func delay(percentile: Double) -> UInt64? {
    guard !delays.isEmpty else { return nil }
    let index = Int((Double(delays.count) * percentile / 100).rounded(.up)) - 1
    return delays[max(0, min(index, delays.count - 1))]
  }
}
