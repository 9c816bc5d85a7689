package import MartletSeal

package enum ContentHashKind: Sendable {}
/// Names a file's content within a group.
///
/// A file of less than ``ContentHash/sharedLimit`` bytes by its bytes; a longer one by the hashes of
/// the chunks it is cut into, which takes no second look at them.
package typealias ContentHash = Identifier<ContentHashKind>

extension Identifier where Kind == ContentHashKind {
  /// Files shorter than this share blobs; one as long or longer has its own.
  package static var sharedLimit: UInt64 { 1 << 20 }

  /// Of a file shorter than ``sharedLimit``.
  package init(short bytes: [UInt8]) { self.init(Hash.labelled(.fileContent, bytes)) }
}

/// The hash of a file of ``ContentHash/sharedLimit`` bytes or more, chunk by chunk.
package struct LongContentHasher: ~Copyable {
  private var hasher = LabelledHasher(.fileChunks)

  package init() {}

  package static func hash(chunk: [UInt8]) -> Digest { Hash.labelled(.fileChunk, chunk) }

  /// Takes the hash of the next chunk.
  package mutating func update(_ chunk: Digest) { hasher.update(chunk) }

  package consuming func finish() -> ContentHash { ContentHash(hasher.finish()) }
}
