import MartletNode

/// A client of our own: every device adds to a counter that all of them see.
///
/// That is all a client is: which messages it understands, and what one changes. Martlet hands each
/// message over exactly once, parents first, and keeps the state together with how far it came, so
/// the sum is right across crashes, lost sticks and bundles that come twice.
struct Counter: Client {
  let type = "counter"

  func validate(_ message: ClientMessage) -> Validation {
    Counter.number(message.body) == nil ? .reject : .accept
  }

  func deliver(_ message: ClientMessage, state: inout [UInt8]) {
    let sum = (Counter.number(state) ?? 0) &+ (Counter.number(message.body) ?? 0)
    state = Counter.bytes(sum)
  }

  /// Numbers are eight bytes; anything else, which may come from anybody, is none.
  static func number(_ bytes: [UInt8]) -> UInt64? {
    guard bytes.count == 8 else { return nil }
    return bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  static func bytes(_ number: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) }
  }
}

extension Node {
  func add(_ number: UInt64, to group: String) throws {
    _ = try send(client: "counter", body: Counter.bytes(number), to: group)
  }

  func sum(of group: String) throws -> UInt64 {
    Counter.number(try clientState("counter", of: group)) ?? 0
  }
}
