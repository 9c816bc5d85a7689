import Foundation
import MartletFileSystem
import SystemPackage
import Testing

@Suite("The local file system")
struct LocalFileSystemTests {
  @Test("opens nothing outside a directory, and passes no link")
  func beneath() throws {
    let ground = try Ground(.local)
    let system = LocalFileSystem()
    try FileManager.default.createSymbolicLink(
      atPath: ground.root.appending("link").string, withDestinationPath: "inside")
    try system.makeDirectory(ground.root.appending("inside"), permissions: 0o700)
    try system.replace(ground.root.appending("inside/a"), with: [1], permissions: 0o600)
    let directory = try system.openFile(ground.root, .read)
    func opened(_ path: FilePath) throws -> [UInt8] {
      let file = try system.open(path, beneath: directory.number, .read)
      defer { system.close(file) }
      return try system.read(file, at: 0, count: 9)
    }
    // A kernel that cannot promise it refuses everything, which is right too.
    guard errno({ try opened("inside/a") }) != .noFunction else { return }
    #expect(try opened("inside/a") == [1])
    for path in ["link/a", "../x", "/etc/passwd", "inside/../../x"] as [FilePath] {
      #expect(errno { try opened(path) } != nil, "\(path)")
    }
    #expect(try system.information(at: ground.root.appending("link"))?.kind == .link)
  }

  @Test("lists names that are no text")
  func bytes() throws {
    let ground = try Ground(.local)
    let name = try #require(
      FilePath.Component(platformString: [0x61, CChar(bitPattern: 0xff), 0]))
    let made = errno {
      try ground.system.replace(ground.root.appending(name), with: [1], permissions: 0o600)
    }
    // Some file systems take text only.
    if made == nil { #expect(try ground.system.list(ground.root) == [name]) }
  }
}
