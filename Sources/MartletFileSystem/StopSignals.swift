internal import CLinux

/// SIGINT and SIGTERM, which are remembered and do nothing by themselves.
package enum StopSignals {
  /// From now on both are only remembered, however often they come, and writing into a pipe
  /// without a reader is an error like any other instead of the end.
  package static func `catch`() { martlet_catch_signals() }

  /// The number of the first that came; nil if none did.
  package static var caught: Int32? {
    let signal = martlet_caught_signal()
    return signal == 0 ? nil : signal
  }
}
