import MartletNode
import MartletSeal
import MartletTestSupport
import SystemPackage
import Testing

@Suite("A copied store that becomes a device of its own")
struct AdoptTests {
  @Test("is the old device or the new one at every call that loses power, with its keys")
  func everyCall() throws {
    let village = try Village(seed: 1)
    try village.create("laptop", "clinic")
    let path = village.path("laptop")
    let before = try village.open("laptop", .reading).card.deviceID
    try village.disk.syncFileSystem(at: path)
    var environment = village.environment
    var call = 1
    while true {
      let disk = village.disk.powerCut(seed: UInt64(call))
      disk.cutPower(atCall: call)
      environment.system = disk
      let isDone =
        (try? Node.adoptAsNew(at: path, name: "other", passphrase: nil, in: environment)) != nil
      let isOver = !disk.isOff
      let after = disk.powerCut(seed: UInt64(call))
      environment.system = after
      let node = try Node(at: path, for: .writing(wait: false), in: environment)
      let isNew = node.card.deviceID != before
      #expect(isNew || !isDone, "call \(call)")
      // It takes the secret keys to found a group.
      _ = try node.createGroup("village", with: [])
      // No secret lies about once the new identity is the only one.
      #expect(try !isNew || !after.list(path).contains("identity.next"), "call \(call)")
      if isOver { break }
      call += 1
    }
    #expect(call > 20)
  }
}
