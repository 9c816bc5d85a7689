import MartletBundle
import MartletSeal
import MartletTestSupport
import Testing

@Suite("A bundle's envelope")
struct EnvelopeTests {
  let random = SeededRandom(seed: 11)

  private func header(_ recipients: [Identity], _ key: SecretKey) throws -> BundleHeader {
    try BundleHeader(
      bundleKey: key, recipients: recipients.map(\.sealing.publicKey),
      sectionKeys: recipients.map { _ in SecretKey.random(from: random) },
      segmentByteCountLog2: 10, random: random)
  }

  @Test("opens for each recipient, with the right section, and for nobody else")
  func recipients() throws {
    let key = SecretKey.random(from: random)
    let identities = (0..<5).map { _ in Identity(random: random) }
    let read = try BundleHeader(decoding: header(identities, key).bytes + [1, 2, 3])
    #expect(read.slotCount == 16)
    for (index, identity) in identities.enumerated() {
      let opened = try read.open(with: identity.sealing)
      #expect(opened.sectionIndex == index)
      #expect(opened.bundleKey.exposedBytes() == key.exposedBytes())
    }
    #expect(throws: BundleError.notForUs) {
      try read.open(with: Identity(random: random).sealing)
    }
  }

  @Test("is refused at every shorter length, naming the byte")
  func lengths() throws {
    let bytes = try header([Identity(random: random)], .random(from: random)).bytes
    for length in bytes.indices {
      #expect(throws: BundleError.truncated(offset: UInt64(length))) {
        try BundleHeader(decoding: Array(bytes.prefix(length)))
      }
    }
  }

  @Test("is refused with any bit of its header changed")
  func headerBits() throws {
    let identity = Identity(random: random)
    let bytes = try header([identity], .random(from: random)).bytes
    for bit in 0..<bytes.count * 8 {
      var altered = bytes
      altered[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: BundleError.self, "bit \(bit)") {
        try BundleHeader(decoding: altered).open(with: identity.sealing)
      }
    }
  }

  @Test("opens each segment at its own place only, whole and unaltered")
  func segments() throws {
    let key = SecretKey.random(from: random)
    let header = try header([Identity(random: random)], key)
    let sealer = SegmentSealer(header: header, bundleKey: key)
    let opener = SegmentOpener(header: header, bundleKey: key)
    let full = PlainSegment(index: 3, isFinal: false, bytes: random.bytes(1024))
    let last = PlainSegment(index: 4, isFinal: true, bytes: random.bytes(40))
    let sealed = sealer.seal(last)
    #expect(try opener.open(index: 3, isFinal: false, sealer.seal(full)) == full)
    #expect(try opener.open(index: 4, isFinal: true, sealed) == last)
    #expect(header.offset(ofSegment: 3) == UInt64(header.bytes.count + 3 * 1040))
    #expect(throws: BundleError.notAuthentic(segment: 5)) {
      try opener.open(index: 5, isFinal: true, sealed)
    }
    #expect(throws: BundleError.notAuthentic(segment: 3)) {
      try opener.open(index: 3, isFinal: true, sealer.seal(full))
    }
    for length in sealed.indices {
      #expect(throws: BundleError.notAuthentic(segment: 4)) {
        try opener.open(index: 4, isFinal: true, Array(sealed.prefix(length)))
      }
    }
    for bit in 0..<sealed.count * 8 {
      var altered = sealed
      altered[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: BundleError.notAuthentic(segment: 4), "bit \(bit)") {
        try opener.open(index: 4, isFinal: true, altered)
      }
    }
  }
}
