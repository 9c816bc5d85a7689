package import ArgumentParser
internal import MartletFileSystem
package import SystemPackage

/// Arguments are bytes, and the parser takes `String`, which would repair what is not UTF-8.
///
/// Bytes that are not UTF-8 therefore pass through the parser as scalars of a private plane, one a
/// byte, and so do bytes of text that has such scalars itself; so each argument has one spelling
/// and comes out as it went in.
package enum ArgumentBytes {
  private static let base: UInt32 = 0x10_FF00

  /// The argument as the parser sees it.
  package static func encode(_ bytes: [UInt8]) -> String {
    // Reading it never traps: the sum stays below U+110000.
    func stand(for byte: UInt8) -> Unicode.Scalar {
      Unicode.Scalar(base + UInt32(byte)) ?? "\u{FFFD}"
    }
    if bytes.allSatisfy({ $0 < 0x80 }) { return String(decoding: bytes, as: UTF8.self) }
    var text = String.UnicodeScalarView()
    for part in UTF8Parts(bytes) {
      switch part {
      case .scalar(let scalar) where scalar.value < base: text.append(scalar)
      case .scalar(let scalar): text.append(contentsOf: String(scalar).utf8.map(stand))
      case .invalid(let byte): text.append(stand(for: byte))
      }
    }
    return String(text)
  }

  /// The bytes that ``encode(_:)`` was given.
  package static func decode(_ text: String) -> [UInt8] {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return Array(text.utf8) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      if scalar.value >= base, let byte = UInt8(exactly: scalar.value - base) {
        bytes.append(byte)
      } else {
        bytes.append(contentsOf: String(scalar).utf8)
      }
    }
    return bytes
  }

  /// The text, or nil if it is not UTF-8.
  static func text(_ argument: String) -> String? {
    if argument.utf8.allSatisfy({ $0 < 0x80 }) { return argument }
    return String(validating: decode(argument), as: UTF8.self)
  }
}

/// An argument that is any bytes: a path, or `-`.
package struct PathArgument: ExpressibleByArgument, Hashable, Sendable {
  package let bytes: [UInt8]

  package init(bytes: [UInt8]) { self.bytes = bytes }

  package init?(argument: String) {
    bytes = ArgumentBytes.decode(argument)
    // An empty path is nobody's; a script with an unset variable makes one.
    if bytes.isEmpty { return nil }
  }

  package var path: FilePath { FilePath(bytes: bytes) }
  package var isStandard: Bool { bytes == [0x2D] }
  package var endsWithSlash: Bool { bytes.last == 0x2F }

  package static var defaultCompletionKind: CompletionKind { .file() }
}

/// An argument that is text, in UTF-8: a name.
package struct NameArgument: ExpressibleByArgument, Hashable, Sendable {
  package let text: String

  package init?(argument: String) {
    guard let text = ArgumentBytes.text(argument), !text.isEmpty else { return nil }
    self.text = text
  }
}

/// An argument that is any bytes, none included: a text to send.
package struct TextArgument: ExpressibleByArgument, Hashable, Sendable {
  package let bytes: [UInt8]

  package init?(argument: String) { bytes = ArgumentBytes.decode(argument) }

  package var isStandard: Bool { bytes == [0x2D] }
}
