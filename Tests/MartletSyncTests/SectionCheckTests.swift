import MartletSeal
import MartletSync
import MartletTestSupport
import MartletWire
import Testing

@Suite("Numbers from outside")
struct SectionCheckTests {
  let random = SeededRandom(seed: 7)

  @Test("are refused where no honest device writes them", arguments: 0..<7)
  func refused(which: Int) throws {
    let log = LogID(group: GroupID(random.digest()), objectClass: .messages)
    let lineage = Lineage(epoch: EpochID(random: random))
    var said = SectionLog(
      log: log, length: 10, lineage: lineage, have: [], void: [], receipt: nil, lost: [],
      requests: [])
    var section = Section(number: 1, echo: nil, logs: [said], answeredAbsent: [])
    try section.check(carried: [])
    func void(_ range: Range<UInt64>) -> VoidRun {
      VoidRun(range: range, chainBefore: .empty, chainAfter: .empty)
    }
    switch which {
    case 0: section.number = 0
    case 1: section.number = .max
    case 2: section.logs.append(said)
    case 3: said.length = .max
    case 4: said.void = [void(5..<11)]
    case 5: said.void = [void(3..<6), void(5..<7)]
    default:
      said.receipt = Receipt(
        lineage: lineage, held: Intervals(0..<UInt64.max), chainTails: [UInt64.max: 0])
    }
    section.logs[0] = said
    #expect(throws: SyncError.self) { try section.check(carried: []) }
  }

  @Test("in a journal are refused at every length it can be cut to, or read as something valid")
  func journal() throws {
    var journal = PeerJournal()
    journal.instance = InstanceID(random.digest())
    let log = LogID(group: GroupID(random.digest()), objectClass: .blobs)
    journal.share(log)
    journal.logs[log]?.applied = Intervals(3..<9)
    let bytes = try journal.encoded()
    #expect(try PeerJournal(decoding: bytes) == journal)
    for length in 0..<bytes.count {
      // Any outcome but a trap: checksums are the store's.
      let cut = try? PeerJournal(decoding: Array(bytes.prefix(length)))
      #expect(cut != journal)
    }
  }
}
