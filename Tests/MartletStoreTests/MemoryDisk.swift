import MartletFileSystem
import Synchronization
import SystemPackage

/// Files in memory; one call, counted from 0, fails, and all after it if the power is cut.
final class MemoryDisk: FileSystem {
  struct State {
    var files: [FilePath: Int] = [:]
    var contents: [Int: [UInt8]] = [:]
    var directories: Set<FilePath> = []
    var open: [Int32: Int] = [:]
    var next = 0
    var calls = 0
    var failing: Int?
    var isCut = false
  }
  let state = Mutex(State())

  func arm(_ failing: Int?, isCut: Bool) {
    state.withLock { ($0.calls, $0.failing, $0.isCut) = (0, failing, isCut) }
  }
  var calls: Int { state.withLock { $0.calls } }
  subscript(path: FilePath) -> [UInt8]? {
    get { state.withLock { state in state.files[path].flatMap { state.contents[$0] } } }
    set {
      state.withLock { state in
        if let inode = state.files[path] { state.contents[inode] = newValue }
        if newValue == nil { state.files[path] = nil }
      }
    }
  }
  var names: [FilePath] { state.withLock { Array($0.files.keys) } }

  private func call<R>(
    _ action: String, _ path: FilePath = "", _ body: (inout State) -> Result<R, Errno>
  ) throws(FileSystemError) -> R {
    let result: Result<R, Errno> = state.withLock { state in
      defer { state.calls += 1 }
      if let failing = state.failing {
        if state.calls == failing || state.isCut && state.calls > failing {
          return .failure(.ioError)
        }
      }
      return body(&state)
    }
    switch result {
    case .success(let value): return value
    case .failure(let errno):
      throw FileSystemError(action: action, path: path, errno: errno)
    }
  }

  func open(_ path: FilePath, _ mode: OpenMode) throws(FileSystemError) -> FileNumber {
    try call("open", path) { state in
      switch mode {
      case .read, .readWrite:
        if state.files[path] == nil { return .failure(.noSuchFileOrDirectory) }
      case .createNew:
        if state.files[path] != nil { return .failure(.fileExists) }
      case .readWriteOrCreate: break
      }
      state.next += 1
      if state.files[path] == nil {
        state.files[path] = state.next
        state.contents[state.next] = []
      }
      state.open[Int32(state.next)] = state.files[path]
      return .success(FileNumber(rawValue: Int32(state.next)))
    }
  }
  func close(_ file: FileNumber) { state.withLock { $0.open[file.rawValue] = nil } }
  func read(
    _ file: FileNumber, at offset: UInt64, into buffer: inout MutableRawSpan
  ) throws(FileSystemError) -> Int {
    let all = try call("read") { .success(Self.bytes($0, file)) }
    let part = all.dropFirst(Int(offset)).prefix(buffer.byteCount)
    for (index, byte) in part.enumerated() {
      buffer.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
    }
    return part.count
  }
  func write(
    _ file: FileNumber, at offset: UInt64, _ bytes: RawSpan
  ) throws(FileSystemError) {
    let new = bytes.withUnsafeBytes { Array($0) }
    try call("write") { state -> Result<Void, Errno> in
      guard let inode = state.open[file.rawValue] else { return .failure(.badFileDescriptor) }
      var all = state.contents[inode] ?? []
      let end = Int(offset) + new.count
      if all.count < end { all += [UInt8](repeating: 0, count: end - all.count) }
      all.replaceSubrange(Int(offset)..<end, with: new)
      state.contents[inode] = all
      return .success(())
    }
  }
  func truncate(_ file: FileNumber, to byteCount: UInt64) throws(FileSystemError) {
    try call("truncate") { state -> Result<Void, Errno> in
      if let inode = state.open[file.rawValue] {
        state.contents[inode] = Array((state.contents[inode] ?? []).prefix(Int(byteCount)))
      }
      return .success(())
    }
  }
  func sync(_ file: FileNumber) throws(FileSystemError) { try call("sync") { _ in .success(()) } }
  func information(_ file: FileNumber) throws(FileSystemError) -> FileInformation {
    try call("stat") { state in
      .success(Self.information(state.open[file.rawValue].flatMap { state.contents[$0] } ?? []))
    }
  }
  func dropCache(_ file: FileNumber) {}
  func lock(_ file: FileNumber, wait: Bool) throws(FileSystemError) -> Bool {
    try call("lock") { state in
      let inode = state.open[file.rawValue]
      return .success(state.open.values.filter { $0 == inode }.count == 1)
    }
  }
  func information(at path: FilePath) throws(FileSystemError) -> FileInformation? {
    try call("stat", path) { state in
      .success(state.files[path].map { Self.information(state.contents[$0] ?? []) })
    }
  }
  private static func bytes(_ state: State, _ file: FileNumber) -> [UInt8] {
    state.open[file.rawValue].flatMap { state.contents[$0] } ?? []
  }
  private static func information(_ bytes: [UInt8]) -> FileInformation {
    FileInformation(
      kind: .file, byteCount: UInt64(bytes.count), permissions: 0o600, device: 0, inode: 0,
      modified: 0, born: nil)
  }
  func list(_ directory: FilePath) throws(FileSystemError) -> [FilePath.Component] {
    try call("list", directory) { state in
      .success(
        state.files.keys.filter { $0.removingLastComponent() == directory }
          .compactMap(\.lastComponent))
    }
  }
  func makeDirectory(_ path: FilePath, permissions: UInt16) throws(FileSystemError) {
    try call("mkdir", path) { state -> Result<Void, Errno> in
      state.directories.insert(path)
      return .success(())
    }
  }
  func rename(_ from: FilePath, to: FilePath) throws(FileSystemError) {
    try call("rename", from) { state -> Result<Void, Errno> in
      guard let inode = state.files.removeValue(forKey: from) else {
        return .failure(.noSuchFileOrDirectory)
      }
      state.files[to] = inode
      return .success(())
    }
  }
  func remove(_ path: FilePath) throws(FileSystemError) {
    try call("remove", path) { state -> Result<Void, Errno> in
      state.files[path] = nil
      return .success(())
    }
  }
  func removeDirectory(_ path: FilePath) throws(FileSystemError) {}
  func syncDirectory(_ path: FilePath) throws(FileSystemError) {
    try call("syncdir", path) { _ in .success(()) }
  }
  func syncFileSystem(at path: FilePath) throws(FileSystemError) {
    try call("syncfs", path) { _ in .success(()) }
  }
  func freeByteCount(at path: FilePath) throws(FileSystemError) -> UInt64 { 1 << 40 }
}
