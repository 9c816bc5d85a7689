/// Sixty digits that two people compare to know that each holds the other's card and no forgery.
///
/// It depends on both keys of both devices and on nothing else: not on names, times or order.
public struct SafetyNumber: Hashable, Sendable {
  /// Twelve groups of five digits.
  public let groups: [String]

  /// How often the hash is repeated, to make the search for a lookalike dear.
  static let rounds = 4096

  /// The number of a pair. Costs about four thousand hashes: some milliseconds.
  public init(_ one: Card, _ other: Card) {
    let keys = [one, other].map { $0.signingKey.bytes + $0.sealingKey.bytes }
      .sorted { $0.lexicographicallyPrecedes($1) }
    let pair = keys[0] + keys[1]
    var digest = Hash.labelled(.safetyNumber, pair)
    for _ in 0..<SafetyNumber.rounds {
      digest = Hash.labelled(.safetyNumber, digest.bytes, pair)
    }
    let wide =
      Hash.labelled(.safetyNumber, digest.bytes, [0]).bytes
      + Hash.labelled(.safetyNumber, digest.bytes, [1]).bytes
    groups = (0..<12).map { group in
      let number = wide[group * 5..<group * 5 + 5].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let digits = String(number % 100_000)
      return String(repeating: "0", count: 5 - digits.utf8.count) + digits
    }
  }
}

extension SafetyNumber: CustomStringConvertible {
  /// The groups with a space between them, on one line.
  public var description: String { groups.joined(separator: " ") }
}
