public import MartletNode

/// Delivers chat: keeps, in each group, how many texts came and how many of them were read.
public struct ChatClient: Client {
  public static let type = "chat"
  public var type: String { Self.type }

  public init() {}

  public func validate(_ message: ClientMessage) -> Validation { .reject }

  public func deliver(_ message: ClientMessage, state: inout [UInt8]) {}
}
