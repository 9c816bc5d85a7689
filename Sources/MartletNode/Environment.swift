package import MartletFileSystem
package import MartletSeal
internal import MartletStore
package import MartletWorkers

/// What a node takes from the world around it: handed in, so that a seed replays it.
package struct NodeEnvironment: Sendable {
  package var system: any FileSystem
  package var random: any RandomSource
  /// Unix milliseconds.
  package var now: @Sendable () -> UInt64
  /// Names the machine; empty where it is not to be had.
  package var machine: [UInt8]
  /// How many threads hash, seal and open, and how many others read and write long things
  /// meanwhile. With none, everything happens on the calling thread, in one order.
  package var threadCount: Int
  /// Seconds after which what was not acknowledged goes again.
  package var roundTrip: UInt64 = 24 * 3600

  package init(
    system: any FileSystem, random: any RandomSource, now: @escaping @Sendable () -> UInt64,
    machine: [UInt8], threadCount: Int
  ) {
    self.system = system
    self.random = random
    self.now = now
    self.machine = machine
    self.threadCount = max(0, threadCount)
  }

  /// This machine, of which it takes four cores at most: a medium is busy then, and each thread
  /// takes some MiB.
  package static func local() -> NodeEnvironment {
    NodeEnvironment(
      system: LocalFileSystem(), random: SystemRandom(), now: { Machine.now() },
      machine: Machine.id(), threadCount: min(4, Machine.processorCount))
  }

  /// For work on all cores.
  package var computing: OrderedPipeline {
    OrderedPipeline(threadCount: threadCount, inFlightLimit: threadCount + 1)
  }

  /// For reading ahead: one more than is served at a time, lest the medium waits for us.
  package var reading: OrderedPipeline {
    let count = min(3, 2 * threadCount)
    return OrderedPipeline(threadCount: count, inFlightLimit: count + 1)
  }

  /// For work on all cores that begins with reading: some read meanwhile.
  package var readingAndComputing: OrderedPipeline {
    let count = threadCount + min(2, threadCount)
    return OrderedPipeline(threadCount: count, inFlightLimit: max(1, count))
  }

  /// For the store.
  var storeLimits: StoreLimits {
    var limits = StoreLimits()
    limits.threadCount = threadCount
    return limits
  }
}
