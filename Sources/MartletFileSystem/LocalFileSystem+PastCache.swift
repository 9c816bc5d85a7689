internal import CLinux
internal import Synchronization
internal import SystemPackage

#if canImport(Darwin)
  internal import Darwin
#else
  internal import Glibc
#endif

extension LocalFileSystem {
  package func bypassCache(_ file: FileNumber) { setBypass(file, true) }

  /// Reads as ``read(_:at:into:)``, in whole blocks of which the wanted bytes are copied.
  ///
  /// - Returns: Nil if the file system does not do this; the file then uses the cache again.
  func readPastCache(
    _ file: FileNumber, at start: off_t, into bytes: UnsafeMutableRawBufferPointer,
    _ entry: OpenEntry
  ) throws(FileSystemError) -> Int? {
    let block = blocks.take()
    defer { blocks.giveBack(block) }
    var done = 0
    while done < bytes.count {
      let position = start + off_t(done)
      let skipped = Int(position % off_t(AlignedBlock.unit))
      let wanted = min(
        AlignedBlock.byteCount, AlignedBlock.roundedUp(skipped + bytes.count - done))
      let count: Int
      do {
        count = try repeating(.read, entry.path) {
          pread(file.rawValue, block.start, wanted, position - off_t(skipped))
        }
      } catch {
        guard Self.maySucceedThroughCache(error.errno) else { throw error }
        setBypass(file, false)
        return nil
      }
      let part = min(count - skipped, bytes.count - done)
      guard part > 0 else { break }
      bytes.baseAddress?.advanced(by: done).copyMemory(
        from: block.start + skipped, byteCount: part)
      done += part
    }
    return done
  }

  /// Writes whole blocks of `bytes`, if they begin where a block does.
  ///
  /// - Returns: How many bytes were written. The rest is to be written through the cache, which
  ///   the file is prepared for.
  func writePastCache(
    _ file: FileNumber, at start: off_t, _ bytes: UnsafeRawBufferPointer, _ entry: OpenEntry
  ) throws(FileSystemError) -> Int {
    guard let source = bytes.baseAddress else { return 0 }
    let whole = bytes.count - bytes.count % AlignedBlock.unit
    guard start % off_t(AlignedBlock.unit) == 0, whole > 0 else {
      setBypass(file, false)
      return 0
    }
    // What begins at a multiple is written from where it is.
    let isAligned = Int(bitPattern: source) % AlignedBlock.unit == 0
    let block = isAligned ? nil : blocks.take()
    defer { if let block { blocks.giveBack(block) } }
    var done = 0
    while done < whole {
      let part = min(whole - done, AlignedBlock.byteCount)
      if let block { block.start.copyMemory(from: source + done, byteCount: part) }
      let from = block.map { UnsafeRawPointer($0.start) } ?? source + done
      do {
        let count = try repeating(.write, entry.path) {
          pwrite(file.rawValue, from, part, start + off_t(done))
        }
        done += count
        // A block that was written in part is finished through the cache.
        if count == 0 || count % AlignedBlock.unit != 0 { break }
      } catch {
        guard Self.maySucceedThroughCache(error.errno) else { throw error }
        break
      }
    }
    if done < bytes.count { setBypass(file, false) }
    return done
  }

  /// Not every file system that lets itself be bypassed does so for each of its files, and they say
  /// so in different words.
  private static func maySucceedThroughCache(_ errno: Errno) -> Bool {
    ![.ioError, .noSpace, .diskQuotaExceeded, .fileTooLarge].contains(errno)
  }

  private func setBypass(_ file: FileNumber, _ bypasses: Bool) {
    let isSet = martlet_bypass_cache(file.rawValue, bypasses) == 0
    openEntries.withLock { $0[file]?.bypassesCache = bypasses && isSet }
  }
}

/// A block of memory as transfers past the cache need it.
final class AlignedBlock: @unchecked Sendable {
  /// Places, lengths and buffers are multiples of this: what every file system of today accepts.
  static let unit = 4096
  /// Most chunks and every segment fit, also where they do not begin at a multiple.
  static let byteCount = (2 << 20) + 2 * unit

  // Written by whoever took the block out of the list, and nobody else.
  let start = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: unit)

  deinit { start.deallocate() }

  static func roundedUp(_ count: Int) -> Int { (count + unit - 1) / unit * unit }
}

/// Blocks that are free; a few are kept.
final class AlignedBlocks: Sendable {
  private static let keptCount = 4
  private let free = Mutex<[AlignedBlock]>([])

  func take() -> AlignedBlock { free.withLock { $0.popLast() } ?? AlignedBlock() }

  func giveBack(_ block: AlignedBlock) {
    free.withLock { if $0.count < Self.keptCount { $0.append(block) } }
  }
}
