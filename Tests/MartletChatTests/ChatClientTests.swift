import MartletChat
import MartletNode
import MartletObjects
import MartletSeal
import MartletTestSupport
import MartletWire
import Testing

@Suite("The chat client")
struct ChatClientTests {
  let client = ChatClient()

  func message(_ body: [UInt8], isOwn: Bool = false) -> ClientMessage {
    ClientMessage(
      id: ObjectID(Digest.zero), group: GroupID(Digest.zero), author: DeviceID(Digest.zero),
      isOwn: isOwn, created: 0, parents: [], body: body)
  }

  @Test("accepts texts, with and without what they answer")
  func accepts() throws {
    let other = try #require(ObjectID([UInt8](repeating: 7, count: 32)))
    for replyTo in [nil, other] {
      let sent = message(ChatContent(text: "h\u{202E}i", replyTo: replyTo).encoded)
      #expect(client.validate(sent) == .accept)
      let read = try #require(ChatText(sent))
      #expect(read.text == "h\u{202E}i")
      #expect(read.replyTo == replyTo)
    }
    let longest = String(repeating: "a", count: ChatText.byteLimit)
    #expect(client.validate(message(ChatContent(text: longest).encoded)) == .accept)
  }

  @Test("gives the text of a message for its contents, and the body of what is no text")
  func contents() {
    #expect(
      client.contents(of: message(ChatContent(text: "scans\nare on the stick").encoded))
        == Array("scans\nare on the stick".utf8))
    #expect(client.contents(of: message([0xFF])) == [0xFF])
  }

  @Test("rejects what is no text, is empty or too long")
  func rejects() {
    let tooLong = String(repeating: "a", count: ChatText.byteLimit + 1)
    for body in [[], [0xFF], ChatContent(text: "").encoded, ChatContent(text: tooLong).encoded] {
      #expect(client.validate(message(body)) == .reject)
      #expect(ChatText(message(body)) == nil)
    }
  }

  @Test("rejects or reads, and never traps on, 2,000 random bodies and every change of a right one")
  func hostile() {
    let random = SeededRandom(seed: 77)
    for _ in 0..<2000 { _ = client.validate(message(random.bytes(random.below(60)))) }
    let right = ChatContent(text: "hello", replyTo: ObjectID(Digest.zero)).encoded
    for index in right.indices {
      for bit in 0..<8 {
        var altered = right
        altered[index] ^= 1 << bit
        _ = client.validate(message(altered))
      }
      #expect(client.validate(message(Array(right.prefix(index)))) == .reject || index > 0)
    }
  }

  @Test("counts texts, own ones apart, and begins anew where its state is not its own")
  func counts() {
    var state: [UInt8] = []
    let body = ChatContent(text: "a").encoded
    for isOwn in [true, false, false] {
      client.deliver(message(body, isOwn: isOwn), state: &state)
    }
    #expect(ChatCounts(state).delivered == 3)
    #expect(ChatCounts(state).received == 2)
    for length in 0..<16 { #expect(ChatCounts(Array(state.prefix(length))).delivered == 0) }
    var other: [UInt8] = [1, 2, 3]
    client.deliver(message(body), state: &other)
    #expect(ChatCounts(other).delivered == 1)
  }

  @Test("says before sending what cannot be sent")
  func check() {
    #expect(throws: NodeError.badText) { try ChatText.check("") }
    let tooLong = String(repeating: "é", count: ChatText.byteLimit / 2 + 1)
    #expect(
      throws: NodeError.tooLarge(
        byteCount: UInt64(ChatText.byteLimit) + 2, limit: UInt64(ChatText.byteLimit))
    ) { try ChatText.check(tooLong) }
    #expect(throws: Never.self) { try ChatText.check("a") }
  }
}
