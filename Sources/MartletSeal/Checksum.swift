/// XXH64: against accidents, for small things that are read by the million.
package enum Checksum {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  package static func of(_ bytes: RawSpan, seed: UInt64) -> UInt64 {
    let count = bytes.byteCount
    var at = 0
    var hash: UInt64
    if count >= 32 {
      var lanes = (
        seed &+ prime1 &+ prime2, seed &+ prime2, seed, seed &- prime1
      )
      while count - at >= 32 {
        lanes.0 = round(lanes.0, bytes.number64(at: at))
        lanes.1 = round(lanes.1, bytes.number64(at: at + 8))
        lanes.2 = round(lanes.2, bytes.number64(at: at + 16))
        lanes.3 = round(lanes.3, bytes.number64(at: at + 24))
        at += 32
      }
      hash = rotated(lanes.0, 1) &+ rotated(lanes.1, 7)
      hash = hash &+ rotated(lanes.2, 12) &+ rotated(lanes.3, 18)
      hash = merged(merged(merged(merged(hash, lanes.0), lanes.1), lanes.2), lanes.3)
    } else {
      hash = seed &+ prime5
    }
    hash = hash &+ UInt64(count)
    while count - at >= 8 {
      hash ^= round(0, bytes.number64(at: at))
      hash = rotated(hash, 27) &* prime1 &+ prime4
      at += 8
    }
    if count - at >= 4 {
      hash ^= UInt64(bytes.number32(at: at)) &* prime1
      hash = rotated(hash, 23) &* prime2 &+ prime3
      at += 4
    }
    while at < count {
      hash ^= UInt64(bytes.byte(at: at)) &* prime5
      hash = rotated(hash, 11) &* prime1
      at += 1
    }
    hash = (hash ^ hash >> 33) &* prime2
    hash = (hash ^ hash >> 29) &* prime3
    return hash ^ hash >> 32
  }

  private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    rotated(lane &+ word &* prime2, 31) &* prime1
  }

  private static func merged(_ hash: UInt64, _ lane: UInt64) -> UInt64 {
    (hash ^ round(0, lane)) &* prime1 &+ prime4
  }

  private static func rotated(_ word: UInt64, _ count: UInt64) -> UInt64 {
    word << count | word >> (64 - count)
  }
}
