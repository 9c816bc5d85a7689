extension DirectoryCarrier {
  /// What the name of a bundle ends with.
  package static let bundleSuffix = ".martlet"
  /// How many letters stand before the suffix; each is five random bits.
  package static let nameLetterCount = 13
  /// How many random bytes a new name is made of.
  package static let nameRandomByteCount = 9

  private static let letters = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

  /// Whether a file of this name may be a bundle: 13 lowercase base32 letters and `.martlet`.
  package static func isBundleName(_ name: some StringProtocol) -> Bool {
    let bytes = name.utf8
    guard bytes.count == nameLetterCount + bundleSuffix.utf8.count else { return false }
    return bytes.prefix(nameLetterCount).allSatisfy { letters.contains($0) }
      && bytes.dropFirst(nameLetterCount).elementsEqual(bundleSuffix.utf8)
  }

  /// A name that nobody else chose, made of the first nine of the bytes.
  package static func newName(random bytes: [UInt8]) -> String {
    precondition(bytes.count >= nameRandomByteCount, "a name needs nine random bytes")
    var name = ""
    var (bits, bitCount) = (0 as UInt32, 0)
    for byte in bytes.prefix(nameRandomByteCount) {
      bits = bits << 8 | UInt32(byte)
      bitCount += 8
      while bitCount >= 5 && name.utf8.count < nameLetterCount {
        bitCount -= 5
        name.unicodeScalars.append(Unicode.Scalar(letters[Int(bits >> UInt32(bitCount) & 31)]))
      }
      bits &= 0xff
    }
    return name + bundleSuffix
  }
}
