import Foundation
import MartletFileSystem
import SystemPackage
import Testing

/// What stands in a directory, to change it as people do and to compare it.
struct Tree {
  let path: String

  /// Makes the directory.
  init(_ path: String) throws {
    self.path = path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// Of a directory that somebody else makes.
  init(at path: String) { self.path = path }

  func at(_ name: String) -> String { path + "/" + name }

  func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let parent = (at(name) as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: at(name)))
  }

  func text(_ name: String) -> String? {
    FileManager.default.contents(atPath: at(name)).map { String(decoding: $0, as: UTF8.self) }
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: at(name)) }

  func move(_ name: String, to other: String) throws {
    try FileManager.default.moveItem(atPath: at(name), toPath: at(other))
  }

  func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: at(name), withDestinationPath: target)
  }

  func makeDirectory(_ name: String) throws {
    try FileManager.default.createDirectory(
      atPath: at(name), withIntermediateDirectories: true)
  }

  /// All paths, with what stands there; without what is Martlet's own.
  func contents() throws -> [String: String] {
    var contents: [String: String] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: path)
    where name != ".martlet" && !name.hasPrefix(".martlet/") {
      let attributes = try FileManager.default.attributesOfItem(atPath: at(name))
      switch attributes[.type] as? FileAttributeType {
      case .typeDirectory: contents[name] = "directory"
      case .typeSymbolicLink:
        contents[name] =
          "link to " + (try FileManager.default.destinationOfSymbolicLink(atPath: at(name)))
      default:
        let data = try #require(FileManager.default.contents(atPath: at(name)))
        contents[name] = "file of \(data.count): \(Array(data).hashValue)"
      }
    }
    return contents
  }
}
