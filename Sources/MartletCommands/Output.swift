package import SystemPackage

/// Where a command writes: buffered, and told apart only by what became of it.
///
/// A failure is kept and later writes do nothing, so that what is called back in the midst of work
/// may print without being able to fail; ``Console`` asks at the end.
package final class Output {
  private let descriptor: FileDescriptor?
  private let bufferByteCount = 16 << 10
  private var buffer: [UInt8] = []
  /// Everything written, if there is no descriptor.
  package private(set) var kept: [UInt8] = []
  /// The first failure to write.
  package private(set) var failure: Errno?
  /// Columns, if it is a terminal.
  package let width: Int?

  package init(_ descriptor: FileDescriptor, width: Int?) {
    self.descriptor = descriptor
    self.width = width
  }

  /// Keeps what is written, for tests.
  package init(width: Int? = nil) {
    descriptor = nil
    self.width = width
  }

  package var isTerminal: Bool { width != nil }
  /// Whether nobody reads any more: an ordinary end, which `head` makes all the time.
  package var isClosed: Bool { failure == .brokenPipe }

  package func write(_ bytes: some Sequence<UInt8>) {
    guard failure == nil else { return }
    buffer.append(contentsOf: bytes)
    if buffer.count >= bufferByteCount { flush() }
  }

  package func write(_ text: String) { write(text.utf8) }

  package func line(_ text: String) {
    write(text.utf8)
    write([0x0A])
    if isTerminal { flush() }
  }

  package func flush() {
    guard failure == nil, !buffer.isEmpty else { return }
    guard let descriptor else {
      kept += buffer
      buffer.removeAll(keepingCapacity: true)
      return
    }
    do {
      _ = try descriptor.writeAll(buffer)
    } catch {
      failure = error as? Errno ?? .ioError
    }
    buffer.removeAll(keepingCapacity: true)
  }
}
