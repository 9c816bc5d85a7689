import Foundation
import MartletCarriers
import MartletFileSystem
import MartletTestSupport
import SystemPackage
import Testing

@Suite("A directory as carrier")
struct DirectoryCarrierTests {
  @Test("must be there, and a directory; a link to one will do")
  func directory() throws {
    let medium = try DirectoryMedium(
      LocalFileSystem(), FilePath(NSTemporaryDirectory()).appending("m-\(UUID().uuidString)"))
    try medium.plant("file", [1])
    let link = medium.directory.appending("link")
    try FileManager.default.createSymbolicLink(
      atPath: link.string, withDestinationPath: medium.directory.string)
    try medium.put(names[0], [1])
    #expect(try DirectoryCarrier(link, on: medium.system).list().map(\.name) == [names[0]])
    for name in ["file", "none", "none/below", "file/below"] {
      let path = medium.directory.appending(name)
      #expect(
        failure { try DirectoryCarrier(path, on: medium.system) } == .noDirectory(path), "\(name)")
    }
  }

  @Test("passes over links, directories and pipes of a bundle's name")
  func kinds() throws {
    let medium = try DirectoryMedium(
      LocalFileSystem(), FilePath(NSTemporaryDirectory()).appending("m-\(UUID().uuidString)"))
    try medium.put(names[0], [1])
    let paths = names.map { medium.directory.appending($0) }
    try FileManager.default.createSymbolicLink(
      atPath: paths[1].string, withDestinationPath: names[0])
    try medium.system.makeDirectory(paths[2], permissions: 0o700)
    #expect(mkfifo(paths[3].string, 0o600) == 0)
    defer { try? medium.system.removeDirectory(paths[2]) }
    let listed = try medium.carrier.list()
    #expect(listed.map(\.name) == [names[0]])
    #expect(listed.map(\.path) == [paths[0]])
    #expect(listed.map(\.byteCount) == [1])
    for path in paths.dropFirst() {
      let name = path.lastComponent?.string ?? ""
      #expect(failure { try medium.remove(name) } == .exists(path))
    }
    // Exchanged for a pipe after it was listed: nobody waits for a writer.
    try medium.system.remove(paths[0])
    #expect(mkfifo(paths[0].string, 0o600) == 0)
    #expect(failure { try medium.carrier.open(listed[0]) } == .gone(paths[0]))
  }

  @Test("lists what it can when a file vanishes, and fails when the medium does")
  func listingError() throws {
    let disk = SimulatedFileSystem()
    let medium = try DirectoryMedium(disk, "/stick")
    for name in names { try medium.put(name, [1]) }
    for call in 1...(names.count + 1) {
      for (errno, isGone) in [(Errno.ioError, false), (.operationNotSupportedByDevice, true)] {
        disk.fail(nil, number: call, with: errno)
        switch failure({ try medium.list() }) {
        case .gone?: #expect(isGone)
        case .system(let error)?: #expect(!isGone && error.errno == errno)
        case let other: Issue.record("\(String(describing: other))")
        }
      }
    }
    #expect(try medium.list() == names.sorted())
  }

  @Test("tells that it is read-only without trying, and refuses to write")
  func readOnly() throws {
    let disk = SimulatedFileSystem()
    let medium = try DirectoryMedium(disk, "/stick")
    try medium.put(names[0], [1, 2])
    #expect(!medium.carrier.isReadOnly())
    disk.isReadOnly = true
    #expect(medium.carrier.isReadOnly())
    #expect(try medium.get(names[0]) == [1, 2])
    #expect(failure { try medium.put(names[1], [1]) } == .readOnly(FilePath("/stick/\(names[1])")))
    #expect(failure { try medium.remove(names[0]) } == .readOnly(FilePath("/stick/\(names[0])")))
    disk.isReadOnly = false
    try medium.remove(names[0])
  }

  @Test("measures the free space, or says that it is not known")
  func freeSpace() throws {
    let disk = SimulatedFileSystem(capacity: 1000)
    let medium = try DirectoryMedium(disk, "/stick")
    try medium.put(names[0], bytes(400, seed: 1))
    #expect(try medium.carrier.freeByteCount() == 600)
    disk.fail(.freeByteCount, number: 1, with: .noFunction)
    #expect(try medium.carrier.freeByteCount() == nil)
    disk.fail(.freeByteCount, number: 1, with: .ioError)
    #expect(throws: CarrierError.self) { try medium.carrier.freeByteCount() }
  }

  @Test("names are made of all of the random bytes, and are names")
  func newNames() {
    let random = SeededRandom(seed: 5)
    var seen: Set<String> = []
    for _ in 0..<500 {
      let bytes = (0..<9).map { _ in UInt8(random.below(256)) }
      let name = DirectoryCarrier.newName(random: bytes)
      #expect(DirectoryCarrier.isBundleName(name))
      #expect(name == DirectoryCarrier.newName(random: bytes + [1]))
      seen.insert(name)
    }
    #expect(seen.count == 500)
    #expect(
      DirectoryCarrier.newName(random: [UInt8](repeating: 0, count: 9))
        == "aaaaaaaaaaaaa.martlet")
    #expect(
      DirectoryCarrier.newName(random: [UInt8](repeating: 255, count: 9))
        == "7777777777777.martlet")
    // Each of the first 65 bits changes the name.
    for bit in 0..<65 {
      var bytes = [UInt8](repeating: 0, count: 9)
      bytes[bit / 8] = 0x80 >> UInt8(bit % 8)
      #expect(DirectoryCarrier.newName(random: bytes) != "aaaaaaaaaaaaa.martlet", "\(bit)")
    }
  }

  @Test("every sentence names the path, without what could steer a terminal")
  func words() {
    let path: FilePath = "/stick/\u{1b}[2Jx"
    let errors: [CarrierError] = [
      .noDirectory(path), .readOnly(path), .full(path, needed: nil), .full(path, needed: 12),
      .gone(path), .system(FileSystemError(.write, path, .ioError)), .doesNotReadBack(path),
      .exists(path),
    ]
    for error in errors {
      #expect(error.description.contains("/stick/?[2Jx"))
      #expect(error.path == path)
      #expect(!error.description.hasSuffix("."))
    }
    #expect(Set(errors.map(\.description)).count == errors.count)
  }
}
