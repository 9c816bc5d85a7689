/// A reason a compressed block cannot be decoded.
@nonexhaustive
package enum CompressionError: Error, Equatable {
  /// The block, or what it claims to decode to, is longer than `limit` bytes.
  case tooLarge(limit: Int)
  /// The bytes are no block of the declared decoded length.
  case malformed
}

extension CompressionError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tooLarge(let limit): "compressed block over the limit of \(limit) bytes"
    case .malformed: "damaged compressed block"
    }
  }
}
