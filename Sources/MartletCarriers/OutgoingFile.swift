package import MartletFileSystem
internal import MartletSeal
internal import MartletWorkers
package import SystemPackage

/// A file that is being written where it will stay, and is removed unless it is finished.
///
/// After a power cut it may be there in part, under its final name: whoever reads it must be
/// able to tell, and a bundle can.
package final class OutgoingFile {
  /// How much is written at once, one block after the other.
  package static let blockByteCount = 1 << 20

  package let path: FilePath
  /// Bytes appended so far.
  package private(set) var byteCount: UInt64 = 0

  private let system: any FileSystem
  private let pipeline: OrderedPipeline
  private let blockByteCount: Int
  /// Nil once it is finished or abandoned.
  private var file: OpenFile?
  /// What was appended and not written yet: at most a block.
  private var tail: [UInt8] = []
  /// Of the blocks that were written: what is read back is compared with them.
  private var checksums: [UInt64] = []
  private let writing: WorkBehind<Block, CarrierError>

  private struct Block: Sendable {
    var file: OpenFile
    var bytes: [UInt8]
    /// Where it ends in the file.
    var end: UInt64
  }

  /// Makes the file; nothing may stand at its path. Others may read it: it may be for them.
  init(
    at path: FilePath, on system: any FileSystem, threadCount: Int,
    blockByteCount: Int = blockByteCount
  ) throws(CarrierError) {
    self.path = path
    self.system = system
    let threads = min(2, threadCount)
    pipeline = OrderedPipeline(threadCount: threads, inFlightLimit: threads + 1)
    self.blockByteCount = blockByteCount
    file = try CarrierError.naming { () throws(FileSystemError) in
      try system.openFile(path, .createNew(permissions: 0o644))
    }
    // One after the other: FAT fills a gap with zeros before what comes behind it is written.
    let inOrder = OrderedPipeline(
      threadCount: min(1, threadCount), inFlightLimit: 3, callerHelps: threadCount == 0)
    writing = WorkBehind(inOrder) { (block: Block) throws(CarrierError) in
      try CarrierError.naming(needed: block.end) { () throws(FileSystemError) in
        try block.file.write(at: block.end - UInt64(block.bytes.count), block.bytes)
      }
    }
  }

  deinit { abandon() }

  /// Starts a file at a path that the user named.
  ///
  /// - Throws: ``CarrierError/exists(_:)`` if anything stands there, which is then as it was, or
  ///   ``CarrierError/noDirectory(_:)`` if its directory does not.
  package static func create(
    at path: FilePath, on system: any FileSystem, threadCount: Int = 0
  ) throws(CarrierError) -> OutgoingFile {
    // What has only the path of a directory, such as "/", has no name to write.
    guard path.lastComponent?.kind == .regular else { throw .exists(path) }
    _ = try DirectoryCarrier(directory(of: path), on: system)
    return try OutgoingFile(at: path, on: system, threadCount: threadCount)
  }

  /// Appends to the file. Where it throws, the file was abandoned.
  package func write(_ bytes: [UInt8]) throws(CarrierError) {
    guard let file else { throw .gone(path) }
    do throws(CarrierError) {
      guard !byteCount.addingReportingOverflow(UInt64(bytes.count)).overflow else {
        throw .full(path, needed: nil)
      }
      var rest = bytes[...]
      while !rest.isEmpty {
        if tail.count == blockByteCount {
          // There is more than one: they go past the cache, and come back past it.
          if checksums.isEmpty { file.bypassCache() }
          try writeBlock(to: file)
        }
        let part = rest.prefix(blockByteCount - tail.count)
        tail += part
        byteCount += UInt64(part.count)
        rest = rest.dropFirst(part.count)
      }
    } catch {
      abandon()
      throw error
    }
  }

  private func writeBlock(to file: OpenFile) throws(CarrierError) {
    guard !tail.isEmpty else { return }
    checksums.append(Checksum.of(tail.span.bytes, seed: 0))
    try writing.add(Block(file: file, bytes: tail, end: byteCount))
    tail = []
    tail.reserveCapacity(blockByteCount)
  }

  /// Makes the file and its name durable, then reads all of it back from the medium and compares.
  ///
  /// When it returns, a power cut or a pulled stick takes nothing of it. Where it throws, the file
  /// was abandoned.
  ///
  /// - Parameter onRead: Called with how many bytes have been compared.
  /// - Throws: ``CarrierError/doesNotReadBack(_:)`` for other bytes than were written, and what
  ///   `onRead` throws.
  package func finish(
    onRead: (UInt64) throws(CarrierError) -> Void = { _ in }
  ) throws(CarrierError) {
    guard let file else { throw .gone(path) }
    do throws(CarrierError) {
      try writing.finish()
      // The last, alone: it may end where the file can only be written through the cache.
      try writeBlock(to: file)
      try writing.finish()
      writing.stop()
      tail = []
      try makeDurable(file)
      try readBack(onRead)
    } catch {
      abandon()
      throw error
    }
    self.file = nil
  }

  /// Removes the file if it is not finished.
  package func abandon() {
    guard file != nil else { return }
    writing.stop()
    file = nil
    tail = []
    // What stays is an incomplete bundle, which the next sync removes.
    try? system.remove(path)
    try? system.makeNamesDurable(in: Self.directory(of: path))
  }
}

extension OutgoingFile {
  private func makeDurable(_ file: OpenFile) throws(CarrierError) {
    try CarrierError.naming(needed: byteCount) { () throws(FileSystemError) in
      try file.sync()
      try system.makeNamesDurable(in: Self.directory(of: path))
      file.dropCache()
    }
  }

  private func readBack(
    _ onRead: (UInt64) throws(CarrierError) -> Void
  ) throws(CarrierError) {
    let (file, found) = try CarrierError.naming { () throws(FileSystemError) in
      let file = try system.openFile(path, .read)
      if checksums.count > 1 { file.bypassCache() }
      return (file, try file.information().byteCount)
    }
    guard found == byteCount else { throw .doesNotReadBack(path) }
    let blockByteCount = UInt64(blockByteCount)
    let byteCount = byteCount
    var compared: UInt64 = 0
    try pipeline.run(
      over: checksums.enumerated(),
      transform: { [path] block throws(CarrierError) -> UInt64 in
        let start = UInt64(block.offset) * blockByteCount
        let count = min(blockByteCount, byteCount - start)
        let bytes = try CarrierError.naming { () throws(FileSystemError) in
          try file.read(at: start, count: Int(count))
        }
        guard bytes.count == Int(count),
          Checksum.of(bytes.span.bytes, seed: 0) == block.element
        else { throw .doesNotReadBack(path) }
        return count
      },
      consume: { count throws(CarrierError) in
        compared += count
        try onRead(compared)
      })
  }

  private static func directory(of path: FilePath) -> FilePath {
    let directory = path.removingLastComponent()
    return directory.isEmpty ? "." : directory
  }
}
