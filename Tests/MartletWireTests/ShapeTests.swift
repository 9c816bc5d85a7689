import MartletWire
import Testing

@Suite("A manifest or section of many empty parts")
struct ShapeTests {
  static func empty(_ field: UInt8, _ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<count { bytes += [field << 3 | 2, 0] }
    return bytes
  }

  @Test("is refused before any of them is made", arguments: [2, 3, 6, 8] as [UInt8])
  func manifests(field: UInt8) {
    let bytes = Self.empty(field, 100_000)
    #expect(throws: WireError.self) { try Manifest(decoding: bytes) }
  }

  @Test("within another part is refused too", arguments: [4, 5, 6] as [UInt8])
  func nested(field: UInt8) {
    let inner = Self.empty(field, 50)
    let bytes: [UInt8] = [8 << 3 | 2, UInt8(inner.count)] + inner
    #expect(throws: WireError.malformed) { try Manifest(decoding: bytes) }
  }

  @Test("of a section is refused", arguments: [4, 5] as [UInt8])
  func sections(field: UInt8) {
    let bytes = Self.empty(field, 100_000)
    #expect(throws: WireError.malformed) { try Section(decoding: bytes) }
  }
}
