import Foundation
import MartletFileSystem
import SystemPackage
import Testing

@Suite("The local file system")
struct LocalFileSystemTests {
  @Test("opens a fifo without waiting for its other end")
  func fifo() throws {
    let held = try Held(.local)
    try #require(mkfifo(held.ground.root.appending("fifo").string, 0o600) == 0)
    let file = try held.system.open(name("fifo"), in: held.directory, .read)
    #expect(try held.system.information(file).kind == .other)
    held.system.close(file)
    #expect(
      try held.system.entries(of: held.directory) == [
        DirectoryEntry(name: name("fifo"), kind: .other)
      ])
  }

  @Test("names the directory and the name in an error, however it was opened")
  func words() throws {
    let held = try Held(.local)
    try held.system.makeDirectory(name("d"), in: held.directory, permissions: 0o700)
    let below = try held.system.openDirectory(name("d"), beneath: held.directory)
    defer { held.system.close(below) }
    let path = held.ground.root.appending("d/none")
    #expect(throws: FileSystemError(.open, path, .noSuchFileOrDirectory)) {
      try held.system.open(name("none"), in: below, .read)
    }
    #expect(throws: FileSystemError(.removeDirectory, path, .noSuchFileOrDirectory)) {
      try held.system.removeDirectory(name("none"), in: below)
    }
    #expect(throws: FileSystemError(.openDirectory, path, .noSuchFileOrDirectory)) {
      try held.system.openDirectory(name("d/none"), beneath: held.directory)
    }
    let file = try held.system.open(name("a"), in: below, .createNew(permissions: 0o600))
    defer { held.system.close(file) }
    #expect(throws: FileSystemError(.write, held.ground.root.appending("d/a"), .fileTooLarge)) {
      try held.system.write(file, at: .max, [1])
    }
  }

  @Test("leaves no file open where a step fails")
  func stepsAreClosed() throws {
    let held = try Held(.stepByStep)
    try held.system.makeDirectory(name("a"), in: held.directory, permissions: 0o700)
    let inside = try held.system.openDirectory(name("a"), beneath: held.directory)
    try held.system.makeDirectory(name("b"), in: inside, permissions: 0o700)
    held.system.close(inside)
    // The lowest number that is free is given out: it would grow if one stayed open.
    var numbers: Set<Int32> = []
    for _ in 0..<2000 {
      #expect(
        errno { try held.system.openDirectory(name("a/b/c"), beneath: held.directory) }
          == .noSuchFileOrDirectory)
      let opened = try held.system.openDirectory(name("a/b"), beneath: held.directory)
      numbers.insert(opened.rawValue)
      held.system.close(opened)
    }
    #expect(numbers.count < 200)
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
