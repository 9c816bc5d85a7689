package import MartletSeal

/// The running hash of a group log: what stands in it up to a position, in that order.
package struct Chain: Hashable, Sendable {
  package let digest: Digest

  /// The chain of an empty log.
  package static let empty = Chain(.zero)

  package init(_ digest: Digest) { self.digest = digest }

  /// The chain after one more entry: `chain_k = H(chain_{k-1} || id_k)`.
  package func extended(by id: ObjectID) -> Chain {
    Chain(Hash.labelled(.chain, digest, id.digest))
  }

  /// The four bytes that a receipt carries of it.
  package var tail: UInt32 {
    digest.bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
  }
}
