package import MartletWire

/// What reading a store again from end to end has found.
package struct StoreVerification: Sendable {
  /// Objects that were read and hashed, and their bytes.
  package internal(set) var objectCount: UInt64 = 0
  package internal(set) var byteCount: UInt64 = 0
  /// What is not as it was written, what opening the store found included.
  package internal(set) var damage: [StoreDamage] = []
  /// Objects that a log names and that are nowhere to be had.
  package internal(set) var lost: [(log: LogID, position: UInt64, id: ObjectID)] = []
  /// Of the objects that were said to be held besides, those that are nowhere to be had.
  package internal(set) var lostHeld: [ObjectID] = []
  /// Whether it was stopped: what was not read is not judged.
  package internal(set) var wasStopped = false
}
