internal import Dispatch
internal import Synchronization

/// Transforms items on several threads and hands out the results in the order of the items.
package struct OrderedPipeline: Sendable {
  /// How many threads transform, besides the calling one where it would have to wait.
  package let threadCount: Int
  /// The most items taken from the source and not yet consumed.
  package let inFlightLimit: Int
  /// Whether the calling thread transforms what it would have to wait for.
  package let callerHelps: Bool

  /// - Parameters:
  ///   - threadCount: With none everything runs on the calling thread, in one order.
  ///   - callerHelps: With one thread and without the caller, transforms run in order, one by one.
  /// - Precondition: There is a place for an item, and somebody to transform it.
  package init(threadCount: Int, inFlightLimit: Int, callerHelps: Bool = true) {
    precondition(threadCount >= 0 && inFlightLimit >= 1, "a pipeline needs a place")
    precondition(callerHelps || threadCount > 0, "a pipeline needs a thread")
    self.callerHelps = callerHelps
    self.threadCount = threadCount
    self.inFlightLimit = inFlightLimit
  }

  /// Runs until the source is empty or something throws.
  ///
  /// `next` and `consume` run on the calling thread, `transform` on the pipeline's threads (and on
  /// the calling one while no other has begun, so it finishes even where no thread is to be had).
  /// Results are consumed in the order their items were taken. Whatever happens, no transform
  /// runs any more when this returns.
  ///
  /// - Throws: What `next` or `consume` threw, or what the transform of the first item in order
  ///   that failed threw; everything before that item has been consumed, nothing after it.
  package func run<Input: Sendable, Output: Sendable, Failure: Error>(
    next: () throws(Failure) -> Input?,
    transform: @escaping @Sendable (Input) throws(Failure) -> Output,
    consume: (Output) throws(Failure) -> Void
  ) throws(Failure) {
    let stage = OrderedStage(self, transform: transform)
    defer { stage.stop() }
    while let output = try stage.next(next) { try consume(output) }
  }

  /// Runs over a sequence; otherwise as ``run(next:transform:consume:)``.
  package func run<Items: Sequence, Output: Sendable, Failure: Error>(
    over items: Items,
    transform: @escaping @Sendable (Items.Element) throws(Failure) -> Output,
    consume: (Output) throws(Failure) -> Void
  ) throws(Failure) where Items.Element: Sendable {
    var iterator = items.makeIterator()
    try run(
      next: { () throws(Failure) -> Items.Element? in iterator.next() }, transform: transform,
      consume: consume)
  }
}

/// A pipeline whose results are taken one by one: the source of another, for example.
package final class OrderedStage<Input: Sendable, Output: Sendable, Failure: Error> {
  private let crew: Crew<Input, Output, Failure>
  private let inFlightLimit: Int
  private var isExhausted = false
  private var inFlight = 0

  package init(
    _ pipeline: OrderedPipeline,
    transform: @escaping @Sendable (Input) throws(Failure) -> Output
  ) {
    crew = Crew(
      limit: pipeline.threadCount, callerHelps: pipeline.callerHelps, transform: transform)
    inFlightLimit = pipeline.inFlightLimit
  }

  deinit { stop() }

  /// The next result; nil when there is none and the source had no more, after which it is not
  /// asked again. As many items as there is room for are taken from it before.
  ///
  /// - Throws: As ``OrderedPipeline/run(next:transform:consume:)``; it has stopped then.
  package func next(
    _ source: () throws(Failure) -> Input?
  ) throws(Failure) -> Output? {
    do throws(Failure) {
      while !isExhausted, inFlight < inFlightLimit {
        guard let item = try source() else {
          isExhausted = true
          break
        }
        crew.add(item)
        inFlight += 1
      }
    } catch {
      stop()
      throw error
    }
    return try next()
  }

  /// The result of the oldest item that is under way; nil if none is.
  ///
  /// - Throws: What its transform threw; the stage has stopped then.
  package func next() throws(Failure) -> Output? {
    guard inFlight > 0 else { return nil }
    do throws(Failure) {
      inFlight -= 1
      return try crew.first().get()
    } catch {
      stop()
      throw error
    }
  }

  /// Takes an item in; where there is no room, the oldest result is waited for, and returned.
  ///
  /// - Throws: What the transform of that item threw; the stage has stopped then.
  @discardableResult
  package func add(_ item: Input) throws(Failure) -> Output? {
    let oldest = inFlight == inFlightLimit ? try next() : nil
    crew.add(item)
    inFlight += 1
    return oldest
  }

  /// Drops what was not handed out; no transform runs any more when this returns.
  package func stop() {
    crew.stop()
    isExhausted = true
    inFlight = 0
  }
}

/// The threads of one run and the queue they share.
private final class Crew<Input: Sendable, Output: Sendable, Failure: Error>: Sendable {
  private struct State {
    var waiting: [(index: Int, item: Input)] = []
    var finished: [Int: Result<Output, Failure>] = [:]
    var added = 0
    var handedOut = 0
    /// Threads that do nothing.
    var idle: [Int]
    var stopped = false
  }

  private let state: Mutex<State>
  private let callerHelps: Bool
  private let transform: @Sendable (Input) throws(Failure) -> Output
  // A serial queue each: a concurrent one gets no more threads than there are cores, however many
  // of them wait for a medium.
  private let queues: [DispatchQueue]
  private let threads = DispatchGroup()
  // One signal a finished item: more may come than are waited for, never fewer.
  private let progress = DispatchSemaphore(value: 0)

  init(
    limit: Int, callerHelps: Bool, transform: @escaping @Sendable (Input) throws(Failure) -> Output
  ) {
    self.callerHelps = callerHelps
    state = Mutex(State(idle: Array(0..<limit)))
    queues = (0..<limit).map { _ in DispatchQueue(label: "martlet.worker") }
    self.transform = transform
  }

  func add(_ item: Input) {
    let thread = state.withLock { state in
      state.waiting.append((state.added, item))
      state.added += 1
      return state.idle.popLast()
    }
    if let thread { queues[thread].async(group: threads) { self.work(thread) } }
  }

  /// Waits for the result of the oldest item that was not handed out.
  func first() -> Result<Output, Failure> {
    while true {
      let (result, mine) = state.withLock { state -> (Result<Output, Failure>?, Input?) in
        if let result = state.finished.removeValue(forKey: state.handedOut) {
          state.handedOut += 1
          return (result, nil)
        }
        if callerHelps, state.waiting.first?.index == state.handedOut {
          state.handedOut += 1
          return (nil, state.waiting.removeFirst().item)
        }
        return (nil, nil)
      }
      if let result { return result }
      if let mine { return attempt(mine) }
      progress.wait()
    }
  }

  /// Drops what waits, and returns when every thread is done.
  func stop() {
    state.withLock { state in
      state.stopped = true
      state.waiting = []
    }
    threads.wait()
  }

  private func work(_ thread: Int) {
    // A thread leaves when nothing waits, rather than block one of the system's.
    while let (index, item) = take(thread) {
      let result = attempt(item)
      state.withLock { state in
        state.finished[index] = result
        // Nothing after a failure is consumed, and what came before it was taken before it.
        if case .failure = result { state.stopped = true }
      }
      progress.signal()
    }
  }

  private func take(_ thread: Int) -> (Int, Input)? {
    state.withLock { state in
      guard !state.stopped, !state.waiting.isEmpty else {
        state.idle.append(thread)
        return nil
      }
      let (index, item) = state.waiting.removeFirst()
      return (index, item)
    }
  }

  private func attempt(_ item: Input) -> Result<Output, Failure> {
    do throws(Failure) { return .success(try transform(item)) } catch { return .failure(error) }
  }
}
