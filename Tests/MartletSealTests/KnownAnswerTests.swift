import MartletSeal
import MartletTestSupport
import Testing

@Suite("Known answers")
struct KnownAnswerTests {
  @Test(
    "plain hashes are those of b2sum -l 256",
    arguments: [
      ([], "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"),
      (Array("abc".utf8), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"),
      (
        [UInt8](repeating: 0, count: 1000),
        "919da92d5040aeac86a75eb4125da3d0a9423bae8ae422b733b755f7baa8dadf"
      ),
    ])
  func hash(input: [UInt8], expected: String) {
    #expect(Hash.plain(input).hex == expected)
  }

  @Test("the Ed25519 key of RFC 8032's first test, and a signature another library made with it")
  func signing() throws {
    let seed = try #require(
      Hex.decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    let pair = SigningKeyPair(seed: try #require(SecretKey(seed)))
    #expect(
      pair.publicKey.digest.hex
        == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    let message = try #require(Digest(0..<32))
    #expect(
      Hex.encode(pair.sign(message))
        == "00c1db988bb12fd7351a6054ae3fac90fab7e4fc56b1651c7181f5f55f896f66"
        + "3933d3a90605d9058e9d0ac45950ee2d3c9c9b14857415587179fe0ccac35f09")
  }

  @Test("XChaCha20-Poly1305 of draft-irtf-cfrg-xchacha-03, appendix A.3.1")
  func cipher() throws {
    let plaintext = Array(
      ("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
        + "future, sunscreen would be it.").utf8)
    let associated = try #require(Hex.decode("50515253c0c1c2c3c4c5c6c7"))
    let key = try #require(SecretKey(0x80..<0xA0))
    let nonce = [UInt8](0x40..<0x58)
    let sealed = AuthenticatedCipher.seal(
      plaintext.span.bytes, associated: associated.span.bytes, nonce: nonce, key: key)
    #expect(
      Hex.encode(sealed)
        == "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
        + "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
        + "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
        + "21f9664c97637da9768812f615c68b13b52e"
        + "c0875924c1c7987947deafd8780acf49")
    #expect(
      AuthenticatedCipher.open(
        sealed.span.bytes, associated: associated.span.bytes, nonce: nonce, key: key)
        == plaintext)
  }
}
