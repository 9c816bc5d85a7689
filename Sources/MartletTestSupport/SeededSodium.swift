internal import CSodium
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Lets a seed replay what libsodium draws from its own generator, such as the one-time keys of
/// sealed boxes: for tests, and on the threads that ask for it alone.
package enum SeededSodium {
  private static let generators = Mutex<[UInt: SeededRandom]>([:])
  private static let isInstalled: Bool = {
    // It draws as well, the first time: what that takes would be missing in the first run alone.
    guard sodium_init() >= 0 else { return false }
    // As long as the process: libsodium keeps the pointer.
    let implementation = UnsafeMutablePointer<randombytes_implementation>.allocate(capacity: 1)
    var made = randombytes_implementation()
    made.implementation_name = { UnsafePointer(SeededSodium.name) }
    made.random = { UInt32(truncatingIfNeeded: SeededSodium.next()) }
    made.buf = { buffer, count in
      guard let buffer else { return }
      let bytes = UnsafeMutableRawBufferPointer(start: buffer, count: count)
      for index in bytes.indices {
        bytes[index] = UInt8(truncatingIfNeeded: SeededSodium.next() >> 32)
      }
    }
    implementation.initialize(to: made)
    return randombytes_set_implementation(implementation) == 0
  }()
  private nonisolated(unsafe) static let name = strdup("seeded")

  /// Of the thread's own generator; of the system's where it has none.
  private static func next() -> UInt64 {
    let here = thread
    if let random = generators.withLock({ $0[here] }) { return random.next() }
    var system = SystemRandomNumberGenerator()
    return system.next()
  }

  private static var thread: UInt { UInt(truncatingIfNeeded: pthread_self()) }

  /// What libsodium draws on this thread while `body` runs comes from `random`.
  package static func drawing<Result>(
    from random: SeededRandom, _ body: () throws -> Result
  ) rethrows -> Result {
    precondition(isInstalled, "libsodium takes no other generator")
    let here = thread
    let before = generators.withLock { $0.updateValue(random, forKey: here) }
    defer { generators.withLock { $0[here] = before } }
    return try body()
  }
}
