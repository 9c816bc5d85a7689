internal import MartletFileSystem
package import SystemPackage

/// Makes text from outside safe to show: names, chat, file names, reasons.
///
/// Control characters (C0, C1, DEL), marks that change the direction of writing or break lines,
/// and bytes that are not UTF-8 become `\xNN`, a byte each; new line, return and tab become `\n`,
/// `\r` and `\t`. So a text takes one line, and steers neither a terminal nor the words around it.
/// Everything else stays, back slashes too: who needs the exact bytes takes `--json`.
package enum Escape {
  package static func text(_ bytes: some Sequence<UInt8>) -> String {
    var shown = String()
    for part in UTF8Parts(bytes) {
      switch part {
      case .scalar(let scalar) where !isDangerous(scalar): shown.unicodeScalars.append(scalar)
      case .scalar("\n"): shown += "\\n"
      case .scalar("\r"): shown += "\\r"
      case .scalar("\t"): shown += "\\t"
      case .scalar(let scalar):
        for byte in String(scalar).utf8 { shown += hex(byte) }
      case .invalid(let byte): shown += hex(byte)
      }
    }
    return shown
  }

  package static func text(_ text: String) -> String {
    // Most names are plain, and there may be a hundred thousand of them.
    if text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return text }
    return Self.text(text.utf8)
  }

  package static func text(_ path: FilePath) -> String { text(path.bytes) }

  /// Whether a scalar may do something other than stand there.
  package static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0: true
    // Marks, embeddings, overrides and isolates of writing direction.
    case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
    // Line and paragraph separators; byte order mark; annotations.
    case 0x2028, 0x2029, 0xFEFF, 0xFFF9...0xFFFB: true
    default: false
    }
  }

  private static func hex(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return "\\x" + (byte < 16 ? "0" : "") + digits
  }
}

/// Bytes as the scalars they spell, and the single bytes that spell none.
struct UTF8Parts<Bytes: Sequence>: Sequence, IteratorProtocol where Bytes.Element == UInt8 {
  enum Part: Hashable {
    case scalar(Unicode.Scalar)
    case invalid(UInt8)
  }

  private var bytes: Bytes.Iterator
  /// Read and not handed out yet: at most four bytes.
  private var held: [UInt8] = []

  init(_ bytes: Bytes) { self.bytes = bytes.makeIterator() }

  mutating func next() -> Part? {
    guard fill(1) else { return nil }
    let first = held[0]
    if first < 0x80 { return take(1, as: UInt32(first)) }
    let length: Int
    switch first {
    case 0xC2...0xDF: length = 2
    case 0xE0...0xEF: length = 3
    case 0xF0...0xF4: length = 4
    default: return .invalid(held.removeFirst())
    }
    guard fill(length) else { return .invalid(held.removeFirst()) }
    var value = UInt32(first) & (0x7F >> UInt32(length))
    for byte in held[1..<length] {
      guard byte & 0xC0 == 0x80 else { return .invalid(held.removeFirst()) }
      value = value << 6 | UInt32(byte & 0x3F)
    }
    // An overlong spelling, or a surrogate, is no scalar.
    let least: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000
    guard value >= least else { return .invalid(held.removeFirst()) }
    return take(length, as: value)
  }

  private mutating func take(_ count: Int, as value: UInt32) -> Part {
    guard let scalar = Unicode.Scalar(value) else { return .invalid(held.removeFirst()) }
    held.removeFirst(count)
    return .scalar(scalar)
  }

  private mutating func fill(_ count: Int) -> Bool {
    while held.count < count, let byte = bytes.next() { held.append(byte) }
    return held.count >= count
  }
}
