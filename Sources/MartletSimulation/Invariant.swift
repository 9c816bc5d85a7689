/// What must hold in every run, whatever happens.
package enum Invariant: String, Hashable, Sendable, CaseIterable {
  /// Nothing that was acknowledged is ever lost, save by a fault of the disk that is known of.
  case acknowledgedIsKept = "acknowledged-is-kept"
  /// Honest devices that exchange bundles come to hold the same.
  case exchangingConverges = "exchanging-converges"
  /// No receipt covers what is not held.
  case receiptsAreTrue = "receipts-are-true"
  /// No position of one epoch names two objects.
  case positionsAreUnique = "positions-are-unique"
  /// No number of one instance to one peer names two bundles.
  case numbersAreUnique = "numbers-are-unique"
  /// A lost bundle costs time, not data.
  case lossCostsTimeOnly = "loss-costs-time-only"
  /// Devices that hold the same messages show the same: each once, parents before children.
  case viewsAgree = "views-agree"
  /// Everything comes to rest: there is an end to what is said of what is known.
  case comesToRest = "comes-to-rest"
  /// Nobody is thought to have delivered what was never shown there.
  case deliveriesAreTrue = "deliveries-are-true"
  /// In the end every member knows what all others have delivered.
  case deliveriesAreKnown = "deliveries-are-known"
  /// Nothing that comes from outside makes a device fail.
  case nothingFails = "nothing-fails"
}

/// An invariant that did not hold.
package struct Violation: Hashable, Sendable, CustomStringConvertible {
  package var invariant: Invariant
  /// Seconds from the start.
  package var time: UInt64
  package var words: String

  package var description: String { "\(invariant.rawValue) at \(time) s: \(words)" }
}
