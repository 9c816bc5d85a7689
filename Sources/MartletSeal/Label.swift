/// The registry of labels: every use of a hash, a derived key or a signature has its own.
///
/// A label enters BLAKE2b as its personalisation (at most 16 bytes), so that no output made for
/// one purpose can stand for another. Adding a use means adding a case here; a case is never
/// renamed, for its raw value is part of the format.
package enum Label: String, CaseIterable, Sendable {
  /// A device's id, over its two public keys.
  case deviceID = "mrt device id"
  /// What a card's signature covers.
  case card = "mrt card"
  /// The checksum of a card's text form.
  case cardChecksum = "mrt card check"
  /// The 60 digits two people compare.
  case safetyNumber = "mrt safety"
  /// An identity's signing seed, derived from its one seed.
  case signingSeed = "mrt sign seed"
  /// An identity's sealing seed, derived from its one seed.
  case sealingSeed = "mrt seal seed"
  /// The check at the end of an identity file.
  case identityFile = "mrt id file"
  /// The id of a created group.
  case groupID = "mrt group id"
  /// The id of a direct group, from the secret of its pair.
  case directGroupID = "mrt direct id"
  /// The first key of a direct group.
  case directGroupKey = "mrt direct key"
  /// The secret that keys a direct group's chunking.
  case directGroupSecret = "mrt direct sec"
  /// A key's id.
  case keyID = "mrt key id"
  /// What a message's signature covers.
  case message = "mrt message"
  /// The key under which blob nonces are made.
  case blobNonceKey = "mrt blob nkey"
  /// A blob's nonce.
  case blobNonce = "mrt blob nonce"
  /// The gear table of a group's chunking.
  case gearTable = "mrt gear"
  /// The running hash of a group log.
  case chain = "mrt chain"
  /// A bundle's stream key.
  case bundleStream = "mrt stream key"
  /// A bundle's key commitment.
  case bundleCommitment = "mrt commitment"
  /// The hash of a bundle's header.
  case bundleHeader = "mrt header"
  /// What a manifest's signature covers.
  case manifest = "mrt manifest"
  /// The hash by which a manifest binds a section.
  case section = "mrt section"
  /// What a summary's signature covers.
  case summary = "mrt summary"
  /// The hash of all heads of a log, where a summary does not list them all.
  case heads = "mrt heads"
  /// A key sealed to this device in its own store.
  case storedKey = "mrt stored key"
  /// The member list inside a grant.
  case memberList = "mrt members"
  /// The name of a pack.
  case pack = "mrt pack"
  /// The checksum of an entry in a log, journal or commit file.
  case entry = "mrt entry"
  /// The content of a short file in a folder.
  case fileContent = "mrt file"
  /// A chunk of a long file in a folder.
  case fileChunk = "mrt file chunk"
  /// The content of a long file in a folder, over its chunks' hashes.
  case fileChunks = "mrt file chunks"

  /// Lends the 16 bytes of personalisation, padded with zeros. Allocates nothing.
  func withPersonalisation<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
    var bytes: (UInt64, UInt64) = (0, 0)
    var shift: UInt64 = 0
    for byte in rawValue.utf8.prefix(16) {
      if shift < 64 {
        bytes.0 |= UInt64(byte) << shift
      } else {
        bytes.1 |= UInt64(byte) << (shift - 64)
      }
      shift += 8
    }
    bytes = (bytes.0.littleEndian, bytes.1.littleEndian)
    return withUnsafePointer(to: bytes) { pointer in
      pointer.withMemoryRebound(to: UInt8.self, capacity: 16, body)
    }
  }
}
