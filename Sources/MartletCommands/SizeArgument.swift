internal import ArgumentParser

/// A number of bytes: `700M`, `4GiB`, or the name of a medium.
struct SizeArgument: ExpressibleByArgument, Hashable, Sendable {
  let byteCount: UInt64

  /// What fits on or through each.
  static let media: [(name: String, byteCount: UInt64)] = [
    // The longest file there.
    ("fat32", (4 << 30) - 1),
    ("dvd", 4_700_000_000),
    ("cd", 700 << 20),
    // 25 MB, of which base64 and line ends take more than a quarter.
    ("email", 18_000_000),
    ("bluetooth", 10_000_000),
  ]

  private static let units: [(suffix: String, scale: UInt64)] = [
    ("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30), ("tib", 1 << 40), ("kb", 1000),
    ("mb", 1_000_000), ("gb", 1_000_000_000), ("tb", 1_000_000_000_000), ("k", 1000),
    ("m", 1_000_000), ("g", 1_000_000_000), ("t", 1_000_000_000_000), ("b", 1),
  ]

  /// Nil for anything else, and for none at all.
  init?(argument: String) {
    let text = argument.lowercased()
    if let medium = Self.media.first(where: { $0.name == text }) {
      byteCount = medium.byteCount
      return
    }
    var digits = text[...]
    var scale: UInt64 = 1
    if let unit = Self.units.first(where: { text.hasSuffix($0.suffix) }) {
      digits = digits.dropLast(unit.suffix.count)
      scale = unit.scale
    }
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt64(digits)
    else { return nil }
    let (product, isTooLarge) = number.multipliedReportingOverflow(by: scale)
    guard product > 0, !isTooLarge else { return nil }
    byteCount = product
  }

  static let help = ArgumentHelp(
    "The most bytes of a bundle: 700M, 4GiB, or "
      + media.map(\.name).joined(separator: ", ") + "; what does not fit is offered.",
    valueName: "size")
}
