import MartletSeal
internal import Synchronization

/// A generator that one number determines (SplitMix64): for tests, never for keys.
package final class SeededRandom: RandomSource, Sendable {
  /// Print it where a test fails, and give it back to replay.
  package let seed: UInt64
  private let state: Mutex<UInt64>

  package init(seed: UInt64) {
    self.seed = seed
    state = Mutex(seed)
  }

  package func next() -> UInt64 {
    state.withLock { state in
      state &+= 0x9E37_79B9_7F4A_7C15
      var word = state
      word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
      word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
      return word ^ (word >> 31)
    }
  }

  /// Uniform enough for tests in `0..<bound`.
  package func below(_ bound: Int) -> Int {
    bound <= 1 ? 0 : Int(next() % UInt64(bound))
  }

  /// True once in `1 / chance` calls.
  package func chance(_ chance: Double) -> Bool {
    Double(next() >> 11) / Double(1 << 53) < chance
  }

  package func fill(_ buffer: UnsafeMutableRawBufferPointer) {
    for index in buffer.indices { buffer[index] = UInt8(truncatingIfNeeded: next() >> 32) }
  }
}
