internal import CSodium

/// Secret bytes that are wiped when the last reference goes, and never printed.
package final class SecretKey: Sendable {
  package static let byteCount = 32

  // Written in the initializer only, so sharing it between threads is safe.
  nonisolated(unsafe) private let storage: UnsafeMutablePointer<UInt8>

  /// Takes exactly 32 bytes; anything else is nil.
  package convenience init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == SecretKey.byteCount else { return nil }
    self.init { storage in
      for (index, byte) in bytes.enumerated() { storage[index] = byte }
    }
  }

  /// Thirty-two fresh random bytes.
  package static func random(from random: any RandomSource) -> SecretKey {
    SecretKey { storage in
      random.fill(UnsafeMutableRawBufferPointer(start: storage, count: byteCount))
    }
  }

  init(filling fill: (UnsafeMutablePointer<UInt8>) -> Void) {
    storage = .allocate(capacity: SecretKey.byteCount)
    storage.initialize(repeating: 0, count: SecretKey.byteCount)
    fill(storage)
  }

  deinit {
    sodium_memzero(storage, SecretKey.byteCount)
    storage.deallocate()
  }

  func withBytes<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
    // The storage goes with the last reference, which the body does not hold.
    withExtendedLifetime(self) { body(UnsafePointer(storage)) }
  }

  /// A copy that the caller has to keep secret and ``Secrets/wipe(_:)``: for sealing the key
  /// itself, nothing else.
  package func exposedBytes() -> [UInt8] {
    withBytes { Array(UnsafeBufferPointer(start: $0, count: SecretKey.byteCount)) }
  }

  /// A key for one purpose, derived from this one.
  package func derived(_ label: Label) -> SecretKey {
    derived(label, over: [])
  }

  /// A key for one purpose and one context, derived from this one.
  package func derived(_ label: Label, over context: [UInt8]) -> SecretKey {
    SecretKey { storage in
      var hasher = LabelledHasher(label, key: self)
      hasher.update(context.span.bytes)
      hasher.finish(into: storage)
    }
  }
}

extension SecretKey: CustomStringConvertible {
  package var description: String { "(secret)" }
}
