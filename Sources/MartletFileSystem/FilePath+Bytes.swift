package import SystemPackage

extension FilePath {
  /// The path of these bytes, whatever they are; it ends at the first zero, which no path has.
  package init(bytes: [UInt8]) {
    var characters: [CInterop.PlatformChar] = []
    characters.reserveCapacity(bytes.count + 1)
    for byte in bytes {
      if byte == 0 { break }
      characters.append(CInterop.PlatformChar(bitPattern: byte))
    }
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
