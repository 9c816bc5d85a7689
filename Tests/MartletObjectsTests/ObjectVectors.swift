import MartletObjects
import MartletSeal
import MartletTestSupport
import MartletWire

/// Makes the vectors of the object format, field by field and without the writer under test, so
/// that they say what the format is and not what the writer does.
struct ObjectVectors {
  let random = SeededRandom(seed: 20_260)
  let author: Identity
  let key: SecretKey
  let group: [UInt8]
  let nonce: [UInt8]
  var vectors: [Vector] = []

  /// What a case differs in.
  struct Parts {
    var kind: UInt64 = 1
    var parents: [[UInt8]] = []
    var priority: UInt64 = 0
    var expires: UInt64 = 0
    var boxes: [[UInt8]] = []
    var client = "chat"
    var body: [UInt8] = Array("hello".utf8)
    var signature: (inout [UInt8]) -> Void = { _ in }
    var headerEnd: [UInt8] = []
    var nonce: [UInt8]
  }

  init() {
    author = Identity(random: random)
    key = .random(from: random)
    group = random.bytes(32)
    nonce = random.bytes(24)
  }

  // MARK: Encoding

  static func varint(_ number: UInt64) -> [UInt8] {
    number < 0x80 ? [UInt8(number)] : [UInt8(number & 0x7F) | 0x80] + varint(number >> 7)
  }

  static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    bytes.isEmpty ? [] : [number << 3 | 2] + varint(UInt64(bytes.count)) + bytes
  }

  static func field(_ number: UInt8, _ value: UInt64) -> [UInt8] {
    value == 0 ? [] : [number << 3] + varint(value)
  }

  static func fixed(_ value: Int, _ byteCount: Int = 4) -> [UInt8] {
    (0..<byteCount).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  func header(_ parts: Parts) -> [UInt8] {
    let keyID = Hash.labelled(.keyID, key.exposedBytes()).bytes
    return Self.field(1, group) + Self.field(2, parts.kind) + Self.field(3, keyID)
      + Self.field(4, parts.nonce) + parts.parents.flatMap { Self.field(5, $0) }
      + Self.field(6, parts.priority) + Self.field(7, parts.expires) + parts.headerEnd
  }

  func content(_ parts: Parts, header: [UInt8]) -> [UInt8] {
    let unsigned =
      Self.field(1, author.deviceID.bytes) + Self.field(2, 1_800_000_000_123)
      + Self.field(3, Array(parts.client.utf8)) + Self.field(4, parts.body)
    let boxes = parts.boxes.flatMap { Self.fixed($0.count, 8) + $0 }
    let digest = Hash.labelled(
      .message, Self.fixed(header.count, 8), header, Self.fixed(parts.boxes.count, 8), boxes,
      Self.fixed(unsigned.count, 8), unsigned)
    var signature = author.signing.sign(digest)
    parts.signature(&signature)
    return unsigned + Self.field(5, signature)
  }

  static func payload(_ content: [UInt8], padded: Bool) -> [UInt8] {
    let bytes = [0] + fixed(content.count) + fixed(content.count) + content
    let padding = padded ? (64 - bytes.count % 64) % 64 : 0
    return bytes + [UInt8](repeating: 0, count: padding)
  }

  func object(
    _ header: [UInt8], payload: [UInt8], nonce: [UInt8], boxes: [[UInt8]] = []
  ) -> [UInt8] {
    let sealed = AuthenticatedCipher.seal(
      payload.span.bytes, associated: header.span.bytes,
      nonce: nonce.count == 24 ? nonce : self.nonce, key: key)
    return Array("MOB1".utf8) + Self.field(1, header) + Self.field(2, sealed)
      + boxes.flatMap { Self.field(3, $0) }
  }

  func message(_ change: (inout Parts) -> Void = { _ in }) -> [UInt8] {
    var parts = Parts(nonce: nonce)
    change(&parts)
    let header = header(parts)
    let payload = Self.payload(content(parts, header: header), padded: true)
    return object(header, payload: payload, nonce: parts.nonce, boxes: parts.boxes)
  }

  /// A blob with its one right nonce, unless a case changes it.
  func blob(_ payload: [UInt8], _ change: (inout Parts) -> Void = { _ in }) -> [UInt8] {
    var parts = Parts(kind: 2, nonce: [])
    let unfinished = header(parts)
    let nonceKey = key.derived(.blobNonceKey)
    parts.nonce = Array(
      Hash.labelled(
        .blobNonce, key: nonceKey, Self.fixed(unfinished.count, 8), unfinished, payload
      ).bytes.prefix(24))
    change(&parts)
    return object(header(parts), payload: payload, nonce: parts.nonce, boxes: parts.boxes)
  }

  /// A message of any payload.
  func sealed(_ payload: [UInt8]) -> [UInt8] {
    object(header(Parts(nonce: nonce)), payload: payload, nonce: nonce)
  }

  // MARK: Cases

  mutating func add(
    _ name: String, _ bytes: [UInt8], expect: String, stage: String, _ comment: String,
    _ more: [(key: String, value: String)] = []
  ) {
    var fields: [(key: String, value: String)] = [
      ("kind", "object"), ("expect", expect), ("stage", stage),
      ("key", Hex.encode(key.exposedBytes())),
      ("signing_key", Hex.encode(author.signing.publicKey.bytes)),
    ]
    fields += more + [("comment", comment)]
    vectors.append(Vector(name: name + ".txt", fields, bytes: bytes))
  }

  mutating func accept(
    _ name: String, _ bytes: [UInt8], kind: String, content: [UInt8], _ comment: String
  ) {
    add(
      name, bytes, expect: "success", stage: "all", comment,
      [
        ("id", Hash.plain(bytes).hex), ("class", kind), ("content_hex", Hex.encode(content)),
      ])
  }

  mutating func refuse(
    _ name: String, _ bytes: [UInt8], _ expect: String, _ stage: String, _ comment: String
  ) {
    add(name, bytes, expect: expect, stage: stage, comment)
  }
}
