/// The greatest of everything that comes from outside, checked before any allocation.
package enum Limits {
  /// Bytes of an object.
  package static let objectByteCount = 8 << 20
  /// Bytes of a manifest with its sections.
  package static let manifestByteCount = 16 << 20
  /// Parents of a message.
  package static let parentCount = 64
  /// Boxes of a grant.
  package static let boxCount = 4096
  /// Recipients of a bundle.
  package static let recipientCount = 256
  /// Groups in one bundle.
  package static let groupCount = 65_536
  /// Runs of positions in one log of a bundle.
  package static let runCount = 262_144
  /// Members of a group, and heads that a summary lists.
  package static let memberCount = 4096
  package static let headCount = 64
  /// Bytes of a signed summary.
  package static let summaryByteCount = 8192
}
