package import SystemPackage

/// A descriptor that somebody else opened, such as standard input: read or written in order.
package struct Pipe: Sendable {
  private let descriptor: FileDescriptor
  /// What errors call it.
  private let name: FilePath

  package init(_ descriptor: Int32, name: FilePath) {
    self.descriptor = FileDescriptor(rawValue: descriptor)
    self.name = name
  }

  /// Reads up to `count` bytes; fewer only at the end.
  ///
  /// - Throws: `EINTR` when one of ``StopSignals`` came while there was nothing to read.
  package func read(_ count: Int) throws(FileSystemError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: max(0, count))
    var filled = 0
    do {
      while filled < bytes.count {
        while !Terminal.hasInput(descriptor, milliseconds: 200) {
          if StopSignals.caught != nil { throw Errno.interrupted }
        }
        let got = try bytes.withUnsafeMutableBytes { buffer in
          try descriptor.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
        }
        if got == 0 { break }
        filled += got
      }
    } catch {
      throw FileSystemError(.read, name, error as? Errno ?? .ioError)
    }
    bytes.removeLast(bytes.count - filled)
    return bytes
  }

  /// Writes all bytes.
  package func write(_ bytes: [UInt8]) throws(FileSystemError) {
    do { _ = try descriptor.writeAll(bytes) } catch {
      throw FileSystemError(.write, name, error as? Errno ?? .ioError)
    }
  }
}
