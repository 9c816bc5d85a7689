/// What a command ends with. Stable and documented: scripts rely on it.
package struct ExitStatus: RawRepresentable, Hashable, Sendable {
  package let rawValue: Int32
  package init(rawValue: Int32) { self.rawValue = rawValue }

  package static let done = ExitStatus(rawValue: 0)
  package static let failed = ExitStatus(rawValue: 1)
  /// Some was refused or is incomplete, each named; or, of `status --check`, something waits.
  package static let partial = ExitStatus(rawValue: 2)
  package static let usage = ExitStatus(rawValue: 64)
  package static let damagedInput = ExitStatus(rawValue: 65)
  package static let carrierUnavailable = ExitStatus(rawValue: 69)
  package static let doesNotFit = ExitStatus(rawValue: 73)
  package static let inputOutput = ExitStatus(rawValue: 74)
  package static let busy = ExitStatus(rawValue: 75)
  package static let notForUs = ExitStatus(rawValue: 77)
  /// 130 or 143: stopped by this signal, and nothing half-written is left.
  package static func interrupted(by signal: Int32) -> ExitStatus {
    ExitStatus(rawValue: 128 + signal)
  }
}
