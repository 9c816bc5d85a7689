/// One thing that happens, as it was planned: what becomes of it hangs on what was before.
package struct Event: Equatable, Sendable {
  package enum Action: Equatable, Sendable {
    case write(device: Int, group: Int)
    /// Two that are on exchange.
    case meet(link: Int)
    /// One of the two visits the directory.
    case visit(link: Int, device: Int)
    /// One of the two sends a file.
    case post(link: Int, device: Int)
    /// Any two that are on exchange.
    case encounter(Int, Int)
    case fault(Scenario.FaultKind, device: Int)
  }

  /// Seconds from the start.
  package var time: UInt64
  /// Decides everything about this event that is left to chance, and nothing else.
  package var luck: UInt64
  package var action: Action
}
