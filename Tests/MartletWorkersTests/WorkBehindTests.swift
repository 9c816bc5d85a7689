import MartletWorkers
import Synchronization
import Testing

@Suite("Work behind the caller's back")
struct WorkBehindTests {
  struct Failed: Error, Equatable { let item: Int }

  @Test(
    "is all done at the end, each item once, and never more at a time than its bound",
    arguments: [0, 1, 2, 5], [1, 3, 8])
  func all(threads: Int, limit: Int) throws {
    let record = Record()
    let work = WorkBehind(OrderedPipeline(threadCount: threads, inFlightLimit: limit)) {
      (item: Int) throws(Failed) in
      record.begin()
      record.end(item)
    }
    for round in 0..<3 {
      for item in 0..<200 { try work.add(1000 * round + item) }
      try work.finish()
      #expect(record.done.count == 200 * (round + 1))
    }
    #expect(Set(record.done).count == 600)
    #expect(record.most <= max(1, limit))
  }

  @Test(
    "throws what the first item that failed threw, and goes on with none", arguments: [0, 1, 3])
  func failure(threads: Int) throws {
    for bad in [0, 1, 2, 7, 99] {
      let record = Record()
      let work = WorkBehind(OrderedPipeline(threadCount: threads, inFlightLimit: 4)) {
        (item: Int) throws(Failed) in
        if item == bad { throw Failed(item: item) }
        record.begin()
        record.end(item)
      }
      #expect(throws: Failed(item: bad)) {
        for item in 0..<100 { try work.add(item) }
        try work.finish()
      }
      // It stays failed, and does not pretend that the rest was done.
      #expect(throws: Failed(item: bad)) { try work.add(100) }
      #expect(throws: Failed(item: bad)) { try work.finish() }
      work.stop()
      let done = record.done
      #expect(Array(0..<bad).allSatisfy { done.contains($0) })
      #expect(done.count < bad + 5)
    }
  }

  @Test("does nothing any more once it was stopped")
  func stopped() throws {
    let record = Record()
    let work = WorkBehind(OrderedPipeline(threadCount: 2, inFlightLimit: 50)) {
      (item: Int) throws(Failed) in
      record.begin()
      record.end(item)
    }
    for item in 0..<50 { try work.add(item) }
    work.stop()
    #expect(record.running == 0)
    #expect(record.done.count <= 50)
  }

  @Test("is done in order by one thread that nobody helps")
  func order() throws {
    let record = Record()
    let work = WorkBehind(
      OrderedPipeline(threadCount: 1, inFlightLimit: 3, callerHelps: false)
    ) { (item: Int) throws(Failed) in
      record.begin()
      record.end(item)
    }
    for item in 0..<1000 { try work.add(item) }
    try work.finish()
    #expect(record.done == Array(0..<1000))
    #expect(record.most == 1)
  }
}

private final class Record: Sendable {
  private struct State {
    var running = 0
    var most = 0
    var done: [Int] = []
  }
  private let state = Mutex(State())

  func begin() {
    state.withLock {
      $0.running += 1
      $0.most = max($0.most, $0.running)
    }
  }

  func end(_ item: Int) {
    state.withLock {
      $0.running -= 1
      $0.done.append(item)
    }
  }

  var done: [Int] { state.withLock { $0.done } }
  var most: Int { state.withLock { $0.most } }
  var running: Int { state.withLock { $0.running } }
}
