public import MartletSeal

public enum ObjectKind: Sendable {}
/// Names an object: BLAKE2b-256 of its bytes.
public typealias ObjectID = Identifier<ObjectKind>

public enum GroupKind: Sendable {}
/// Names a group.
public typealias GroupID = Identifier<GroupKind>

public enum KeyKind: Sendable {}
/// Names a group key: BLAKE2b-256 of it.
public typealias KeyID = Identifier<KeyKind>

public enum InstanceKind: Sendable {}
/// Names one life of a store, between restores and copies. Random.
public typealias InstanceID = Identifier<InstanceKind>

/// Which of a group's two logs: a film never blocks a chat line.
public enum ObjectClass: UInt8, Hashable, Comparable, Sendable, CaseIterable {
  case messages = 1
  case blobs = 2

  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Names a group log.
package struct LogID: Hashable, Comparable, Sendable {
  package let group: GroupID
  package let objectClass: ObjectClass

  package init(group: GroupID, objectClass: ObjectClass) {
    self.group = group
    self.objectClass = objectClass
  }

  package static func < (left: LogID, right: LogID) -> Bool {
    (left.group, left.objectClass) < (right.group, right.objectClass)
  }
}

/// Names one numbering of a log; 16 random bytes.
package struct EpochID: Hashable, Comparable, Sendable {
  package let high: UInt64
  package let low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Takes exactly 16 bytes; anything else is nil.
  package init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == 16 else { return nil }
    high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    low = bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  package init(random: any RandomSource) {
    let bytes = random.bytes(16)
    high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    low = bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  package var bytes: [UInt8] {
    [high, low].flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
    }
  }

  package static func < (left: EpochID, right: EpochID) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }
}
