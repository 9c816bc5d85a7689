package import MartletFileSystem
internal import Synchronization
package import SystemPackage

/// A disk in memory that forgets what was never synchronised when its power is cut, and fails the
/// calls it is told to fail.
///
/// What was written to a file since its last sync is lost at a cut, kept, or torn: any prefix of
/// it, or any of its sectors of 512 bytes. Names made, changed and removed since the last
/// ``syncDirectory(_:)`` of their directory are lost, kept, or some of them kept, in order or not.
/// A rename or exchange between two directories is two changes: sync the new name's directory
/// first. Permissions and times changed since the last sync of their file or directory are lost or
/// kept, the ones without the others; a link is durable as soon as its name is.
/// One seed decides all of it. Relative paths start at the root, and none follows a link.
package final class SimulatedFileSystem: FileSystem {
  struct State: Sendable {
    var disk = SimulatedDisk()
    var open: [FileNumber: OpenEntry] = [:]
    var nextFile: Int32 = 3
    var locks: [UInt64: FileNumber] = [:]
    var now: Int64 = 1_000_000_000
    var capacity: UInt64?
    var isReadOnly = false
    var tellsKinds = true

    var callCount = 0
    var callCounts: [FileSystemCall: Int] = [:]
    var faults: [Fault] = []
    var cutAt: Int?
    var isOff = false
    var random: SeededRandom
  }

  struct OpenEntry: Sendable {
    var inode: UInt64
    var place: OpenPlace
    var isWritable: Bool
  }

  struct Fault: Sendable {
    var call: FileSystemCall?
    /// Calls until it strikes, itself included; nil strikes every time.
    var remaining: Int?
    var errno: Errno
  }

  /// The longest file this holds, in bytes.
  package static let fileByteCountLimit = 1 << 30
  /// The longest name, in bytes.
  package static let nameByteCountLimit = 255

  let state: Mutex<State>

  /// - Parameters:
  ///   - capacity: How many bytes all files may have together; nil for no limit.
  ///   - seed: Decides what of a write that fails or is cut has yet been done.
  package init(capacity: UInt64? = nil, seed: UInt64 = 0) {
    var state = State(random: SeededRandom(seed: seed))
    state.capacity = capacity
    self.state = Mutex(state)
  }

  private init(_ state: State) { self.state = Mutex(state) }

  // MARK: - Power cuts

  /// The disk as found after a cut at this moment, as one of its own with power on. This one
  /// stays as it is: every seed shows another outcome of the same moment.
  package func powerCut(seed: UInt64) -> SimulatedFileSystem {
    SimulatedFileSystem(
      state.withLock { state in
        var copy = state
        copy.restart(seed)
        return copy
      })
  }

  /// Cuts the power at the `number`th call from now (1 is the next), which may or may not take
  /// effect and throws ``MartletFileSystem/FileSystemError/powerCut``, as do all calls after it
  /// until ``restart(seed:)``.
  package func cutPower(atCall number: Int) {
    state.withLock { $0.cutAt = $0.callCount + number }
  }

  /// True between a cut and ``restart(seed:)``.
  package var isOff: Bool { state.withLock { $0.isOff } }

  /// Power comes back after a cut, at which the seed decided what was lost. No file is open, no
  /// lock held, no fault set.
  package func restart(seed: UInt64) {
    state.withLock { $0.restart(seed) }
  }

  // MARK: - Faults

  /// Fails the `number`th call from now (1 is the next) of a kind, or of any.
  ///
  /// A failed write may have written a part. A failed sync drops what was to be made durable: it
  /// can still be read until the cache is dropped or the power cut, and no later sync writes it.
  package func fail(_ call: FileSystemCall?, number: Int, with errno: Errno) {
    state.withLock { $0.faults.append(Fault(call: call, remaining: number, errno: errno)) }
  }

  /// Fails every call of a kind, or every call.
  package func failEvery(_ call: FileSystemCall?, with errno: Errno) {
    state.withLock { $0.faults.append(Fault(call: call, remaining: nil, errno: errno)) }
  }

  package func clearFaults() {
    state.withLock { state in
      state.faults = []
      state.cutAt = nil
    }
  }

  /// Calls so far that could fail; `close` and `dropCache` are none.
  package var callCount: Int { state.withLock { $0.callCount } }
  package func callCount(_ call: FileSystemCall) -> Int {
    state.withLock { $0.callCounts[call] ?? 0 }
  }
  package func resetCallCounts() {
    state.withLock { state in
      if let cutAt = state.cutAt { state.cutAt = cutAt - state.callCount }
      state.callCount = 0
      state.callCounts = [:]
    }
  }

  /// How many bytes all files may have together; nil for no limit.
  package var capacity: UInt64? {
    get { state.withLock { $0.capacity } }
    set { state.withLock { $0.capacity = newValue } }
  }

  /// How many bytes all files have together.
  package var usedByteCount: UInt64 { state.withLock { $0.disk.usedByteCount } }

  /// Whether every call that would change something fails with `EROFS`.
  package var isReadOnly: Bool {
    get { state.withLock { $0.isReadOnly } }
    set { state.withLock { $0.isReadOnly = newValue } }
  }

  /// Whether the entries of a directory say of what kind they are.
  package var tellsKinds: Bool {
    get { state.withLock { $0.tellsKinds } }
    set { state.withLock { $0.tellsKinds = newValue } }
  }

  package var openFileCount: Int { state.withLock { $0.open.count } }

  /// Nanoseconds since 1970, one later at every change.
  package var now: Int64 {
    get { state.withLock { $0.now } }
    set { state.withLock { $0.now = newValue } }
  }
}

extension FileSystemError {
  /// The number of the error that stands for a power cut; no system has it.
  package static let powerCut = Errno(rawValue: 99_999)

  /// Thrown by the call at which a simulated disk lost its power, and by all after it.
  package var isPowerCut: Bool { errno == Self.powerCut }
}

extension SimulatedFileSystem.State {
  mutating func restart(_ seed: UInt64) {
    disk.cut(SeededRandom(seed: seed))
    random = SeededRandom(seed: ~seed)
    open = [:]
    locks = [:]
    faults = []
    cutAt = nil
    isOff = false
  }

  /// The fault that strikes this call, if one does.
  mutating func fault(_ call: FileSystemCall) -> Errno? {
    var found: Errno?
    for index in faults.indices where faults[index].call == nil || faults[index].call == call {
      if let remaining = faults[index].remaining {
        faults[index].remaining = remaining - 1
        if remaining != 1 { continue }
      }
      found = found ?? faults[index].errno
    }
    return found
  }

  mutating func tick() -> Int64 {
    now += 1
    return now
  }
}

extension SimulatedFileSystem {
  /// The calls that a read-only file system refuses; `open` is one if it is not for reading.
  private static let changes: Set<FileSystemCall> = [
    .write, .truncate, .makeDirectory, .rename, .remove, .removeDirectory, .makeLink,
    .setPermissions, .setModified,
  ]

  /// Counts a call and makes it, or fails it as told; only then the path is asked for.
  ///
  /// - Parameter failed: What is done to the disk where a fault strikes.
  func perform<Result: Sendable>(
    _ call: FileSystemCall, _ path: @autoclosure () -> FilePath,
    failed: (inout State) -> Void = { _ in },
    body: (inout State) throws(Errno) -> Result
  ) throws(FileSystemError) -> Result {
    do throws(Errno) {
      return try state.withLock { (state) throws(Errno) -> Result in
        if state.isOff { throw FileSystemError.powerCut }
        state.callCount += 1
        state.callCounts[call, default: 0] += 1
        if let cutAt = state.cutAt, state.callCount >= cutAt {
          if state.random.chance(0.5) { _ = try? body(&state) }
          state.isOff = true
          throw FileSystemError.powerCut
        }
        if state.isReadOnly && Self.changes.contains(call) { throw .readOnlyFileSystem }
        if let errno = state.fault(call) {
          failed(&state)
          throw errno
        }
        return try body(&state)
      }
    } catch {
      throw FileSystemError(call, path(), error)
    }
  }

  func place(of file: FileNumber) -> OpenPlace {
    state.withLock { $0.open[file]?.place } ?? .path("(closed file)")
  }

  func path(of file: FileNumber) -> FilePath { place(of: file).path }
}
