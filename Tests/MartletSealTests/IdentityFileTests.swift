import MartletSeal
import MartletTestSupport
import Testing

@Suite("An identity file")
struct IdentityFileTests {
  let random = SeededRandom(seed: 6)
  let identity = Identity(random: SeededRandom(seed: 7))

  func passphrase(_ text: String = "correct horse") throws -> Passphrase {
    try #require(Passphrase(Array(text.utf8)))
  }

  func locked() throws -> [UInt8] {
    try IdentityFile.encode(
      identity, passphrase: passphrase(), cost: .least, random: random)
  }

  @Test("reads back, open and locked")
  func roundTrip() throws {
    let open = IdentityFile.encode(identity)
    #expect(open.count == IdentityFile.openByteCount)
    #expect(!IdentityFile.isLocked(open))
    #expect(try IdentityFile.decode(open).deviceID == identity.deviceID)
    let locked = try locked()
    #expect(locked.count == IdentityFile.lockedByteCount)
    #expect(IdentityFile.isLocked(locked))
    let read = try IdentityFile.decode(locked, passphrase: passphrase())
    #expect(read.deviceID == identity.deviceID)
  }

  @Test("reads as another implementation wrote it")
  func known() throws {
    let open =
      "4d49443100000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
      + "ad9e61f9d476cccf"
    let locked =
      "4d494431010100000008000000000102030405060708090a0b0c0d0e0f"
      + "6465666768696a6b6c6d6e6f707172737475767778797a7b"
      + "ee0c4ec314f479c2108c763b691dcb6963983ee258cc489dbc0479f86665a9c3"
      + "68bd487005160dbbd0561cd77976d03eb1046eb530d2f7f0"
    let seed = try #require(SecretKey(0..<32))
    let fromOpen = try IdentityFile.decode(#require(Hex.decode(open)))
    let fromLocked = try IdentityFile.decode(
      #require(Hex.decode(locked)), passphrase: passphrase())
    #expect(fromOpen.deviceID == Identity(seed: seed).deviceID)
    #expect(fromLocked.deviceID == Identity(seed: seed).deviceID)
  }

  @Test("says which passphrase it wants: none, another, this one")
  func passphrases() throws {
    let locked = try locked()
    #expect(throws: IdentityFileError.passphraseNeeded) { try IdentityFile.decode(locked) }
    #expect(throws: IdentityFileError.wrongPassphrase) {
      try IdentityFile.decode(locked, passphrase: passphrase("correct horsf"))
    }
  }

  @Test("is refused at every other length")
  func lengths() throws {
    for bytes in [IdentityFile.encode(identity), try locked()] {
      for length in bytes.indices {
        let expected: IdentityFileError = length < 4 ? .notAnIdentityFile : .damaged
        #expect(throws: expected) {
          try IdentityFile.decode(Array(bytes.prefix(length)), passphrase: passphrase())
        }
      }
      #expect(throws: IdentityFileError.damaged) {
        try IdentityFile.decode(bytes + [0], passphrase: passphrase())
      }
    }
  }

  @Test("is refused with any bit changed, before a passphrase is tried")
  func bitFlips() throws {
    for bytes in [IdentityFile.encode(identity), try locked()] {
      for bit in 0..<bytes.count * 8 {
        var altered = bytes
        altered[bit / 8] ^= 1 << UInt8(bit % 8)
        let expected: IdentityFileError = bit < 32 ? .notAnIdentityFile : .damaged
        #expect(throws: expected) {
          try IdentityFile.decode(altered, passphrase: passphrase())
        }
      }
    }
  }

  @Test("costs its reader no more than the limit, and its writer asks for no more")
  func cost() throws {
    // Whole files, their checks right, that ask for too much or too little.
    for cost in [
      PassphraseCost(operations: 0, memoryKiB: 8), PassphraseCost(operations: 17, memoryKiB: 8),
      PassphraseCost(operations: 1, memoryKiB: 7),
      PassphraseCost(operations: 1, memoryKiB: 1024 * 1024 + 1),
      PassphraseCost(operations: .max, memoryKiB: .max),
    ] {
      let expected = IdentityFileError.tooCostly(
        operations: cost.operations, memoryKiB: cost.memoryKiB)
      #expect(throws: expected) {
        try IdentityFile.encode(identity, passphrase: passphrase(), cost: cost, random: random)
      }
      var bytes = try locked()
      for index in 0..<4 {
        bytes[5 + index] = UInt8(truncatingIfNeeded: cost.operations >> (8 * UInt32(index)))
        bytes[9 + index] = UInt8(truncatingIfNeeded: cost.memoryKiB >> (8 * UInt32(index)))
      }
      let body = Array(bytes.dropLast(8))
      bytes = body + Hash.labelled(.identityFile, body).bytes.prefix(8)
      #expect(throws: expected) { try IdentityFile.decode(bytes, passphrase: passphrase()) }
    }
  }

  @Test("authenticates its header: salt or nonce changed and the check mended opens nothing")
  func header() throws {
    for byte in 13..<53 {
      var bytes = try locked()
      bytes[byte] ^= 1
      let body = Array(bytes.dropLast(8))
      bytes = body + Hash.labelled(.identityFile, body).bytes.prefix(8)
      #expect(throws: IdentityFileError.wrongPassphrase) {
        try IdentityFile.decode(bytes, passphrase: passphrase())
      }
    }
  }

  @Test("takes passphrases of 1 to 1024 bytes")
  func passphraseLengths() {
    #expect(Passphrase([]) == nil)
    #expect(Passphrase([UInt8](repeating: 1, count: 1024)) != nil)
    #expect(Passphrase([UInt8](repeating: 1, count: 1025)) == nil)
  }
}
