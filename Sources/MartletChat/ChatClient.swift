public import MartletNode
internal import MartletObjects

/// Delivers chat: accepts what is a text, and keeps in each group how many texts were delivered.
///
/// The texts themselves stay where they are, in the log; ``ChatText`` reads them.
public struct ChatClient: Client {
  public static let type = ChatContent.client
  public var type: String { Self.type }

  public init() {}

  public func validate(_ message: ClientMessage) -> Validation {
    ChatText(message) == nil ? .reject : .accept
  }

  public func deliver(_ message: ClientMessage, state: inout [UInt8]) {
    var counts = ChatCounts(state)
    counts.delivered &+= 1
    if !message.isOwn { counts.received &+= 1 }
    state = counts.encoded
  }

  /// The text.
  public func contents(of message: ClientMessage) -> [UInt8] {
    ChatText(message).map { Array($0.text.utf8) } ?? message.body
  }
}

/// How many texts of a group were delivered here.
public struct ChatCounts: Hashable, Sendable {
  /// All of them, own ones included.
  public var delivered: UInt64 = 0
  /// Those of others.
  public var received: UInt64 = 0

  /// Reads what ``ChatClient`` keeps, from ``Node/clientState(_:of:)``; zero if it is something else.
  public init(_ state: [UInt8]) {
    guard state.count == 16 else { return }
    delivered = Self.number(state[..<8])
    received = Self.number(state[8...])
  }

  /// Two numbers of 8 bytes, little-endian.
  var encoded: [UInt8] {
    [delivered, received].flatMap { number in
      (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
    }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
