import MartletSeal
import MartletTestSupport
import MartletWire
import Testing

@Suite("Manifests and sections")
struct ManifestCodingTests {
  let random = SeededRandom(seed: 7)

  func manifest() throws -> Manifest {
    let card = try Card(identity: Identity(random: random), name: "laptop", created: 5)
    let mark = ChainMark(position: 7, chain: Chain(random.digest()))
    let run = Run(range: 3..<7, chainBefore: Chain(random.digest()), marks: [mark])
    let log = LogID(group: GroupID(random.digest()), objectClass: .messages)
    let carried = CarriedLog(
      log: log, keys: [KeyID(random.digest())], runs: [run], absent: [ObjectID(random.digest())])
    return Manifest(
      card: card, recipients: [DeviceID(random.digest())], sectionHashes: [random.digest()],
      headerHash: random.digest(), instance: InstanceID(random.digest()),
      retired: [InstanceID(random.digest())], created: 9, logs: [carried], recordCount: 4,
      recordByteCount: 1000)
  }

  func section() -> Section {
    let receipt = Receipt(
      lineage: Lineage(epoch: EpochID(random: random)), held: Intervals([0..<3, 5..<9]),
      chainTails: [9: 0x0102_0304])
    var log = SectionLog(
      log: LogID(group: GroupID(random.digest()), objectClass: .blobs), length: 12,
      lineage: Lineage(epoch: EpochID(random: random)),
      have: [
        HaveRun(
          range: 1..<2, theirs: 4, epoch: EpochID(random: random), chainBefore: .empty,
          chainAfter: Chain(random.digest()))
      ],
      void: [VoidRun(range: 2..<6, chainBefore: .empty, chainAfter: Chain(random.digest()))],
      receipt: receipt, lost: [ObjectID(random.digest())], requests: [ObjectID(random.digest())])
    log.offers = [
      OfferRun(
        start: 7, chainBefore: Chain(random.digest()),
        items: [
          .init(id: ShortID(ObjectID(random.digest())), byteCount: 0),
          .init(id: ShortID(ObjectID(random.digest())), byteCount: 1 << 40),
        ], isOnRequest: true),
      OfferRun(
        start: 9, chainBefore: .empty,
        items: [.init(id: ShortID(ObjectID(random.digest())), byteCount: 9)], isOnRequest: false),
    ]
    log.requested = Intervals([1..<2, 4..<5])
    log.declined = Intervals([10..<300])
    log.summaries = [summary(heads: 1), summary(heads: 65)]
    return Section(
      number: 3, echo: .init(instance: InstanceID(random.digest()), number: 2), logs: [log],
      answeredAbsent: [ObjectID(random.digest())])
  }

  func summary(heads: Int) -> SignedSummary {
    let summary = Summary(
      device: DeviceID(random.digest()), instance: InstanceID(random.digest()), number: 2,
      count: 70, allHeads: (0..<heads).map { _ in ObjectID(random.digest()) })
    return SignedSummary(summary, signature: random.bytes(SignedSummary.signatureByteCount))
  }

  @Test("read back as they were written")
  func roundTrip() throws {
    let manifest = try manifest()
    #expect(try Manifest(decoding: manifest.encoded) == manifest)
    let section = section()
    #expect(try Section(decoding: section.encoded) == section)
  }

  @Test("are refused at every shorter length and with trailing or unknown bytes")
  func lengths() throws {
    let bytes = try manifest().encoded
    for length in bytes.indices {
      // Some prefixes are a canonical message that says less; none says the same.
      if let read = try? Manifest(decoding: Array(bytes.prefix(length))) {
        #expect(read.encoded.count == length)
      }
    }
    #expect(throws: WireError.self) { try Manifest(decoding: bytes + [0]) }
    #expect(throws: WireError.notCanonical) { try Manifest(decoding: bytes + [0xF8, 0x01, 0x01]) }
    let section = section().encoded
    #expect(throws: WireError.notCanonical) { try Section(decoding: section + [0xF8, 0x01, 0x01]) }
  }

  @Test("read differently, or not at all, with any bit changed")
  func bits() throws {
    let manifest = try manifest()
    let bytes = manifest.encoded
    let section = section()
    let sectionBytes = section.encoded
    for bit in 0..<bytes.count * 8 {
      var altered = bytes
      altered[bit / 8] ^= 1 << UInt8(bit % 8)
      if let read = try? Manifest(decoding: altered) { #expect(read != manifest, "bit \(bit)") }
    }
    for bit in 0..<sectionBytes.count * 8 {
      var altered = sectionBytes
      altered[bit / 8] ^= 1 << UInt8(bit % 8)
      if let read = try? Section(decoding: altered) { #expect(read != section, "bit \(bit)") }
    }
  }

  @Test("refuse runs that overlap and marks that stop short")
  func badRuns() throws {
    var manifest = try manifest()
    manifest.logs[0].runs[0].range = 3..<8
    #expect(throws: WireError.badField("marks")) { try Manifest(decoding: manifest.encoded) }
    manifest = try self.manifest()
    manifest.logs[0].runs.append(manifest.logs[0].runs[0])
    #expect(throws: WireError.badField("runs")) { try Manifest(decoding: manifest.encoded) }
  }

  @Test("refuse offers that overlap, and two summaries of one device")
  func badLists() throws {
    var section = section()
    section.logs[0].offers[1].start = 8
    #expect(throws: WireError.badField("offers")) { try Section(decoding: section.encoded) }
    section = self.section()
    section.logs[0].summaries[1].summary.device = section.logs[0].summaries[0].summary.device
    #expect(throws: WireError.badField("summaries")) { try Section(decoding: section.encoded) }
  }

  @Test("say which chains of a receipt are known, whatever is", arguments: 1...64)
  func tails(seed: UInt64) throws {
    let random = SeededRandom(seed: seed)
    var section = section()
    for _ in 0..<50 {
      var receipt = Receipt(
        lineage: Lineage(epoch: EpochID(random: random)), held: Intervals(), chainTails: [:])
      for index in 0..<UInt64(random.below(9)) {
        receipt.held.insert(index * 10..<index * 10 + 1 + UInt64(random.below(8)))
      }
      for range in receipt.held.ranges where random.chance(0.75) {
        receipt.chainTails[range.upperBound] = UInt32(truncatingIfNeeded: random.next())
      }
      section.logs[0].receipt = receipt
      #expect(try Section(decoding: section.encoded).logs[0].receipt == receipt, "seed \(seed)")
    }
  }
}
