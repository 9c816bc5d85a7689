import MartletWorkers
import Synchronization
import Testing

@Suite("An ordered pipeline")
struct OrderedPipelineTests {
  struct Failed: Error, Equatable { let item: Int }

  @Test("hands out every result in order", arguments: [0, 1, 2, 3, 8], [0, 1, 2, 7, 10_000])
  func order(threads: Int, count: Int) {
    var results: [Int] = []
    OrderedPipeline(threadCount: threads, inFlightLimit: 2 * threads + 1).run(
      over: 0..<count,
      transform: { item in
        // Uneven work, so that later items finish first.
        var sum = item
        for step in 0..<(item % 7) * 100 { sum &+= step }
        return sum < 0 ? -1 : item * 2
      },
      consume: { results.append($0) })
    #expect(results == (0..<count).map { $0 * 2 })
  }

  @Test("never holds more items than its bound", arguments: [0, 1, 2, 5], [1, 3, 8])
  func bound(threads: Int, limit: Int) {
    var taken = 0
    var consumed = 0
    var most = 0
    OrderedPipeline(threadCount: threads, inFlightLimit: limit).run(
      next: { () -> Int? in
        guard taken < 300 else { return nil }
        taken += 1
        most = max(most, taken - consumed)
        return taken
      },
      transform: { (item: Int) -> Int in item },
      consume: { (_: Int) in consumed += 1 })
    #expect(consumed == 300)
    #expect(most <= limit)
  }

  @Test("stops at the first item in order that fails, and no transform outlives it")
  func failure() {
    for bad in [0, 1, 5, 63, 64, 199] {
      let box = Counter()
      var consumed: [Int] = []
      #expect(throws: Failed(item: bad)) {
        try OrderedPipeline(threadCount: 3, inFlightLimit: 6).run(
          over: 0..<200,
          transform: { item throws(Failed) -> Int in
            box.change(1)
            defer { box.change(-1) }
            if item >= bad { throw Failed(item: item) }
            return item
          },
          consume: { item throws(Failed) in consumed.append(item) })
      }
      #expect(box.value == 0)
      #expect(consumed == Array(0..<bad))
    }
  }

  @Test("stops when the consumer or the source throws")
  func callerFailure() {
    let pipeline = OrderedPipeline(threadCount: 2, inFlightLimit: 4)
    var consumed = 0
    #expect(throws: Failed(item: 9)) {
      try pipeline.run(
        over: 0..<100, transform: { item throws(Failed) -> Int in item },
        consume: { item throws(Failed) in
          if item == 9 { throw Failed(item: 9) }
          consumed += 1
        })
    }
    #expect(consumed == 9)
    var taken = 0
    #expect(throws: Failed(item: 5)) {
      try pipeline.run(
        next: { () throws(Failed) -> Int? in
          taken += 1
          if taken == 5 { throw Failed(item: 5) }
          return taken
        },
        transform: { item throws(Failed) -> Int in item },
        consume: { _ throws(Failed) in })
    }
  }
}

private final class Counter: Sendable {
  private let state = Mutex(0)
  var value: Int { state.withLock { $0 } }
  func change(_ by: Int) { state.withLock { $0 += by } }
}
