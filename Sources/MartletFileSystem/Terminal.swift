internal import CLinux
package import SystemPackage

/// What is asked of a descriptor that may be a terminal or a pipe.
package enum Terminal {
  /// Columns; nil if it is no terminal.
  package static func width(of file: FileDescriptor) -> Int? {
    let columns = martlet_terminal_width(file.rawValue)
    return columns > 0 ? Int(columns) : nil
  }

  /// Whether something can be read now, or the end was reached; false when time is up or a signal
  /// came.
  package static func hasInput(_ file: FileDescriptor, milliseconds: Int32) -> Bool {
    martlet_wait_for_input(file.rawValue, milliseconds) == 1
  }

  /// Does nothing for a while, or until a signal comes.
  package static func pause(milliseconds: Int32) {
    // A file that is not open is skipped, and only the time counts.
    _ = martlet_wait_for_input(-1, milliseconds)
  }

  /// Reads what is there, up to 64 KiB; empty at the end.
  package static func read(_ file: FileDescriptor) throws(Errno) -> [UInt8] {
    do {
      return try [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
        count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
      }
    } catch {
      throw error as? Errno ?? .ioError
    }
  }
}
