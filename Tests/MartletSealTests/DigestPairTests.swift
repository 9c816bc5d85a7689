import MartletSeal
import MartletTestSupport
import Testing

@Suite("The hash of two digests")
struct DigestPairTests {
  @Test("is that of their bytes, for every label", arguments: Label.allCases)
  func sameHash(label: Label) {
    let random = SeededRandom(seed: 5)
    let (first, second) = (random.digest(), random.digest())
    #expect(
      Hash.labelled(label, first, second) == Hash.labelled(label, first.bytes, second.bytes))
  }
}
