import MartletSeal
import MartletTestSupport
import Testing

@Suite("Sealing")
struct SealingTests {
  let random = SeededRandom(seed: 8)
  let identity = Identity(random: SeededRandom(seed: 9))
  let other = Identity(random: SeededRandom(seed: 10))

  @Test("a sealed box opens for its device only, at every length")
  func boxes() throws {
    for length in 0...130 {
      let plaintext = random.bytes(length)
      let sealed = try #require(identity.sealing.publicKey.seal(plaintext))
      #expect(sealed.count == length + SealedBox.overhead)
      #expect(identity.sealing.open(sealed) == plaintext)
      #expect(other.sealing.open(sealed) == nil)
    }
  }

  @Test("a sealed box is refused with any bit changed and at every shorter length")
  func damagedBoxes() throws {
    let key = SecretKey.random(from: random)
    let sealed = try #require(identity.sealing.publicKey.seal(key))
    #expect(identity.sealing.openKey(sealed)?.exposedBytes() == key.exposedBytes())
    #expect(other.sealing.openKey(sealed) == nil)
    for bit in 0..<sealed.count * 8 {
      var altered = sealed
      altered[bit / 8] ^= 1 << UInt8(bit % 8)
      // X25519 ignores the top bit of a key, but the nonce of the box covers it.
      #expect(identity.sealing.open(altered) == nil, "bit \(bit)")
      #expect(identity.sealing.openKey(altered) == nil, "bit \(bit)")
    }
    for length in sealed.indices {
      #expect(identity.sealing.open(Array(sealed.prefix(length))) == nil)
      #expect(identity.sealing.openKey(Array(sealed.prefix(length))) == nil)
    }
  }

  @Test("a decoy is as long as a box and opens for nobody")
  func decoys() {
    let decoy = SealedBox.decoy(byteCount: 32)
    #expect(decoy.count == 32 + SealedBox.overhead)
    #expect(identity.sealing.open(decoy) == nil)
  }

  @Test("sealed bytes open again at every length, and not with any bit of anything changed")
  func cipher() {
    let key = SecretKey.random(from: random)
    let nonce = random.bytes(AuthenticatedCipher.nonceByteCount)
    for length in 0...70 {
      let plaintext = random.bytes(length)
      let associated = random.bytes(length % 5)
      let sealed = AuthenticatedCipher.seal(
        plaintext.span.bytes, associated: associated.span.bytes, nonce: nonce, key: key)
      #expect(sealed.count == length + AuthenticatedCipher.overhead)
      func open(_ sealed: [UInt8], _ associated: [UInt8], _ nonce: [UInt8]) -> [UInt8]? {
        AuthenticatedCipher.open(
          sealed.span.bytes, associated: associated.span.bytes, nonce: nonce, key: key)
      }
      #expect(open(sealed, associated, nonce) == plaintext)
      for altered in flips(sealed) { #expect(open(altered, associated, nonce) == nil) }
      for altered in flips(associated) { #expect(open(sealed, altered, nonce) == nil) }
      for altered in flips(nonce) { #expect(open(sealed, associated, altered) == nil) }
      for cut in sealed.indices {
        #expect(open(Array(sealed.prefix(cut)), associated, nonce) == nil)
      }
      #expect(open(sealed, associated + [0], nonce) == nil)
      #expect(open(sealed, associated, Array(nonce.dropLast())) == nil)
    }
  }

  func flips(_ bytes: [UInt8]) -> [[UInt8]] {
    (0..<bytes.count * 8).map { bit in
      var altered = bytes
      altered[bit / 8] ^= 1 << UInt8(bit % 8)
      return altered
    }
  }

  @Test("a signature is refused with any bit of it, its message or its key changed")
  func signatures() throws {
    let message = random.digest()
    let signature = identity.signing.sign(message)
    let key = identity.signing.publicKey
    #expect(key.verifies(signature, over: message))
    for altered in flips(signature) { #expect(!key.verifies(altered, over: message)) }
    for altered in flips(message.bytes) {
      #expect(!key.verifies(signature, over: try #require(Digest(altered))))
    }
    for altered in flips(key.bytes) {
      let altered = SigningPublicKey(try #require(Digest(altered)))
      #expect(!altered.verifies(signature, over: message))
    }
    for length in 0..<64 {
      #expect(!key.verifies(Array(signature.prefix(length)), over: message))
    }
    #expect(!key.verifies(signature + [0], over: message))
  }

  static let smallOrderSigningKeys = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  ]

  @Test("a signing key of small order verifies nothing", arguments: smallOrderSigningKeys)
  func smallOrder(hex: String) throws {
    let key = SigningPublicKey(try #require(Digest(hex: hex)))
    let base = try #require(
      Hex.decode("5866666666666666666666666666666666666666666666666666666666666666"))
    // S = 1, R = B holds for one message in at most eight under such a key, S = 0, R = A likewise.
    for _ in 0..<64 {
      let message = random.digest()
      #expect(!key.verifies(base + [1] + [UInt8](repeating: 0, count: 31), over: message))
      #expect(!key.verifies(key.bytes + [UInt8](repeating: 0, count: 32), over: message))
    }
  }

  @Test(
    "a sealing key of small order is refused wherever it is used",
    arguments: [
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ])
  func smallOrderSealing(hex: String) throws {
    let key = SealingPublicKey(try #require(Digest(hex: hex)))
    #expect(!key.isUsable)
    #expect(key.seal([1]) == nil)
    #expect(identity.sealing.sharedSecret(with: key, label: .directGroupKey) == nil)
  }

  @Test("both ends of a pair derive the same secret, and another for another label")
  func sharedSecrets() {
    let here = identity.sealing.sharedSecret(with: other.sealing.publicKey, label: .directGroupKey)
    let there = other.sealing.sharedSecret(
      with: identity.sealing.publicKey, label: .directGroupKey)
    let id = identity.sealing.sharedSecret(with: other.sealing.publicKey, label: .directGroupID)
    #expect(here != nil && here?.exposedBytes() == there?.exposedBytes())
    #expect(here?.exposedBytes() != id?.exposedBytes())
  }

  @Test("a secret is not printed")
  func printing() {
    let key = SecretKey.random(from: random)
    #expect(
      "\(key)" == "(secret)"
        && String(reflecting: key).contains(Hex.encode(key.exposedBytes())) == false)
  }

  @Test("wiping leaves zeros")
  func wiping() {
    var bytes = random.bytes(40)
    Secrets.wipe(&bytes)
    #expect(bytes == [UInt8](repeating: 0, count: 40))
    var none: [UInt8] = []
    Secrets.wipe(&none)
    #expect(none.isEmpty)
  }
}
