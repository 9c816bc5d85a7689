package import SystemPackage

/// What may be the name of something in a directory, and what a path below one.
package enum EntryName {
  /// The longest path that any system takes, in bytes, its zero included.
  package static let pathByteCountLimit = 4096

  /// Whether these bytes can name something: there are some, without "/" and zero, and they are
  /// neither `.` nor `..`.
  package static func isValid(_ name: [UInt8]) -> Bool { isName(name[...]) }

  /// `EINVAL` for what cannot be a name, `ENAMETOOLONG` for what no system takes; nil otherwise.
  package static func failure(of name: [UInt8]) -> Errno? {
    if name.count >= pathByteCountLimit { return .fileNameTooLong }
    return isValid(name) ? nil : .invalidArgument
  }

  /// Why a link cannot lead to these bytes; nil if it can.
  package static func failure(ofTarget target: [UInt8]) -> Errno? {
    if target.count >= pathByteCountLimit { return .fileNameTooLong }
    return target.isEmpty || target.contains(0) ? .invalidArgument : nil
  }

  /// Why a path cannot lead to a directory below another: `EXDEV` if it says to leave, `EINVAL` if
  /// it is none; nil if it can.
  package static func failure(ofBeneath path: [UInt8]) -> Errno? {
    if path.count >= pathByteCountLimit { return .fileNameTooLong }
    if path.first == slash { return .improperLink }
    let names = path.split(separator: slash, omittingEmptySubsequences: false)
    if names.contains(where: { $0.count == 2 && $0.allSatisfy { $0 == dot } }) {
      return .improperLink
    }
    return names.allSatisfy(isName) ? nil : .invalidArgument
  }

  package static func names(ofBeneath path: [UInt8]) -> [[UInt8]] {
    path.split(separator: slash).map { Array($0) }
  }

  static let slash = UInt8(ascii: "/")
  private static let dot = UInt8(ascii: ".")

  private static func isName(_ name: ArraySlice<UInt8>) -> Bool {
    guard let first = name.first else { return false }
    if first == dot && (name.count == 1 || (name.count == 2 && name.last == dot)) { return false }
    for byte in name where byte == 0 || byte == slash { return false }
    return true
  }
}

/// Where something was opened. Costs next to nothing until somebody asks for the path.
package indirect enum OpenPlace: Sendable {
  case path(FilePath)
  /// Below another, by a name or several with "/" between them.
  case below(OpenPlace, [UInt8])

  package var path: FilePath {
    switch self {
    case .path(let path): path
    case .below: FilePath(bytes: bytes)
    }
  }

  private var bytes: [UInt8] {
    switch self {
    case .path(let path): path.bytes
    case .below(let place, let name): place.bytes + [EntryName.slash] + name
    }
  }
}
