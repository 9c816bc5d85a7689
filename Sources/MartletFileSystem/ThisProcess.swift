internal import CLinux
package import SystemPackage

#if canImport(Darwin)
  internal import Darwin
#else
  internal import Glibc
#endif

/// What the system gave this program when it started it. Everything is bytes: `String` would
/// repair what is not UTF-8, and then name another file.
package enum ThisProcess {
  /// Keeps files that are opened from now on from standing in for standard input, output or error
  /// where somebody closed these: words would be written into the store.
  package static func keepStandardFiles() { martlet_keep_standard_files() }

  /// Keeps memory that was given back for what is asked next.
  ///
  /// Buffers of a megabyte come and go for every segment and chunk; each time the system takes
  /// one back and clears the next, copying into it costs twice as much.
  package static func reuseMemory() { martlet_reuse_memory() }

  /// The arguments, without the program's name.
  package static var arguments: [[UInt8]] {
    var arguments: [[UInt8]] = []
    var index = 1
    while index < Int(CommandLine.argc), let start = CommandLine.unsafeArgv[index] {
      arguments.append(bytes(start))
      index += 1
    }
    return arguments
  }

  /// A variable of the environment; nil if it is not set or empty.
  package static func environment(_ name: String) -> [UInt8]? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return bytes(value)
  }

  /// Where this program stands; nil where the system does not say.
  package static var programPath: FilePath? {
    let path = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      let length = buffer.withMemoryRebound(to: CChar.self) {
        $0.baseAddress.map { martlet_program_path($0, 4096) } ?? -1
      }
      count = length > 0 ? length : 0
    }
    return path.isEmpty ? nil : FilePath(bytes: path)
  }

  /// The directory that relative paths start from; nil if it was removed.
  package static var currentDirectory: FilePath? {
    guard let path = getcwd(nil, 0) else { return nil }
    defer { free(path) }
    return FilePath(bytes: bytes(path))
  }

  /// The machine's name up to its first dot; nil if it has none.
  package static var hostName: String? {
    let name = [UInt8](unsafeUninitializedCapacity: 256) { buffer, count in
      let result = buffer.withMemoryRebound(to: CChar.self) {
        $0.baseAddress.map { gethostname($0, 256) } ?? -1
      }
      count = result == 0 ? buffer.prefix { $0 != 0 }.count : 0
    }
    let label = name.prefix { $0 != 0x2E }
    return label.isEmpty ? nil : String(validating: label, as: UTF8.self)
  }

  /// Milliseconds that only grow.
  package static var uptime: UInt64 { martlet_uptime() }

  private static func bytes(_ start: UnsafeMutablePointer<CChar>) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: start, count: Int(strlen(start))))
  }
}

extension ThisProcess {
  /// A path from the root on, without `.` and `..`; links in it are not looked at.
  package static func absolute(_ path: FilePath) -> FilePath {
    if path.isAbsolute { return path.lexicallyNormalized() }
    guard let start = getcwd(nil, 0) else { return path }
    defer { free(start) }
    return FilePath(platformString: start).appending(path.components).lexicallyNormalized()
  }
}
