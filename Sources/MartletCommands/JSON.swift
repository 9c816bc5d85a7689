internal import MartletFileSystem
package import SystemPackage

/// A value of JSON, written on one line. Members keep their order.
package enum JSON {
  case null
  case bool(Bool)
  case number(UInt64)
  /// So many thousandths.
  case thousandths(UInt64)
  case string(String)
  case array([JSON])
  case object([(String, JSON)])

  /// A string, or null.
  package static func optional(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }

  /// A count; one below zero, which there should not be, is 0.
  package static func count(_ count: Int) -> JSON { .number(UInt64(max(0, count))) }

  /// Unix seconds as ISO 8601, or null.
  package static func time(seconds: UInt64?) -> JSON {
    seconds.map { .string(Timestamp(seconds: $0).description) } ?? .null
  }

  /// A member for bytes: `key` if they are UTF-8, else `base64Key` with base64 (RFC 4648, padded).
  package static func member(
    _ key: String, _ bytes: [UInt8], otherwise base64Key: String? = nil
  ) -> (String, JSON) {
    if let text = String(validating: bytes, as: UTF8.self) { return (key, .string(text)) }
    return (base64Key ?? key + "_base64", .string(base64(bytes)))
  }

  package static func member(_ key: String, _ path: FilePath) -> (String, JSON) {
    member(key, path.bytes)
  }
}

extension JSON: ExpressibleByStringLiteral {
  package init(stringLiteral text: String) { self = .string(text) }
}

extension JSON {
  /// The text, in ASCII and what is harmless beyond it: what a terminal might act on is `\uNNNN`.
  package var text: String {
    var text = ""
    write(to: &text)
    return text
  }

  private func write(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .number(let value): text += String(value)
    case .thousandths(let value):
      let rest = String(value % 1000)
      text += String(value / 1000) + "." + String(repeating: "0", count: 3 - rest.utf8.count) + rest
    case .string(let value): Self.quote(value, to: &text)
    case .array(let values):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += "," }
        value.write(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { text += "," }
        Self.quote(member.0, to: &text)
        text += ":"
        member.1.write(to: &text)
      }
      text += "}"
    }
  }

  private static func quote(_ value: String, to text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where Escape.isDangerous(scalar):
        // All of these are below U+10000.
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }

  /// Base64 with padding (RFC 4648, section 4).
  package static func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count / 3 + 1) * 4)
    var index = 0
    while index < bytes.count {
      let group = bytes[index..<min(index + 3, bytes.count)]
      var bits: UInt32 = 0
      for offset in 0..<3 {
        bits = bits << 8 | (offset < group.count ? UInt32(group[index + offset]) : 0)
      }
      for place in 0..<4 {
        text.append(
          place <= group.count ? digits[Int(bits >> (18 - 6 * UInt32(place)) & 63)] : 0x3D)
      }
      index += 3
    }
    return String(decoding: text, as: UTF8.self)
  }
}
