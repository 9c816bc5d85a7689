package import SystemPackage

extension FilePath {
  /// The path with "?" for control characters, so that a name cannot steer a terminal.
  package var printable: String {
    var shown = String.UnicodeScalarView()
    for scalar in string.unicodeScalars {
      let isControl = scalar.properties.generalCategory == .control
      shown.append(isControl ? "?" : scalar)
    }
    return String(shown)
  }
}
