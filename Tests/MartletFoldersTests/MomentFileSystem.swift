import MartletFileSystem
import Synchronization
import SystemPackage

/// A disk on which somebody does something in the very moment before a file gets another name, or
/// before anything is done in a directory that is held open.
final class MomentFileSystem: FileSystem {
  private struct Moment {
    var count: Int
    var isOfAll: Bool
    var act: @Sendable () -> Void
  }

  private let inner: any FileSystem
  private let moment = Mutex<Moment?>(nil)

  init(_ inner: any FileSystem) { self.inner = inner }

  /// Before the `count`th rename in an open directory from now (1 is the next); nil calls it off.
  func before(_ count: Int, _ act: (@Sendable () -> Void)?) {
    moment.withLock { $0 = act.map { Moment(count: count, isOfAll: false, act: $0) } }
  }

  /// Before the `count`th call of any kind in an open directory from now.
  func beforeAny(_ count: Int, _ act: (@Sendable () -> Void)?) {
    moment.withLock { $0 = act.map { Moment(count: count, isOfAll: true, act: $0) } }
  }

  /// Whether the moment is still to come.
  var isWaiting: Bool { moment.withLock { $0 != nil } }

  private func step(isRename: Bool = false) {
    let act = moment.withLock { moment -> (@Sendable () -> Void)? in
      guard let now = moment, isRename || now.isOfAll else { return nil }
      moment?.count -= 1
      guard now.count <= 1 else { return nil }
      moment = nil
      return now.act
    }
    act?()
  }

  func rename(
    _ name: [UInt8], in directory: FileNumber, to newName: [UInt8], in newDirectory: FileNumber,
    _ mode: RenameMode
  ) throws(FileSystemError) {
    step(isRename: true)
    try inner.rename(name, in: directory, to: newName, in: newDirectory, mode)
  }

  func open(_ path: FilePath, _ mode: OpenMode) throws(FileSystemError) -> FileNumber {
    try inner.open(path, mode)
  }
  func close(_ file: FileNumber) { inner.close(file) }
  func read(
    _ file: FileNumber, at offset: UInt64, into buffer: inout MutableRawSpan
  ) throws(FileSystemError) -> Int { try inner.read(file, at: offset, into: &buffer) }
  func write(_ file: FileNumber, at offset: UInt64, _ bytes: RawSpan) throws(FileSystemError) {
    try inner.write(file, at: offset, bytes)
  }
  func truncate(_ file: FileNumber, to byteCount: UInt64) throws(FileSystemError) {
    try inner.truncate(file, to: byteCount)
  }
  func sync(_ file: FileNumber) throws(FileSystemError) { try inner.sync(file) }
  func information(_ file: FileNumber) throws(FileSystemError) -> FileInformation {
    try inner.information(file)
  }
  func dropCache(_ file: FileNumber) { inner.dropCache(file) }
  func bypassCache(_ file: FileNumber) { inner.bypassCache(file) }
  func lock(_ file: FileNumber, wait: Bool) throws(FileSystemError) -> Bool {
    try inner.lock(file, wait: wait)
  }
  func information(at path: FilePath) throws(FileSystemError) -> FileInformation? {
    try inner.information(at: path)
  }
  func list(_ directory: FilePath) throws(FileSystemError) -> [FilePath.Component] {
    try inner.list(directory)
  }
  func makeDirectory(_ path: FilePath, permissions: UInt16) throws(FileSystemError) {
    try inner.makeDirectory(path, permissions: permissions)
  }
  func rename(_ from: FilePath, to: FilePath) throws(FileSystemError) {
    try inner.rename(from, to: to)
  }
  func remove(_ path: FilePath) throws(FileSystemError) { try inner.remove(path) }
  func removeDirectory(_ path: FilePath) throws(FileSystemError) {
    try inner.removeDirectory(path)
  }
  func syncDirectory(_ path: FilePath) throws(FileSystemError) { try inner.syncDirectory(path) }
  func syncFileSystem(at path: FilePath) throws(FileSystemError) {
    try inner.syncFileSystem(at: path)
  }
  func isReadOnly(at directory: FilePath) throws(FileSystemError) -> Bool {
    try inner.isReadOnly(at: directory)
  }
  func freeByteCount(at path: FilePath) throws(FileSystemError) -> UInt64 {
    try inner.freeByteCount(at: path)
  }
  func openDirectory(_ path: FilePath) throws(FileSystemError) -> FileNumber {
    try inner.openDirectory(path)
  }
  func openDirectory(
    _ path: [UInt8], beneath directory: FileNumber
  ) throws(FileSystemError) -> FileNumber {
    step()
    return try inner.openDirectory(path, beneath: directory)
  }
  func entries(of directory: FileNumber) throws(FileSystemError) -> [DirectoryEntry] {
    step()
    return try inner.entries(of: directory)
  }
  func information(
    _ name: [UInt8], in directory: FileNumber
  ) throws(FileSystemError) -> FileInformation? {
    step()
    return try inner.information(name, in: directory)
  }
  func open(
    _ name: [UInt8], in directory: FileNumber, _ mode: OpenMode
  ) throws(FileSystemError) -> FileNumber {
    step()
    return try inner.open(name, in: directory, mode)
  }
  func linkTarget(
    _ name: [UInt8], in directory: FileNumber
  ) throws(FileSystemError) -> [UInt8] { try inner.linkTarget(name, in: directory) }
  func makeLink(
    _ name: [UInt8], in directory: FileNumber, to target: [UInt8]
  ) throws(FileSystemError) {
    step()
    try inner.makeLink(name, in: directory, to: target)
  }
  func makeDirectory(
    _ name: [UInt8], in directory: FileNumber, permissions: UInt16
  ) throws(FileSystemError) {
    step()
    try inner.makeDirectory(name, in: directory, permissions: permissions)
  }
  func remove(_ name: [UInt8], in directory: FileNumber) throws(FileSystemError) {
    step()
    try inner.remove(name, in: directory)
  }
  func removeDirectory(_ name: [UInt8], in directory: FileNumber) throws(FileSystemError) {
    step()
    try inner.removeDirectory(name, in: directory)
  }
  func setPermissions(_ file: FileNumber, _ permissions: UInt16) throws(FileSystemError) {
    try inner.setPermissions(file, permissions)
  }
  func setModified(_ file: FileNumber, _ modified: Int64) throws(FileSystemError) {
    try inner.setModified(file, modified)
  }
  func syncFileSystem(of file: FileNumber) throws(FileSystemError) {
    try inner.syncFileSystem(of: file)
  }
}
