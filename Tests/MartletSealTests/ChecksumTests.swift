import MartletSeal
import Testing

@Suite("XXH64")
struct ChecksumTests {
  /// Of the bytes 0, 1, 2 and so on, with seed 7; made with the `xxhash` package of Python.
  static let known: [(count: Int, checksum: UInt64)] = [
    (0, 0x95F0_626F_6F0A_4409),
    (1, 0xD90D_F86C_76F5_2E13),
    (3, 0x5AB1_2304_78CA_6310),
    (4, 0x6AE4_9716_2D06_10D7),
    (7, 0x5464_0963_B8C7_7FA9),
    (8, 0x3072_F8C5_CBA4_3E9A),
    (31, 0x0BDB_BCAE_AD6C_6E56),
    (32, 0xA597_2D57_C4AE_A230),
    (36, 0x0DA4_FB0B_104F_18DA),
    (63, 0x379E_EAB4_056E_3988),
    (64, 0x3C65_D180_9A38_A9BF),
    (96, 0xCA2F_2DFC_94C5_BFB6),
    (104, 0x33CA_3FB1_79AE_FD0D),
  ]

  @Test("of short texts is what it is elsewhere")
  func texts() {
    #expect(Checksum.of([UInt8]().span.bytes, seed: 0) == 0xEF46_DB37_51D8_E999)
    #expect(Checksum.of(Array("a".utf8).span.bytes, seed: 0) == 0xD24E_C4F1_A98C_6E5B)
    #expect(Checksum.of(Array("abc".utf8).span.bytes, seed: 0) == 0x44BC_2CF5_AD77_0999)
  }

  @Test("of bytes with a seed is what it is elsewhere", arguments: known)
  func bytes(count: Int, checksum: UInt64) {
    let bytes = (0..<count).map { UInt8($0) }
    #expect(Checksum.of(bytes.span.bytes, seed: 7) == checksum)
  }

  @Test("changes with every bit of an entry's length")
  func everyBit() {
    let bytes = (0..<96).map { UInt8($0) }
    var seen: Set<UInt64> = [Checksum.of(bytes.span.bytes, seed: 1)]
    for bit in 0..<96 * 8 {
      var changed = bytes
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      seen.insert(Checksum.of(changed.span.bytes, seed: 1))
    }
    #expect(seen.count == 96 * 8 + 1)
  }
}
