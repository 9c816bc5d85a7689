/// A reason the bytes of a message cannot be accepted.
@nonexhaustive
public enum WireError: Error, Equatable {
  /// They are no protobuf message of the kind expected.
  case malformed
  /// They are another encoding than the one that everybody writes, or hold unknown fields.
  case notCanonical
  /// More bytes or elements than the limit allows.
  case tooLarge(limit: Int)
  /// A field that has a value it cannot have.
  case badField(String)
}

extension WireError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed: "not a message of the kind expected"
    case .notCanonical: "not in the one canonical encoding"
    case .tooLarge(let limit): "more than the limit of \(limit)"
    case .badField(let name): "the field \(name) has a value it cannot have"
    }
  }
}
