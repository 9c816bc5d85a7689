package import MartletWire

/// A reason the bytes of an object, or what is sealed in it, cannot be accepted or made.
@nonexhaustive
package enum ObjectError: Error, Equatable {
  /// The bytes do not start with the magic of an object.
  case notAnObject
  /// Longer, or of more parts, than any object may be.
  case tooLarge(limit: Int)
  /// Not the one encoding of anything: cut short, trailing bytes, unknown fields, another order.
  case notCanonical
  /// A field's value breaks a rule of the format; the field is named as in the format.
  case badField(String)
  /// No key of that name is at hand.
  case keyMissing(KeyID)
  /// The sealed bytes do not belong to this header and key.
  case notAuthentic
  /// The payload's tag, lengths, compression or padding are wrong.
  case badPayload
  /// The box opens, and its key is not the one the grant is sealed with.
  case wrongKeyInBox
  /// A public key that no secret can be shared with.
  case unusableKey
}

extension ObjectError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notAnObject: "not an object"
    case .tooLarge(let limit): "over the limit of \(limit)"
    case .notCanonical: "not in the canonical encoding"
    case .badField(let name): "bad value in field \(name)"
    case .keyMissing(let key): "no key \(key)"
    case .notAuthentic: "altered, or sealed under another key"
    case .badPayload: "damaged payload"
    case .wrongKeyInBox: "the key in the box is not the grant's"
    case .unusableKey: "a public key of no use"
    }
  }
}
