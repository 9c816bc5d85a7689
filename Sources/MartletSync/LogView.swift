package import MartletWire

/// One group log as the engine reads it: the store answers from files, a test from an array.
package protocol LogView {
  /// How many entries the log has.
  var length: UInt64 { get }

  /// The entry at a position below ``length``.
  func id(at position: UInt64) throws(LogReadError) -> ObjectID

  /// The chain of the first `count` entries, `count` at most ``length``.
  func chain(at count: UInt64) throws(LogReadError) -> Chain

  /// Where an object stands in the log; nil while it is pending or unknown.
  func position(of id: ObjectID) throws(LogReadError) -> UInt64?

  /// Whether the object is held and whole here, logged or pending.
  func holds(_ id: ObjectID) throws(LogReadError) -> Bool

  /// The held, logged or pending object whose id begins so; nil if there is none.
  func id(startingWith short: ShortID) throws(LogReadError) -> ObjectID?

  /// The parents of the message at a position below ``length``; none where they cannot be read.
  func parents(at position: UInt64) throws(LogReadError) -> [ObjectID]

  /// Bytes of the objects at positions below ``length``.
  func byteCount(of range: Range<UInt64>) throws(LogReadError) -> UInt64
}

/// A log that could not be read where the engine needed it.
package struct LogReadError: Error, Equatable, CustomStringConvertible {
  package let reason: String

  package init(_ reason: String) { self.reason = reason }

  package var description: String { "cannot read a group log: \(reason)" }
}
