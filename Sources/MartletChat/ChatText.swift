public import MartletNode

/// A text in a chat.
public struct ChatText: Hashable, Sendable {
  public var text: String
  public var replyTo: ObjectID?

  /// Nil for a message of another client, or one that is no text.
  public init?(_ message: MessageReport) { return nil }
}

extension Node {
  /// Sends a text to a group; a peer's name means the direct group.
  ///
  /// - Throws: ``NodeError/badText``, ``NodeError/tooLarge(byteCount:limit:)`` and what ``Node/send(client:body:to:)`` throws.
  public func sendChat(
    _ text: String, to group: String, replyTo: ObjectID? = nil
  ) throws(NodeError) -> ObjectID { throw .engine("") }
}
