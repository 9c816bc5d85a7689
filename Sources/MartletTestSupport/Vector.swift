internal import MartletSeal

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// A file of Tests/Vectors: header lines `key: value`, a blank line, the bytes.
package struct Vector: Sendable {
  package let name: String
  /// In the order in which they are written.
  package let fields: [(key: String, value: String)]
  package let bytes: [UInt8]

  /// A vector whose bytes are written in hex.
  package init(name: String, _ fields: [(key: String, value: String)], bytes: [UInt8]) {
    self.name = name
    self.fields = fields + [("encoding", "hex")]
    self.bytes = bytes
  }

  /// Reads a file; nil if it is none.
  package init?(name: String, file: String) {
    var lines = file.split(separator: "\n", omittingEmptySubsequences: false)[...]
    var fields: [(key: String, value: String)] = []
    while let line = lines.popFirst(), !line.isEmpty {
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      fields.append((String(line[..<colon]), String(value)))
    }
    let body = lines.joined(separator: "\n")
    self.name = name
    self.fields = fields
    switch fields.last(where: { $0.key == "encoding" })?.value {
    case "hex":
      guard let bytes = Hex.decode(body.filter { !$0.isWhitespace }) else { return nil }
      self.bytes = bytes
    case "text": bytes = Array((body.hasSuffix("\n") ? String(body.dropLast()) : body).utf8)
    default: return nil
    }
  }

  package subscript(key: String) -> String? { fields.last { $0.key == key }?.value }

  /// The file, with 64 digits a line.
  package var file: String {
    var text = fields.map { "\($0.key): \($0.value)\n" }.joined() + "\n"
    for start in stride(from: 0, to: bytes.count, by: 32) {
      text += Hex.encode(Array(bytes[start..<min(start + 32, bytes.count)])) + "\n"
    }
    return text
  }

  /// All vectors of a kind, by name.
  ///
  /// - Parameter test: A file of a test target.
  package static func all(of kind: String, test: String = #filePath) throws -> [Vector] {
    let folder = folder(kind, test)
    return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { name in
      let data = FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data()
      guard let vector = Vector(name: name, file: String(decoding: data, as: UTF8.self)) else {
        throw VectorError.unreadable(name)
      }
      return vector
    }
  }

  /// Replaces all vectors of a kind.
  package static func rewrite(
    _ vectors: [Vector], of kind: String, test: String = #filePath
  ) throws {
    let folder = folder(kind, test)
    if FileManager.default.fileExists(atPath: folder) {
      try FileManager.default.removeItem(atPath: folder)
    }
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: nil)
    for vector in vectors {
      let path = "\(folder)/\(vector.name)"
      guard FileManager.default.createFile(atPath: path, contents: Data(vector.file.utf8)) else {
        throw VectorError.unwritable(vector.name)
      }
    }
  }

  /// Whether this run is to make vectors anew: `MARTLET_WRITE_VECTORS` names their kind.
  package static func isToBeWritten(_ kind: String) -> Bool {
    ProcessInfo.processInfo.environment["MARTLET_WRITE_VECTORS"] == kind
  }

  private static func folder(_ kind: String, _ test: String) -> String {
    let parts = test.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
    return (parts + ["Vectors", Substring(kind)]).joined(separator: "/")
  }

  package enum VectorError: Error {
    case unreadable(String)
    case unwritable(String)
  }
}
