/// A reason a card cannot be made or accepted.
@nonexhaustive
public enum CardError: Error, Equatable {
  /// It does not start as a card does.
  case notACard
  /// It ends too early; `offset` counts bytes from its start.
  case truncated(offset: Int)
  /// Bytes follow where it should end.
  case trailingBytes
  /// It is longer than any card.
  case tooLong
  /// A text form with a wrong character or checksum.
  case misspelt
  /// Its signature is not its own.
  case notAuthentic
  /// Its sealing key is of low order: what is sealed for it, everyone could open.
  case weakKey
  /// The name is empty, over 64 bytes, not UTF-8, or has control or format characters.
  case badName
}

extension CardError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notACard: "not a card"
    case .truncated(let offset): "a card cut short at byte \(offset)"
    case .trailingBytes: "a card with something after its end"
    case .tooLong: "longer than any card"
    case .misspelt: "a card with a wrong or missing character"
    case .notAuthentic: "a card whose signature is not its own"
    case .weakKey: "a card with a key that protects nothing"
    case .badName:
      "a name is 1 to \(Card.nameLimit) bytes of UTF-8 without control or format characters"
    }
  }
}
