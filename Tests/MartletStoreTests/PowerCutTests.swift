import MartletFileSystem
import MartletStore
import MartletTestSupport
import SystemPackage
import Testing

@Suite("After a power cut, the store")
struct PowerCutTests {
  static let writing = Store.Access.writing(wait: false)

  @Test("is that of before or after, and takes it again, at every call", arguments: Scenario.all)
  func everyCall(scenario: Scenario) throws {
    let before = scenario.setUpCount
    let prepared = try scenario.disk()
    var call = 1
    while true {
      let disk = prepared.powerCut(seed: UInt64(call))
      disk.cutPower(atCall: call)
      var isDone = false
      do throws(StoreError) {
        try scenario.commit(before, to: scenario.open(disk))
        isDone = true
      } catch { #expect(error.failure?.isPowerCut == true, "call \(call): \(error)") }
      for seed in 1...2 as ClosedRange<UInt64> {
        let after = disk.powerCut(seed: seed &* 1000 &+ UInt64(call))
        let held = try scenario.count(after, Self.writing)
        #expect(held == before + 1 || !isDone && held == before, "seed \(seed), call \(call)")
        if held == before, seed == 1 {
          try scenario.commit(before, to: scenario.open(after))
          let again = after.powerCut(seed: seed)
          #expect(try scenario.count(again, .reading) == before + 1, "seed \(seed), call \(call)")
        }
      }
      if !disk.isOff { break }
      call += 1
    }
    #expect(call > 20)
  }

  @Test("recovers, wherever recovering is cut in turn")
  func recovery() throws {
    let scenario = Scenario.all[3]
    let prepared = try scenario.disk()
    for call in stride(from: 12, to: 120, by: 9) {
      let first = prepared.powerCut(seed: 0)
      first.cutPower(atCall: call)
      let isDone = (try? scenario.commit(1, to: scenario.open(first))) != nil
      let torn = first.powerCut(seed: UInt64(call))
      var next = 1
      while true {
        let disk = torn.powerCut(seed: 0)
        disk.cutPower(atCall: next)
        _ = try? scenario.open(disk)
        let isOver = !disk.isOff
        let held = try scenario.count(disk.powerCut(seed: UInt64(next)), Self.writing)
        #expect(held == 2 || !isDone && held == 1, "calls \(call) and \(next)")
        if isOver { break }
        next += 1
      }
      #expect(next > 5)
    }
  }

  @Test("keeps the old identity or the new, at every call")
  func identity() throws {
    let scenario = Scenario.all[0]
    let prepared = try scenario.disk()
    for call in 1...30 {
      let disk = prepared.powerCut(seed: UInt64(call))
      disk.cutPower(atCall: call)
      var isDone = false
      do {
        let store = try scenario.open(disk)
        let transaction = try store.transaction()
        transaction.writeFile("identity.next", [3, 4, 5])
        try transaction.commit()
        try store.replaceIdentity(with: "identity.next")
        isDone = true
      } catch {}
      let store = try scenario.open(disk.powerCut(seed: UInt64(call)))
      let found = try store.identity()
      #expect(found == [3, 4, 5] || !isDone && found == [1, 2], "call \(call)")
    }
  }
}

@Suite("After a failed call, the store")
struct FailedCallTests {
  @Test(
    "is that of before or after, and is used again or says that it must be opened again",
    arguments: Scenario.all, [Errno.noSpace, .ioError])
  func everyCall(scenario: Scenario, errno: Errno) throws {
    let before = scenario.setUpCount
    let prepared = try scenario.disk()
    var call = 1
    while true {
      let disk = prepared.powerCut(seed: UInt64(call))
      let open = try scenario.open(disk)
      disk.resetCallCounts()
      disk.fail(nil, number: call, with: errno)
      var failure: StoreError?
      do throws(StoreError) { try scenario.commit(before, to: open) } catch { failure = error }
      let isOver = disk.callCount < call
      disk.clearFaults()
      let words = "call \(call): \(failure.map { "\($0)" } ?? "no failure")"
      let seed = UInt64(call)
      switch failure {
      case nil:
        #expect(try scenario.count(disk.powerCut(seed: seed), .reading) == before + 1, "\(words)")
      case .discarded:
        #expect(try scenario.count(disk.powerCut(seed: seed), .reading) == before, "\(words)")
        try scenario.commit(before, to: open)
        let after = disk.powerCut(seed: seed)
        #expect(try scenario.count(after, .reading) == before + 1, "\(words)")
      case .outcomeUnknown:
        #expect(throws: StoreError.mustReopen("/s")) { try open.transaction() }
        let held = try scenario.count(disk.powerCut(seed: seed), .reading)
        #expect((before...before + 1).contains(held), "\(words)")
      default: Issue.record("\(words)")
      }
      if isOver { break }
      call += 1
    }
    #expect(call > 15)
  }

  @Test(
    "recovers once opening succeeds, whichever call of it failed",
    arguments: [Errno.noSpace, .ioError])
  func recovery(errno: Errno) throws {
    let scenario = Scenario.all[3]
    let prepared = try scenario.disk()
    for call in stride(from: 12, to: 120, by: 9) {
      let first = prepared.powerCut(seed: 0)
      first.cutPower(atCall: call)
      let isDone = (try? scenario.commit(1, to: scenario.open(first))) != nil
      let torn = first.powerCut(seed: UInt64(call))
      var next = 1
      while true {
        let disk = torn.powerCut(seed: 0)
        disk.resetCallCounts()
        disk.fail(nil, number: next, with: errno)
        do throws(StoreError) { _ = try scenario.open(disk) } catch {
          #expect(error.failure?.errno == errno, "calls \(call) and \(next): \(error)")
        }
        let isOver = disk.callCount < next
        disk.clearFaults()
        let held = try scenario.count(disk, .writing(wait: false))
        #expect(held == 2 || !isDone && held == 1, "calls \(call) and \(next)")
        if held == 1 { try scenario.commit(1, to: scenario.open(disk)) }
        let after = disk.powerCut(seed: UInt64(next))
        #expect(try scenario.count(after, .reading) == 2, "calls \(call) and \(next)")
        if isOver { break }
        next += 1
      }
      #expect(next > 5)
    }
  }

  @Test("does not believe a commit that never reached the disk, once it is opened again")
  func neverWritten() throws {
    let scenario = Scenario.all[0]
    for isCut in [false, true] {
      let disk = try scenario.disk()
      do {
        let store = try scenario.open(disk)
        let transaction = try store.transaction()
        try transaction.setState(.node, [7])
        // The state's sync succeeds, that of the commit does not, nor does taking it back.
        disk.fail(.sync, number: 2, with: .ioError)
        disk.failEvery(.rename, with: .ioError)
        var failure: StoreError?
        do throws(StoreError) { try transaction.commit() } catch { failure = error }
        guard case .outcomeUnknown = failure else {
          Issue.record("\(failure.map { "\($0)" } ?? "no failure")")
          return
        }
        disk.clearFaults()
      }
      let told = try scenario.open(disk).state(.node)
      if !isCut {
        // What the next writer was told is true whatever happens next.
        let after = try scenario.open(disk.powerCut(seed: 1), .reading)
        #expect(try after.state(.node) == told)
        continue
      }
      let store = try scenario.open(disk)
      let transaction = try store.transaction()
      try transaction.setState(.journal(peer: Scenario.peer), [8])
      try transaction.commit()
      let after = try scenario.open(disk.powerCut(seed: 1))
      #expect(after.damage.isEmpty)
      #expect(try after.state(.node) == told)
      #expect(try after.state(.journal(peer: Scenario.peer)) == [8])
    }
  }

  @Test(
    "is that of before while the disk is full, and takes it when it is not", arguments: Scenario.all
  )
  func full(scenario: Scenario) throws {
    let before = scenario.setUpCount
    let prepared = try scenario.disk()
    for room in stride(from: 0, through: 12_000, by: 400) as StrideThrough<UInt64> {
      let disk = prepared.powerCut(seed: room)
      disk.capacity = 1 << 40
      disk.capacity = (1 << 40) - (try disk.freeByteCount(at: "/s")) + room
      var isDone = false
      do {
        let store = try scenario.open(disk)
        do throws(StoreError) {
          try scenario.commit(before, to: store)
          isDone = true
        } catch {
          #expect(error.failure?.errno == .noSpace, "\(room) bytes: \(error)")
          #expect(try scenario.count(disk.powerCut(seed: room), .reading) == before)
          disk.capacity = nil
          try scenario.commit(before, to: store)
        }
      }
      #expect(
        try scenario.count(disk.powerCut(seed: room), .reading) == before + 1, "\(room) bytes")
      if isDone { return }
    }
    Issue.record("still not enough room")
  }
}
