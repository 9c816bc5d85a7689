extension Card {
  /// What the text form starts with.
  package static let textPrefix = "martlet-card-1:"
  /// The longest text that is looked at, white space around the card included, in bytes.
  package static let textByteLimit = 1024
  static let checksumByteCount = 4

  /// One line without its end: `martlet-card-1:`, then in base64url without padding the binary
  /// form and four bytes of checksum.
  public var text: String {
    let bytes = encoded
    return Card.textPrefix + Base64URL.encode(bytes + Card.checksum(of: bytes))
  }

  /// Reads the text form, with or without white space around it, and checks all of it.
  ///
  /// - Throws: ``CardError/tooLong`` before anything else is looked at, ``CardError/notACard``
  ///   without the prefix, ``CardError/misspelt`` for a character or a checksum that is wrong,
  ///   and then what the binary form throws.
  public init(text: String) throws(CardError) {
    guard text.utf8.count <= Card.textByteLimit else { throw .tooLong }
    var line = Array(text.utf8)[...]
    while let first = line.first, Card.isSpace(first) { line.removeFirst() }
    while let last = line.last, Card.isSpace(last) { line.removeLast() }
    guard line.starts(with: Card.textPrefix.utf8) else { throw .notACard }
    let digits = line.dropFirst(Card.textPrefix.utf8.count)
    guard let bytes = Base64URL.decode(digits), bytes.count >= Card.checksumByteCount else {
      throw .misspelt
    }
    let card = Array(bytes.dropLast(Card.checksumByteCount))
    guard Card.checksum(of: card) == Array(bytes.suffix(Card.checksumByteCount)) else {
      throw .misspelt
    }
    try self.init(decoding: card)
  }

  static func checksum(of card: [UInt8]) -> [UInt8] {
    Array(Hash.labelled(.cardChecksum, card).bytes.prefix(checksumByteCount))
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
  }
}
