internal import CSodium

/// Wiping what was secret.
package enum Secrets {
  /// Overwrites every byte with zero, in a way the optimizer keeps. The count stays.
  ///
  /// It reaches this array's storage only: wipe before the array is copied, or wipe each copy.
  package static func wipe(_ bytes: inout [UInt8]) {
    let count = bytes.count
    bytes.withUnsafeMutableBytes { buffer in
      if let base = buffer.baseAddress { sodium_memzero(base, count) }
    }
  }

  /// Lends zeroed memory that is wiped afterwards, whatever the body does.
  static func withScratch<Result>(
    byteCount: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Result
  ) -> Result {
    let scratch = UnsafeMutablePointer<UInt8>.allocate(capacity: byteCount)
    scratch.initialize(repeating: 0, count: byteCount)
    defer {
      sodium_memzero(scratch, byteCount)
      scratch.deallocate()
    }
    return body(scratch)
  }
}
