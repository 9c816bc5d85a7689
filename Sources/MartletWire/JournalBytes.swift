internal import SwiftProtobuf

/// The bytes of a journal, for those who do not import the library that makes them.
extension Martlet_JournalMessage {
  /// The most bytes of a journal.
  package static let byteLimit = 64 << 20

  /// Nil if the bytes are more than ``byteLimit`` or not a journal.
  package init?(journal bytes: [UInt8]) {
    guard bytes.count <= Self.byteLimit,
      let message = try? Martlet_JournalMessage(serializedBytes: bytes)
    else { return nil }
    self = message
  }

  /// Nil if it is too large for the library.
  package var journalBytes: [UInt8]? { try? serializedBytes() }
}
