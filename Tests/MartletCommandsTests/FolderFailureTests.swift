import MartletCommands
import MartletFileSystem
import MartletFolders
import MartletNode
import SystemPackage
import Testing

@Suite("Errors about folders as exit codes and words")
struct FolderFailureTests {
  private static let evil = FailureTests.evil
  private static let path = FailureTests.evilPath

  /// Every case, and what it ends with.
  static let table: [(FolderError, Int32)] = [
    (.node(.ownCard), 1), (.node(.interrupted), 130), (.file(FailureTests.system), 74),
    (.file(FailureTests.full), 73),
    (.file(FileSystemError(action: "read", path: path, errno: .interrupted)), 130),
    (.stateDamaged(evil), 74), (.unknownFolder(evil), 1), (.ambiguousFolder(evil), 1),
    (.notInAFolder(path), 1), (.keptElsewhere(evil, path), 1), (.overlaps(path, evil), 1),
    (.holdsStore(path), 1), (.noDirectory(path), 64), (.rootMissing(evil, path), 74),
    (.rootReplaced(evil, path), 74), (.manyDeletions(evil, path, missing: 30, of: 40), 74),
    (.unknownVersion(path, evil), 1), (.unknownPath(path), 1),
    (.contentMissing(path, byteCount: 9), 2), (.stands(path), 1),
    (.notWritten(path, evil), 2),
  ]

  @Test("follow one table", arguments: 0..<table.count)
  func codes(row: Int) {
    let (error, status) = Self.table[row]
    let failure = Failure(error)
    #expect(failure.status.rawValue == status)
    #expect(failure.sentence.first?.isUppercase == false)
    #expect(!failure.sentence.isEmpty && failure.sentence.last != ".")
    for text in [failure.sentence, failure.hint ?? ""] {
      #expect(!text.unicodeScalars.contains { Escape.isDangerous($0) })
    }
  }

  @Test("are all in that table")
  func complete() {
    // A case that is added makes this fail to compile until it is numbered here and in the table.
    func number(_ error: FolderError) -> Int {
      switch error {
      case .node: 0
      case .file: 1
      case .stateDamaged: 2
      case .unknownFolder: 3
      case .ambiguousFolder: 4
      case .notInAFolder: 5
      case .keptElsewhere: 6
      case .overlaps: 7
      case .holdsStore: 8
      case .noDirectory: 9
      case .rootMissing: 10
      case .rootReplaced: 11
      case .manyDeletions: 12
      case .unknownVersion: 13
      case .unknownPath: 14
      case .contentMissing: 15
      case .stands: 16
      case .notWritten: 17
      }
    }
    #expect(Set(Self.table.map { number($0.0) }) == Set(0...17))
  }

  @Test("tell how to go on where a disk is not there, or files are meant to be gone")
  func hints() {
    let missing = Failure(FolderError.rootMissing("scans", "/srv/scans"))
    #expect(missing.sentence.contains("nothing was scanned"))
    #expect(missing.hint?.contains("mount its disk") == true)
    #expect(missing.hint?.contains("martlet folder remove scans") == true)
    let many = Failure(FolderError.manyDeletions("scans", "/srv/scans", missing: 30, of: 40))
    #expect(many.sentence.hasPrefix("30 of 40 files"))
    #expect(many.hint?.contains("martlet folder scan scans --confirm-deletes") == true)
  }
}
