/// The bytes of the file that keeps an identity.
///
/// Open: `"MID1"` · 0 · seed 32 · check 8.
/// Locked: `"MID1"` · 1 · operations 4 · memory in KiB 4 · salt 16 · nonce 24 · sealed seed 48 ·
/// check 8. Numbers are little-endian; the check is a labelled hash of all before it.
package enum IdentityFile {
  static let magic = Array("MID1".utf8)
  static let checkByteCount = 8
  static let headerByteCount =
    4 + 1 + 4 + 4 + Passphrase.saltByteCount
    + AuthenticatedCipher.nonceByteCount
  /// The length without a passphrase.
  package static let openByteCount = 4 + 1 + SecretKey.byteCount + checkByteCount
  /// The length with a passphrase, which is the longest.
  package static let lockedByteCount =
    headerByteCount + SecretKey.byteCount + AuthenticatedCipher.overhead + checkByteCount

  /// The bytes without a passphrase. They are secret: write them for the owner only, then
  /// ``Secrets/wipe(_:)`` them.
  package static func encode(_ identity: Identity) -> [UInt8] {
    var bytes: [UInt8] = []
    // No reallocation may leave a copy of the seed behind.
    bytes.reserveCapacity(openByteCount)
    bytes += magic
    bytes.append(0)
    identity.seed.withBytes { seed in
      bytes.append(contentsOf: UnsafeBufferPointer(start: seed, count: SecretKey.byteCount))
    }
    bytes.append(contentsOf: check(bytes.span.bytes))
    return bytes
  }

  /// The bytes locked with a passphrase. Costs as much time and memory as `cost` says.
  ///
  /// - Throws: ``IdentityFileError/tooCostly(operations:memoryKiB:)`` for a cost no reader would
  ///   pay, ``IdentityFileError/noMemory`` if this machine has too little.
  package static func encode(
    _ identity: Identity, passphrase: Passphrase, cost: PassphraseCost = .standard,
    random: any RandomSource
  ) throws(IdentityFileError) -> [UInt8] {
    guard cost.isPayable else {
      throw .tooCostly(operations: cost.operations, memoryKiB: cost.memoryKiB)
    }
    let salt = random.bytes(Passphrase.saltByteCount)
    let nonce = random.bytes(AuthenticatedCipher.nonceByteCount)
    guard let key = passphrase.key(salt: salt, cost: cost) else { throw .noMemory }
    let header =
      magic + [1] + encode(cost.operations) + encode(cost.memoryKiB) + salt + nonce
    var seed = identity.seed.exposedBytes()
    defer { Secrets.wipe(&seed) }
    let sealed = AuthenticatedCipher.seal(
      seed.span.bytes, associated: header.span.bytes, nonce: nonce, key: key)
    let bytes = header + sealed
    return bytes + check(bytes.span.bytes)
  }

  /// Whether a file asks for a passphrase, as far as its first bytes tell.
  package static func isLocked(_ bytes: [UInt8]) -> Bool {
    bytes.count == lockedByteCount && bytes.starts(with: magic + [1])
  }

  /// Reads either form. A passphrase given for an open file is not looked at. The bytes of an
  /// open file stay secret: the caller wipes them with ``Secrets/wipe(_:)``.
  ///
  /// Damage is told from a wrong passphrase, and found before a passphrase is tried; cost
  /// parameters meet ``PassphraseCost/limit`` before time or memory is spent.
  package static func decode(
    _ bytes: [UInt8], passphrase: Passphrase? = nil
  ) throws(IdentityFileError) -> Identity {
    guard bytes.count <= lockedByteCount else { throw .damaged }
    guard bytes.starts(with: magic) else { throw .notAnIdentityFile }
    guard bytes.count >= openByteCount,
      check(bytes.span.bytes.extracting(droppingLast: checkByteCount))
        == Array(bytes.suffix(checkByteCount))
    else { throw .damaged }
    switch (bytes[4], bytes.count) {
    case (0, openByteCount):
      guard let seed = SecretKey(bytes[5..<5 + SecretKey.byteCount]) else { throw .damaged }
      return Identity(seed: seed)
    case (1, lockedByteCount): return try unlock(bytes, passphrase: passphrase)
    default: throw .damaged
    }
  }

  private static func unlock(
    _ bytes: [UInt8], passphrase: Passphrase?
  ) throws(IdentityFileError) -> Identity {
    let cost = PassphraseCost(operations: number(bytes[5..<9]), memoryKiB: number(bytes[9..<13]))
    guard cost.isPayable else {
      throw .tooCostly(operations: cost.operations, memoryKiB: cost.memoryKiB)
    }
    guard let passphrase else { throw .passphraseNeeded }
    guard let key = passphrase.key(salt: Array(bytes[13..<29]), cost: cost) else {
      throw .noMemory
    }
    let header = Array(bytes[..<headerByteCount])
    let sealed = Array(bytes[headerByteCount..<bytes.count - checkByteCount])
    let nonce = Array(bytes[29..<53])
    // Bound once: a second reference would make the wiping work on a copy.
    guard
      var seedBytes = AuthenticatedCipher.open(
        sealed.span.bytes, associated: header.span.bytes, nonce: nonce, key: key)
    else { throw .wrongPassphrase }
    defer { Secrets.wipe(&seedBytes) }
    guard let seed = SecretKey(seedBytes) else { throw .damaged }
    return Identity(seed: seed)
  }

  // A span, because the bytes may be secret and a copy would not be wiped.
  private static func check(_ bytes: RawSpan) -> [UInt8] {
    var hasher = LabelledHasher(.identityFile)
    hasher.update(bytes)
    return Array(hasher.finish().bytes.prefix(checkByteCount))
  }

  private static func encode(_ number: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * UInt32($0))) }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
}

/// A reason an identity file cannot be made or read.
@nonexhaustive
package enum IdentityFileError: Error, Equatable {
  /// It does not start as an identity file does.
  case notAnIdentityFile
  /// Some of its bytes were altered, cut off or added.
  case damaged
  /// It is locked and no passphrase was given.
  case passphraseNeeded
  /// It is whole, and locked with another passphrase.
  case wrongPassphrase
  /// It asks for more time or memory than ``PassphraseCost/limit``, or less than Argon2id takes.
  case tooCostly(operations: UInt32, memoryKiB: UInt32)
  /// The memory its passphrase costs is not to be had here.
  case noMemory
}

extension IdentityFileError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notAnIdentityFile: "not an identity file"
    case .damaged: "an identity file that was altered or cut short"
    case .passphraseNeeded: "an identity file that needs its passphrase"
    case .wrongPassphrase: "not the passphrase of this identity file"
    case .tooCostly(let operations, let memoryKiB):
      "an identity file whose passphrase costs \(operations) passes over \(memoryKiB) KiB, "
        + "which is out of bounds"
    case .noMemory: "too little memory to try the passphrase of this identity file"
    }
  }
}
