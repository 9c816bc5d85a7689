import Foundation
import MartletFileSystem
import MartletTestSupport
import Synchronization
import SystemPackage
import Testing

@Suite("Folders on devices that lose power, over sticks and mail, against a model")
struct FolderScheduleTests {
  /// `MARTLET_FOLDER_SEEDS` is how many schedules to run, `MARTLET_FOLDER_SEED` replays one and
  /// prints what happened; `MARTLET_FOLDER_REAL_SEEDS` is how many to run on a real disk. With
  /// `MARTLET_FOLDER_STOPS=1` the first that fails is enough.
  private static func count(_ name: String, _ otherwise: UInt64) -> UInt64 {
    ProcessInfo.processInfo.environment[name].flatMap(UInt64.init) ?? otherwise
  }

  private static let one = ProcessInfo.processInfo.environment["MARTLET_FOLDER_SEED"]
    .flatMap(UInt64.init)
  private static let threadCount: UInt64 = 2
  private static let hasFailed = Mutex(false)

  @Test(
    "come to the same trees, lose no byte and account for every conflict",
    arguments: 1...threadCount)
  func simulated(thread: UInt64) {
    if let one = Self.one {
      if thread == 1 { Self.run(one, on: nil, tells: true) }
      return
    }
    for seed in stride(
      from: thread, through: Self.count("MARTLET_FOLDER_SEEDS", 500), by: Int(Self.threadCount))
    {
      if Self.hasFailed.withLock({ $0 }), Self.count("MARTLET_FOLDER_STOPS", 0) > 0 { return }
      if !Self.run(seed, on: nil) { Self.hasFailed.withLock { $0 = true } }
    }
  }

  @Test("do so on a real disk", arguments: 1...threadCount)
  func real(thread: UInt64) throws {
    guard Self.one == nil else { return }
    for seed in stride(
      from: thread, through: Self.count("MARTLET_FOLDER_REAL_SEEDS", 100),
      by: Int(Self.threadCount))
    {
      let base = NSTemporaryDirectory() + "martlet-folders-\(UUID().uuidString)"
      try FileManager.default.createDirectory(atPath: base, withIntermediateDirectories: false)
      defer { try? FileManager.default.removeItem(atPath: base) }
      Self.run(seed, on: FilePath(base))
    }
  }

  /// - Returns: Whether all was as it is to be.
  @discardableResult
  private static func run(_ seed: UInt64, on real: FilePath?, tells: Bool = false) -> Bool {
    // Names of copies and winners hang on ids, and those on what sealing draws.
    SeededSodium.drawing(from: SeededRandom(seed: ~seed)) { live(seed, on: real, tells: tells) }
  }

  private static func live(_ seed: UInt64, on real: FilePath?, tells: Bool) -> Bool {
    let place = real == nil ? "" : " on a real disk"
    var isGood = true
    var schedule: FolderSchedule?
    do {
      let begun = try FolderSchedule(seed: seed, on: real)
      schedule = begun
      for _ in 0..<(24 + begun.random.below(11)) {
        try begun.step()
        // What follows the first violation says little.
        if !begun.violations.isEmpty { break }
      }
      if begun.violations.isEmpty { try begun.settleDown() }
    } catch {
      Issue.record("MARTLET_FOLDER_SEED=\(seed)\(place): \(error)")
      isGood = false
    }
    guard let schedule else { return false }
    if !schedule.violations.isEmpty {
      Issue.record("MARTLET_FOLDER_SEED=\(seed)\(place): \(schedule.violations.prefix(4))")
    }
    if tells { print(schedule.story.joined(separator: "\n")) }
    return isGood && schedule.violations.isEmpty
  }
}
