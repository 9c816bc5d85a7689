import MartletCommands
import MartletFileSystem
import MartletNode
import MartletSeal
import MartletStore
import MartletTestSupport
import MartletWire
import SystemPackage
import Testing

@Suite("Errors as exit codes and words")
struct FailureTests {
  static let evil = "a\u{1B}[2J\u{202E}\nb"
  static let evilPath = FilePath(bytes: Array("/x/".utf8) + [0xFF, 0x1B, 0x0A])
  static let system = FileSystemError(action: "write", path: evilPath, errno: .ioError)
  static let full = FileSystemError(action: "write", path: evilPath, errno: .noSpace)
  static let object = ObjectID(Digest.zero)

  /// Every case of every error that reaches a command, and what it ends with.
  static let table: [(NodeError, Int32)] = [
    (.store(.notAStore(evilPath)), 1), (.store(.alreadyAStore(evilPath)), 1),
    (.store(.unsupportedFormat(evilPath)), 1), (.store(.busy(evilPath)), 75),
    (.store(.readOnly(evilPath)), 1), (.store(.inTransaction(evilPath)), 1),
    (.store(.system(system)), 74), (.store(.system(full)), 73), (.store(.discarded(system)), 74),
    (.store(.discarded(full)), 73), (.store(.outcomeUnknown(system)), 74),
    (.store(.mustReopen(evilPath)), 74), (.store(.damaged(evilPath, offset: 9)), 74),
    (.store(.missing(object)), 74), (.store(.objectDamaged(object, evilPath)), 74),
    (.store(.tooLarge(byteCount: 9, limit: 8)), 73), (.store(.notAName(evil)), 1),
    (.file(system), 74), (.file(full), 73),
    (.passphraseNeeded(evilPath), 77), (.wrongPassphrase(evilPath), 77),
    (.identityDamaged(evilPath), 74), (.copied(evilPath, .moved), 1),
    (.copied(evilPath, .restored), 1), (.copied(evilPath, .otherMachine), 1),
    (.stateDamaged(evil), 74), (.card(.misspelt), 65), (.ownCard, 1), (.nameTaken(evil), 1),
    (.unknownPeer(evil), 1), (.unknownGroup(evil), 1), (.ambiguousGroup(evil), 1),
    (.notAccepted(evil), 1), (.unknownObject(evil), 1),
    (.incomplete(evil, missingBlobs: 2, missingByteCount: 9), 2),
    (.tooLarge(byteCount: 9, limit: 8), 73), (.badText, 65), (.badBundle(evilPath, evil), 65),
    (.notForUs(evilPath), 77),
    (.doesNotReadBack(evilPath), 74), (.badPassphrase, 64), (.notGranted(evil), 1),
    (.archived(evil), 1), (.ambiguousObject(evil), 1), (.noDirectory(evilPath), 69),
    (.gone(evilPath), 69), (.readOnlyMedium(evilPath), 69), (.noRoom(limit: 100, needed: 900), 73),
    (.full(evilPath, needed: 9), 73),
    (.full(evilPath, needed: nil), 73), (.exists(evilPath), 1), (.engine(evil), 1),
    (.interrupted, 130),
  ]

  @Test("follow one table", arguments: 0..<table.count)
  func codes(row: Int) {
    let (error, status) = Self.table[row]
    let failure = Failure(error)
    #expect(failure.status.rawValue == status)
    #expect(!failure.sentence.isEmpty)
    #expect(failure.sentence.first?.isUppercase == false)
    #expect(failure.sentence.last != ".")
    for text in [failure.sentence, failure.hint ?? ""] {
      #expect(!text.unicodeScalars.contains { Escape.isDangerous($0) })
    }
  }

  @Test("are all in that table")
  func complete() {
    // A case that is added makes this fail to compile until it is numbered here and in the table.
    func number(_ error: NodeError) -> Int {
      switch error {
      case .store(let error):
        switch error {
        case .notAStore: 100
        case .alreadyAStore: 101
        case .unsupportedFormat: 102
        case .busy: 103
        case .readOnly: 104
        case .inTransaction: 105
        case .system: 106
        case .discarded: 107
        case .outcomeUnknown: 108
        case .mustReopen: 109
        case .damaged: 110
        case .missing: 111
        case .objectDamaged: 112
        case .tooLarge: 113
        case .notAName: 114
        }
      case .file: 0
      case .passphraseNeeded: 1
      case .wrongPassphrase: 2
      case .identityDamaged: 3
      case .copied: 4
      case .stateDamaged: 5
      case .card: 6
      case .ownCard: 7
      case .nameTaken: 8
      case .unknownPeer: 9
      case .unknownGroup: 10
      case .ambiguousGroup: 11
      case .notAccepted: 12
      case .unknownObject: 13
      case .incomplete: 14
      case .tooLarge: 15
      case .badText: 16
      case .badBundle: 17
      case .notForUs: 18
      case .doesNotReadBack: 20
      case .engine: 21
      case .interrupted: 22
      case .badPassphrase: 23
      case .notGranted: 24
      case .archived: 25
      case .ambiguousObject: 26
      case .noDirectory: 27
      case .gone: 28
      case .readOnlyMedium: 29
      case .full: 30
      case .exists: 19
      case .noRoom: 31
      }
    }
    #expect(Set(Self.table.map { number($0.0) }) == Set(Array(0...31) + Array(100...114)))
  }

  @Test("tell which signal came")
  func signals() {
    #expect(Failure(.interrupted, signal: 2).status.rawValue == 130)
    #expect(Failure(.interrupted, signal: 15).status.rawValue == 143)
  }

  @Test("of the system do not fit, or fail, by their number")
  func system() {
    for (errno, status) in [
      (Errno.noSpace, 73), (.diskQuotaExceeded, 73), (.ioError, 74), (.noSuchFileOrDirectory, 74),
      (.permissionDenied, 74), (.readOnlyFileSystem, 74), (.brokenPipe, 74),
    ] as [(Errno, Int32)] {
      let error = FileSystemError(action: "open", path: "/x", errno: errno)
      #expect(Failure(error).status.rawValue == status)
      #expect(Failure(error).path == "/x")
    }
  }
}

@Suite("The progress bar")
struct ProgressBarTests {
  @Test("waits for a second, then shows at most ten pictures a second, and goes away")
  func patience() {
    let output = Output(width: 80)
    var now: UInt64 = 0
    let bar = ProgressBar(on: output, uptime: { now })
    var shown = 0
    for time in stride(from: UInt64(0), through: 1950, by: 50) {
      now = time
      let before = output.kept.count
      bar.show("exporting", bytes: time, totalBytes: 2000, objects: 1)
      if output.kept.count > before { shown += 1 }
      if time < 1000 { #expect(output.kept.isEmpty) }
    }
    #expect(shown == 10)
    bar.clear()
    #expect(String(decoding: output.kept, as: UTF8.self).hasSuffix("\r\u{1B}[K"))
    let count = output.kept.count
    bar.clear()
    #expect(output.kept.count == count)
  }

  @Test("stays within the terminal at every width", arguments: 1...200)
  func width(columns: Int) {
    for total in [nil, 0, 1, UInt64.max] {
      for bytes in [0, 1, UInt64.max] {
        let line = ProgressBar.line(
          "reading back", bytes: bytes, totalBytes: total, objects: .max, width: columns)
        #expect(line.count < max(1, columns) || line.isEmpty)
      }
    }
  }
}
