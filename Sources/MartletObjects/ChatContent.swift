internal import FoundationEssentials
internal import MartletSeal
package import MartletWire

/// The body of a message of client `chat`.
package struct ChatContent: Hashable, Sendable {
  package static let client = "chat"
  /// The longest text, in bytes of UTF-8.
  package static let textLimit = 64 << 10

  package var text: String
  package var replyTo: ObjectID?

  package init(text: String, replyTo: ObjectID? = nil) {
    self.text = text
    self.replyTo = replyTo
  }

  /// The one encoding.
  package var encoded: [UInt8] {
    var wire = Martlet_ChatBody()
    wire.text = text
    wire.replyTo = Data(of: replyTo?.bytes ?? [])
    return CanonicalCodec.encode(wire)
  }

  /// - Throws: ``ObjectError``.
  package init(decoding bytes: [UInt8]) throws(ObjectError) {
    let wire = try CanonicalCodec.decode(bytes, as: Martlet_ChatBody.self, fieldLimit: 2)
    guard wire.text.utf8.count <= ChatContent.textLimit else {
      throw .tooLarge(limit: ChatContent.textLimit)
    }
    guard wire.replyTo.isEmpty || wire.replyTo.count == 32 else { throw .badField("reply_to") }
    self.init(text: wire.text, replyTo: ObjectID(wire.replyTo))
  }
}
