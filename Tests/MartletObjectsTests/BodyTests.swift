import MartletObjects
import MartletSeal
import MartletTestSupport
import MartletWire
import Testing

@Suite("The body of a message")
struct BodyTests {
  let random = SeededRandom(seed: 11)

  @Test("of a chat reads back, and no other bytes read as it")
  func chat() throws {
    for content in [
      ChatContent(text: ""), ChatContent(text: "grüß", replyTo: ObjectID(random.digest())),
    ] {
      let bytes = content.encoded
      #expect(try ChatContent(decoding: bytes) == content)
      everyChange(of: bytes) { altered in
        if let other = try? ChatContent(decoding: altered) {
          #expect(other != content)
          #expect(other.encoded == altered)
        }
      }
    }
  }

  @Test("of data reads back, and no other bytes read as it")
  func data() throws {
    let blobs = try FileBlobs([
      .init(id: ObjectID(random.digest()), byteCount: 1),
      .init(id: ObjectID(random.digest()), byteCount: 4 << 20),
    ])
    for content in [
      DataContent.items([[1, 2, 3], [], [4]]), .items([[7]], name: Array("a".utf8)),
      .file(blobs, name: Array("a b.txt".utf8)),
      .file(try FileBlobs([]), name: []),
    ] {
      let bytes = content.encoded
      #expect(try DataContent(decoding: bytes) == content)
      everyChange(of: bytes) { altered in
        if let other = try? DataContent(decoding: altered) {
          #expect(other != content)
          #expect(other.encoded == altered)
        }
      }
    }
  }

  @Test("has no name that is a path", arguments: ["a/b", "/", ".", "..", "zero"])
  func paths(text: String) throws {
    let name: [UInt8] = text == "zero" ? [0x61, 0] : Array(text.utf8)
    let content = DataContent.file(try FileBlobs([]), name: name)
    #expect(throws: ObjectError.badField("name")) { try DataContent(decoding: content.encoded) }
  }

  @Test("has at most its limit of items")
  func itemLimit() {
    let empty: [UInt8] = []
    let items = Array(repeating: empty, count: DataContent.itemLimit)
    #expect((try? DataContent(decoding: DataContent.items(items).encoded)) == .items(items))
    #expect(throws: ObjectError.tooLarge(limit: DataContent.itemLimit)) {
      try DataContent(decoding: DataContent.items(items + [empty]).encoded)
    }
  }

  @Test("of a batch holds about 64 KiB, in order, every item once")
  func batches() {
    let items = (0..<500).map { _ in random.bytes(random.below(3000)) } + [random.bytes(200_000)]
    var seen: [[UInt8]] = []
    for batch in DataContent.batches(items) {
      guard case .items(let part, _) = batch else { continue }
      #expect(part.count == 1 || batch.encoded.count <= DataContent.batchByteCount)
      seen += part
    }
    #expect(seen == items)
    #expect(DataContent.batches([]).isEmpty)
  }

  @Test("addresses its items as ID/n, a single one as ID")
  func addresses() {
    let id = ObjectID(random.digest())
    let address = ItemAddress(message: id, index: 1)
    #expect(ItemAddress("\(address)") == address)
    #expect(ItemAddress("\(id)") == ItemAddress(message: id))
    #expect(address.item(in: .items([[1], [2]])) == [2])
    #expect(address.item(in: .items([[1]])) == nil)
    #expect(ItemAddress(message: id).item(in: .items([[1]])) == [1])
    #expect(ItemAddress(message: id).item(in: .items([[1], [2]])) == nil)
    for text in ["", "/", "\(id)/", "\(id)/01", "\(id)/-1", "\(id)/+1", "\(id)/1/2", "x/1"] {
      #expect(ItemAddress(text) == nil)
    }
  }

  @Test("of a grant reads back with its members in order, and names its founder")
  func grant() throws {
    let identities = (0..<5).map { _ in Identity(random: random) }
    let nonce = random.bytes(32)
    let group = GrantBox.createdGroupID(founder: identities[0].deviceID, nonce: nonce)
    let members = try identities.map {
      GrantContent.Member(card: try Card(identity: $0, name: "n", created: 1), role: .admin)
    }
    let grant = try GrantContent(
      group: group, groupName: "walk", members: members, founderNonce: nonce, givesHistory: true)
    #expect(try GrantContent(decoding: grant.encoded) == grant)
    #expect(grant.members.map(\.card.deviceID) == identities.map(\.deviceID).sorted())
    #expect(grant.isFounded(by: identities[0].deviceID))
    #expect(!grant.isFounded(by: identities[1].deviceID))
    #expect(throws: ObjectError.badField("members")) {
      try GrantContent(
        group: group, groupName: "", members: members + [members[0]], founderNonce: nonce,
        givesHistory: false)
    }
  }

  /// Every single-bit change, every shorter length, and one byte more.
  func everyChange(of bytes: [UInt8], check: ([UInt8]) -> Void) {
    for bit in 0..<bytes.count * 8 {
      var altered = bytes
      altered[bit / 8] ^= 1 << UInt8(bit % 8)
      check(altered)
    }
    for length in bytes.indices { check(Array(bytes.prefix(length))) }
    check(bytes + [0])
  }
}
