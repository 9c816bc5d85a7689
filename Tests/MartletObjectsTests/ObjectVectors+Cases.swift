import MartletSeal
import MartletTestSupport

extension ObjectVectors {
  static func all() -> [Vector] {
    var made = ObjectVectors()
    made.addAccepted()
    made.addUnparsable()
    made.addBadHeaders()
    made.addUnopenable()
    made.addUnsigned()
    return made.vectors
  }

  private mutating func addAccepted() {
    let hello = Array("hello".utf8)
    accept("success-message", message(), kind: "message", content: hello, "the simplest message")
    accept(
      "success-message-empty", message { $0.body = [] }, kind: "message", content: [],
      "a message with an empty body")
    let parents = (0..<64).map { _ in random.bytes(32) }
    accept(
      "success-message-parents", message { $0.parents = parents }, kind: "message",
      content: hello, "a message with the most parents there may be")
    accept(
      "success-message-urgent",
      message {
        $0.priority = 1
        $0.expires = .max
      }, kind: "message", content: hello, "priority 1, and the latest time to expire")
    let boxes = [random.bytes(150), random.bytes(150)]
    accept(
      "success-message-boxes", message { $0.boxes = boxes }, kind: "message", content: hello,
      "a message with two boxes, which open for nobody")
    let chunk = random.bytes(100)
    accept(
      "success-blob", blob(Self.payload(chunk, padded: false)), kind: "blob", content: chunk,
      "a blob that LZ4 does not shrink")
    // Token: no literals but the first, a match of offset 1; then the last five bytes.
    let block: [UInt8] = [0x1F, 7, 1, 0, 75, 0x50, 7, 7, 7, 7, 7]
    let payload = [1] + Self.fixed(100) + Self.fixed(block.count) + block
    accept(
      "success-blob-lz4", blob(payload), kind: "blob", content: Array(repeating: 7, count: 100),
      "a blob of a hundred sevens, compressed")
  }

  private mutating func addUnparsable() {
    let good = message()
    let parse = "parse"
    refuse("empty", [], "not an object", parse, "no bytes")
    refuse("magic", Array("MOB2".utf8) + good[4...], "not an object", parse, "another magic")
    refuse("cut", good.dropLast(), "not canonical", parse, "the last byte is missing")
    refuse("trailing", good + [0], "not canonical", parse, "a byte behind the object")
    refuse(
      "unknown-field", good + Self.field(4, [1]), "not canonical", parse, "a field with number 4")
    let header = header(Parts(nonce: nonce))
    let long = UInt8(header.count & 0x7F) | 0x80
    refuse(
      "long-varint",
      Array("MOB1".utf8) + [0x0A, long, 0x80 | UInt8(header.count >> 7), 0]
        + header + good[(4 + 3 + header.count)...], "not canonical", parse,
      "the header's length in a byte more than it takes")
    let tail = Array(good[(4 + 3 + header.count)...])
    refuse(
      "field-order", Array("MOB1".utf8) + tail + Self.field(1, header), "not canonical", parse,
      "the header behind the sealed bytes")
    refuse(
      "box-length", good + Self.field(3, [UInt8](repeating: 1, count: 149)), "bad field boxes",
      parse, "a box of 149 bytes")
    refuse(
      "blob-boxes", blob(Self.payload([1], padded: false)) + Self.field(3, random.bytes(150)),
      "bad field boxes", parse, "a blob with a box")
    refuse(
      "sealed-short", Array("MOB1".utf8) + Self.field(1, header) + Self.field(2, random.bytes(24)),
      "bad field sealed", parse, "24 sealed bytes, too few for any payload")
    refuse(
      "sealed-multiple", sealed([UInt8](repeating: 0, count: 63)), "bad field sealed", parse,
      "a message whose payload has 63 bytes")
  }

  private mutating func addBadHeaders() {
    let parse = "parse"
    let parent = random.bytes(32)
    let many = (0..<65).map { _ in random.bytes(32) }
    refuse(
      "header-explicit-default", message { $0.headerEnd = [7 << 3, 0] }, "not canonical", parse,
      "expires 0 written out")
    refuse(
      "header-unknown-field", message { $0.headerEnd = [8 << 3, 1] }, "not canonical", parse,
      "a field with number 8")
    refuse("header-kind", message { $0.kind = 3 }, "bad field kind", parse, "kind 3")
    refuse(
      "header-nonce", message { $0.nonce.removeLast() }, "bad field nonce", parse,
      "a nonce of 23 bytes")
    refuse(
      "header-parents-twice", message { $0.parents = [parent, parent] }, "bad field parents",
      parse, "the same parent twice")
    refuse(
      "header-parents-65", message { $0.parents = many }, "too large", parse, "65 parents")
    refuse(
      "header-parent-short", message { $0.parents = [Array(parent.dropLast())] },
      "bad field parents", parse, "a parent of 31 bytes")
    refuse(
      "header-priority", message { $0.priority = 3 }, "bad field priority", parse, "priority 3")
    let payload = Self.payload([1, 2, 3], padded: false)
    refuse(
      "blob-parents", blob(payload) { $0.parents = [parent] }, "bad field parents", parse,
      "a blob with a parent")
    refuse(
      "blob-priority", blob(payload) { $0.priority = 1 }, "bad field priority", parse,
      "an urgent blob")
    refuse(
      "blob-expires", blob(payload) { $0.expires = 9 }, "bad field expires", parse,
      "a blob that expires")
  }

  private mutating func addUnopenable() {
    let open = "open"
    var altered = message()
    altered[altered.count - 1] ^= 1
    refuse("sealed-flipped", altered, "not authentic", open, "a bit of the sealed bytes changed")
    var header = message()
    header[4 + 3 + 5] ^= 1
    refuse("header-flipped", header, "not authentic", open, "a bit of the group changed")
    var parts = Parts(nonce: nonce)
    let content = content(parts, header: self.header(parts))
    var payload = Self.payload(content, padded: true)
    refuse("payload-tag", sealed([2] + payload[1...]), "bad payload", open, "tag 2")
    payload[payload.count - 1] = 1
    refuse("payload-padding", sealed(payload), "bad payload", open, "padding that is not zero")
    payload[payload.count - 1] = 0
    refuse(
      "payload-padding-long", sealed(payload + [UInt8](repeating: 0, count: 64)), "bad payload",
      open, "64 bytes of padding too many")
    refuse(
      "payload-length", sealed(payload[0..<1] + Self.fixed(content.count - 1) + payload[5...]),
      "bad payload", open, "tag 0 with two different lengths")
    refuse(
      "payload-too-large", sealed(payload[0..<1] + Self.fixed(8 << 20 | 1) + payload[5...]),
      "too large", open, "a decoded length of 8 MiB and a byte")
    let bomb: [UInt8] = [0x1F, 7, 1, 0, 75, 0x50, 7, 7, 7, 7, 7]
    refuse(
      "blob-lz4-short", blob([1] + Self.fixed(101) + Self.fixed(bomb.count) + bomb),
      "bad payload", open, "a block that decodes to a byte less than declared")
    refuse(
      "blob-lz4-long", blob([1] + Self.fixed(99) + Self.fixed(bomb.count) + bomb),
      "bad payload", open, "a block that decodes to a byte more than declared")
    refuse(
      "blob-empty", blob(Self.payload([], padded: false)), "bad payload", open, "an empty chunk")
    refuse(
      "client", message { $0.client = "Chat" }, "bad field client", open,
      "a client's name with a capital")
    refuse(
      "signature-short", message { $0.signature = { $0.removeLast() } }, "bad field signature",
      open, "a signature of 63 bytes")
    parts.body = []
    let empty = self.content(parts, header: self.header(parts)) + Self.field(6, 1)
    refuse(
      "content-unknown-field", sealed(Self.payload(empty, padded: true)), "not canonical", open,
      "a field with number 6 behind the content")
  }

  private mutating func addUnsigned() {
    refuse(
      "signature-flipped", message { $0.signature = { $0[5] ^= 4 } }, "not signed", "verify",
      "a bit of the signature changed")
    let boxes = [random.bytes(150), random.bytes(150)]
    refuse(
      "box-removed", message { $0.boxes = boxes }.dropLast(153), "not signed", "verify",
      "the last of two boxes taken away")
  }
}
