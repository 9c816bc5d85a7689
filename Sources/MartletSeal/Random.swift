internal import CSodium

/// Where random bytes come from: the system, or a seeded generator in tests.
package protocol RandomSource: Sendable {
  func fill(_ buffer: UnsafeMutableRawBufferPointer)
}

extension RandomSource {
  package func bytes(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      fill(UnsafeMutableRawBufferPointer(buffer))
      initialized = count
    }
  }

  package func digest() -> Digest {
    Digest { out in fill(UnsafeMutableRawBufferPointer(start: out, count: Digest.byteCount)) }
  }
}

/// libsodium's generator.
package struct SystemRandom: RandomSource {
  package init() { Sodium.start() }

  package func fill(_ buffer: UnsafeMutableRawBufferPointer) {
    if let base = buffer.baseAddress { randombytes_buf(base, buffer.count) }
  }
}

/// Starts the library once.
enum Sodium {
  private static let started: Bool = {
    precondition(sodium_init() >= 0, "libsodium cannot start: no source of randomness")
    return true
  }()

  @inline(__always) static func start() { _ = started }
}
