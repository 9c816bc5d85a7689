import MartletStore
import MartletTestSupport
import Testing

@Suite("After a power cut, the store")
struct PowerCutTests {
  let store = StoreTests()

  @Test("is that of before or after, at every call", arguments: 1...3 as ClosedRange<UInt64>)
  func everyCall(seed: UInt64) throws {
    var call = 1
    while true {
      let disk = SimulatedFileSystem(seed: seed)
      try store.create(disk)
      try store.add(0..<1, disk)
      disk.resetCallCounts()
      disk.cutPower(atCall: call)
      var isDone = false
      do throws(StoreError) {
        try store.add(1..<2, disk)
        isDone = true
      } catch { #expect(!error.description.isEmpty) }
      let isOver = !disk.isOff
      let after = disk.powerCut(seed: seed &+ UInt64(call))
      let held = try store.count(after)
      #expect(held == 2 || !isDone && held == 1, "seed \(seed), call \(call)")
      if isOver { break }
      call += 1
    }
  }
}
