public import MartletNode
internal import MartletObjects

/// A text in a chat.
public struct ChatText: Hashable, Sendable {
  /// The longest text, in bytes of UTF-8.
  public static let byteLimit = ChatContent.textLimit

  /// Foreign text: escape it before a terminal sees it.
  public var text: String
  /// The text that it answers; it may be one that is not here.
  public var replyTo: ObjectID?

  /// Nil for a message of another client, or one that is no text.
  public init?(_ message: MessageReport) {
    guard message.client == ChatContent.client, case .client(let body) = message.body else {
      return nil
    }
    self.init(body: body)
  }

  /// Nil for a message that is no text.
  public init?(_ message: ClientMessage) { self.init(body: message.body) }

  private init?(body: [UInt8]) {
    guard let content = try? ChatContent(decoding: body), !content.text.isEmpty else { return nil }
    text = content.text
    replyTo = content.replyTo
  }

  /// Whether a text may be sent.
  ///
  /// - Throws: ``NodeError/badText`` if it is empty, ``NodeError/tooLarge(byteCount:limit:)``.
  package static func check(_ text: String) throws(NodeError) {
    guard !text.isEmpty else { throw .badText }
    guard text.utf8.count <= byteLimit else {
      throw .tooLarge(byteCount: UInt64(text.utf8.count), limit: UInt64(byteLimit))
    }
  }
}

extension Node {
  /// Sends a text to a group; a peer's name means the direct group.
  ///
  /// - Throws: ``NodeError/badText``, ``NodeError/tooLarge(byteCount:limit:)`` and what
  ///   ``Node/send(client:body:to:)`` throws.
  public func sendChat(
    _ text: String, to group: String, replyTo: ObjectID? = nil
  ) throws(NodeError) -> ObjectID {
    try ChatText.check(text)
    return try send(
      client: ChatClient.type, body: ChatContent(text: text, replyTo: replyTo).encoded, to: group)
  }
}
