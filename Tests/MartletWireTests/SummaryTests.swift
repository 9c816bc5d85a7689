import MartletSeal
import MartletTestSupport
import MartletWire
import Testing

@Suite("Summaries")
struct SummaryTests {
  let random = SeededRandom(seed: 5)

  func summary(_ device: DeviceID, heads count: Int) -> Summary {
    Summary(
      device: device, instance: InstanceID(random.digest()), number: 3, count: 9,
      allHeads: (0..<count).map { _ in ObjectID(random.digest()) })
  }

  @Test(
    "list up to 64 heads, and a hash of all where there are more", arguments: [0, 1, 64, 65, 500])
  func heads(count: Int) throws {
    let all = (0..<count).map { _ in ObjectID(random.digest()) }
    let summary = Summary(
      device: DeviceID(random.digest()), instance: InstanceID(random.digest()), number: 1,
      count: 500, allHeads: all)
    #expect(summary.heads == Array(all.sorted().prefix(64)))
    #expect(summary.headsHash == (count > 64 ? Summary.hash(of: all.sorted()) : nil))
    let signed = SignedSummary(summary, signature: random.bytes(64))
    #expect(try SignedSummary(decoding: signed.encoded) == signed)
  }

  @Test("are believed of the device that signed them, in the group they are of, as they were")
  func signature() throws {
    let identity = Identity(random: random)
    let card = try Card(identity: identity, name: "laptop", created: 1)
    let other = try Card(identity: Identity(random: random), name: "phone", created: 1)
    let group = GroupID(random.digest())
    let signed = SignedSummary(
      summary(card.deviceID, heads: 2), in: group, signing: identity.signing)
    #expect(signed.isSigned(by: card, in: group))
    #expect(!signed.isSigned(by: card, in: GroupID(random.digest())))
    #expect(!signed.isSigned(by: other, in: group))
    let bytes = signed.encoded
    for bit in 0..<bytes.count * 8 {
      var altered = bytes
      altered[bit / 8] ^= 1 << UInt8(bit % 8)
      guard let read = try? SignedSummary(decoding: altered) else { continue }
      #expect(!read.isSigned(by: card, in: group), "bit \(bit)")
    }
  }

  @Test("are refused at every other length")
  func lengths() {
    let bytes = SignedSummary(
      summary(DeviceID(random.digest()), heads: 3), signature: random.bytes(64)
    ).encoded
    for length in bytes.indices {
      // What is left may be a shorter one that nobody signed; it is not the same.
      if let read = try? SignedSummary(decoding: Array(bytes.prefix(length))) {
        #expect(read.encoded.count == length)
      }
    }
    #expect(throws: WireError.self) {
      try SignedSummary(decoding: bytes + [UInt8](repeating: 0, count: 8192))
    }
  }
}
