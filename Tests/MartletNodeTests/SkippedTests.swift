import MartletFileSystem
import MartletNode
import MartletSeal
import MartletTestSupport
import SystemPackage
import Testing

@Suite("A message that is damaged before its turn comes")
struct SkippedTests {
  @Test("keeps no other from being delivered, and is delivered when it is back")
  func skipped() throws {
    let village = try Village(seed: 41)
    try village.create("ada", "ben")
    let bodies = (1...4).map { [UInt8($0)] + village.random.bytes(500) }
    for body in bodies {
      _ = try village.open("ada").send(client: Recorder.type, body: body, to: "ben")
    }
    // Nobody there wants them yet.
    _ = try village.open("ada").sync("/stick", with: nil)
    _ = try village.open("ben").sync("/stick", with: nil)
    _ = try village.open("ada").sync("/stick", with: nil)
    // A bit of the second one, in whatever file it is.
    var isAltered = false
    for (path, bytes) in try village.files(of: "ben") where bytes.count > 2000 {
      guard path.string.hasSuffix(".pack") else { continue }
      let file = try village.disk.openFile(path, .readWrite)
      let middle = bytes.count * 3 / 8
      try file.write(at: UInt64(middle), [bytes[middle] ^ 1])
      isAltered = true
    }
    try #require(isAltered)
    try village.disk.syncFileSystem(at: "/")
    try village.open("ben", clients: [Recorder()]).deliver()
    #expect(try village.open("ben").clientState(Recorder.type, of: "ada").count == 3 * 32)
    // It asks for it, and gets it.
    for _ in 0..<3 {
      _ = try village.open("ben", clients: [Recorder()]).sync("/stick", with: nil)
      village.clock.pass(2 * 24 * 3600)
      _ = try village.open("ada").sync("/stick", with: nil)
    }
    let after = try village.open("ben", clients: [Recorder()])
    try after.deliver()
    let state = try after.clientState(Recorder.type, of: "ada")
    #expect(state.count == 4 * 32)
    let ids = Set(stride(from: 0, to: state.count, by: 32).map { Array(state[$0..<$0 + 32]) })
    #expect(ids.count == 4)
  }
}
