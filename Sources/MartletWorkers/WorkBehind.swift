/// Work that is handed over and done while the caller goes on: a bounded amount of it at a time.
package final class WorkBehind<Item: Sendable, Failure: Error> {
  private let work: @Sendable (Item) throws(Failure) -> Void
  private let stage: OrderedStage<Item, Bool, Failure>?

  /// - Parameters:
  ///   - pipeline: How many threads work, and how many items may be under way. Without threads
  ///     each item is done when it is handed over.
  ///   - work: Called once for each item, in no order.
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
  /// - Throws: What the work on this or an earlier item threw. Nothing that waits is begun then.
  package func add(_ item: Item) throws(Failure) {
    guard let stage else { return try work(item) }
    try stage.add(item)
  }

  /// Returns when all work is done.
  ///
  /// - Throws: What the work on the first item that failed threw.
  package func finish() throws(Failure) {
    while try stage?.next() != nil {}
  }

  /// Drops what was not begun; no work goes on when this returns.
  package func stop() { stage?.stop() }
}
