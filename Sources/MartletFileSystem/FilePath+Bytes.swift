package import SystemPackage

extension FilePath {
  /// The path of these bytes, whatever they are; it ends at the first zero, which no path has.
  package init(bytes: some Sequence<UInt8>) {
    var characters = bytes.prefix { $0 != 0 }.map { CInterop.PlatformChar(bitPattern: $0) }
    characters.append(0)
    self.init(platformString: characters)
  }

  /// What the system sees of it, without the zero at its end.
  package var bytes: [UInt8] {
    withPlatformString { start in
      var bytes: [UInt8] = []
      var next = start
      while next.pointee != 0 {
        bytes.append(UInt8(bitPattern: next.pointee))
        next += 1
      }
      return bytes
    }
  }
}
