internal import CSodium

/// What a person types to unlock an identity file; wiped when the last reference goes.
package final class Passphrase: Sendable {
  /// The longest passphrase, in bytes.
  package static let byteLimit = 1024

  package let byteCount: Int
  // Written in the initializer only, so sharing it between threads is safe.
  nonisolated(unsafe) private let storage: UnsafeMutablePointer<UInt8>

  /// Takes 1 to 1024 bytes; anything else is nil. The caller wipes its own copy.
  package init?(_ bytes: [UInt8]) {
    guard (1...Passphrase.byteLimit).contains(bytes.count) else { return nil }
    byteCount = bytes.count
    storage = .allocate(capacity: bytes.count)
    for (index, byte) in bytes.enumerated() { (storage + index).initialize(to: byte) }
  }

  deinit {
    sodium_memzero(storage, byteCount)
    storage.deallocate()
  }

  /// The key this passphrase gives with a salt of 16 bytes, by Argon2id.
  ///
  /// - Returns: nil if the memory that `cost` asks for is not to be had.
  func key(salt: [UInt8], cost: PassphraseCost) -> SecretKey? {
    precondition(salt.count == Passphrase.saltByteCount, "a salt has 16 bytes")
    Sodium.start()
    return withExtendedLifetime(self) {
      var made = false
      let key = SecretKey { output in
        made = storage.withMemoryRebound(to: CChar.self, capacity: byteCount) { characters in
          crypto_pwhash(
            output, UInt64(SecretKey.byteCount), characters, UInt64(byteCount), salt,
            UInt64(cost.operations), Int(cost.memoryKiB) * 1024,
            crypto_pwhash_alg_argon2id13()) == 0
        }
      }
      return made ? key : nil
    }
  }

  static let saltByteCount = 16
}

extension Passphrase: CustomStringConvertible {
  package var description: String { "(secret)" }
}

/// What one guess at a passphrase costs.
package struct PassphraseCost: Hashable, Sendable {
  /// Passes over the memory.
  package let operations: UInt32
  package let memoryKiB: UInt32

  package init(operations: UInt32, memoryKiB: UInt32) {
    self.operations = operations
    self.memoryKiB = memoryKiB
  }

  /// Three passes over 64 MiB.
  package static let standard = PassphraseCost(operations: 3, memoryKiB: 64 * 1024)
  /// The least that Argon2id takes.
  package static let least = PassphraseCost(operations: 1, memoryKiB: 8)
  /// The most that a reader pays for a file it is given: 16 passes, 1 GiB.
  package static let limit = PassphraseCost(operations: 16, memoryKiB: 1024 * 1024)

  var isPayable: Bool {
    (PassphraseCost.least.operations...PassphraseCost.limit.operations).contains(operations)
      && (PassphraseCost.least.memoryKiB...PassphraseCost.limit.memoryKiB).contains(memoryKiB)
  }
}
