/// Work that is handed over and done while the caller goes on: a bounded amount of it at a time.
package final class WorkBehind<Item: Sendable, Failure: Error> {
  private let work: @Sendable (Item) throws(Failure) -> Void
  private let stage: OrderedStage<Item, Bool, Failure>?
  /// What ended it.
  private var failure: Failure?

  /// - Parameters:
  ///   - pipeline: How many threads work, and how many items may be under way. Without threads
  ///     each item is done when it is handed over.
  ///   - work: Called once for each item, in the order of the items if there is one thread and the
  ///     caller does not help; for none after one that failed, save those that had begun.
  package init(
    _ pipeline: OrderedPipeline, work: @escaping @Sendable (Item) throws(Failure) -> Void
  ) {
    self.work = work
    stage =
      pipeline.threadCount == 0
      ? nil
      : OrderedStage(pipeline) { (item: Item) throws(Failure) -> Bool in
        try work(item)
        return true
      }
  }

  /// Hands an item over; waits while too many are under way.
  ///
  /// - Throws: What the work on the first item that failed threw: now, or at an earlier call.
  package func add(_ item: Item) throws(Failure) {
    try keepingFailure { () throws(Failure) in
      if let stage { try stage.add(item) } else { try work(item) }
    }
  }

  /// Returns when all work is done.
  ///
  /// - Throws: What the work on the first item that failed threw: now, or at an earlier call.
  package func finish() throws(Failure) {
    try keepingFailure { () throws(Failure) in while try stage?.next() != nil {} }
  }

  /// Drops what was not begun; no work goes on when this returns. Nothing can be added any more.
  package func stop() { stage?.stop() }

  private func keepingFailure(_ body: () throws(Failure) -> Void) throws(Failure) {
    if let failure { throw failure }
    do throws(Failure) { try body() } catch {
      failure = error
      stop()
      throw error
    }
  }
}
