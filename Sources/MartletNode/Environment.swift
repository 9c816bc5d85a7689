package import MartletFileSystem
package import MartletSeal

/// What a node takes from the world around it: handed in, so that a seed replays it.
package struct NodeEnvironment: Sendable {
  package var system: any FileSystem
  package var random: any RandomSource
  /// Unix milliseconds.
  package var now: @Sendable () -> UInt64
  /// Names the machine; empty where it is not to be had.
  package var machine: [UInt8]
  /// How many threads hash, seal and open.
  package var threadCount: Int

  package init(
    system: any FileSystem, random: any RandomSource, now: @escaping @Sendable () -> UInt64,
    machine: [UInt8], threadCount: Int
  ) {
    self.system = system
    self.random = random
    self.now = now
    self.machine = machine
    self.threadCount = max(1, threadCount)
  }

  /// This machine.
  package static func local() -> NodeEnvironment {
    NodeEnvironment(
      system: LocalFileSystem(), random: SystemRandom(), now: { Machine.now() },
      machine: Machine.id(), threadCount: Machine.processorCount)
  }
}
