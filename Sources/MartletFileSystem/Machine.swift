internal import SystemPackage

#if canImport(Darwin)
  internal import Darwin
#else
  internal import Glibc
#endif

/// What the operating system tells of the machine beside its files.
package enum Machine {
  /// Unix milliseconds by the system's clock; 0 if it says a time before 1970.
  package static func now() -> UInt64 {
    var time = timespec()
    guard clock_gettime(CLOCK_REALTIME, &time) == 0, time.tv_sec > 0 else { return 0 }
    return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
  }

  /// Processors that are switched on, at least 1.
  package static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// The name that systemd gives a machine; empty where there is none.
  package static func id() -> [UInt8] {
    (try? LocalFileSystem().readAll("/etc/machine-id", limit: 4096)) ?? []
  }
}
