import Foundation
import MartletCarriers
import MartletFileSystem
import MartletTestSupport
import SystemPackage

/// What bundles are carried on, as the conformance suite sees it: a carrier, and what others do
/// to the medium behind its back. A new carrier adds a case to ``MediumKind`` and a class.
protocol Medium: AnyObject {
  func list() throws(CarrierError) -> [String]
  func get(_ name: String) throws(CarrierError) -> [UInt8]
  func remove(_ name: String) throws(CarrierError)
  /// Writes in pieces; between two of them `meanwhile` is called.
  func put(
    _ name: String, _ pieces: [[UInt8]], meanwhile: () -> Void
  ) throws(CarrierError)

  /// A file of any name that somebody else has put there, whole or not.
  func plant(_ name: String, _ bytes: [UInt8]) throws
  /// All that lies there, by whoever.
  func contents() throws -> [String: [UInt8]]
  /// Leaves room for so many more bytes; false where that cannot be arranged.
  func limit(toFree byteCount: UInt64) -> Bool
  /// Takes the medium away.
  func pull() throws
}

extension Medium {
  func put(_ name: String, _ bytes: [UInt8]) throws(CarrierError) {
    try put(name, [bytes], meanwhile: {})
  }
}

enum MediumKind: CaseIterable, Sendable {
  case simulatedDirectory, directory

  func make() throws -> any Medium {
    switch self {
    case .simulatedDirectory: try DirectoryMedium(SimulatedFileSystem(), "/stick")
    case .directory:
      try DirectoryMedium(
        LocalFileSystem(),
        FilePath(NSTemporaryDirectory()).appending("martlet-\(UUID().uuidString)"))
    }
  }
}

final class DirectoryMedium: Medium {
  let system: any FileSystem
  let directory: FilePath
  let carrier: DirectoryCarrier

  init(_ system: any FileSystem, _ directory: FilePath, threadCount: Int = 0) throws {
    self.system = system
    self.directory = directory
    try system.makeDirectory(directory, permissions: 0o700)
    try system.syncFileSystem(at: directory)
    // Small, so that what is put here takes several of them.
    carrier = try DirectoryCarrier(
      directory, on: system, threadCount: threadCount, blockByteCount: 700)
  }

  deinit { try? pull() }

  func list() throws(CarrierError) -> [String] { try carrier.list().map(\.name) }

  func get(_ name: String) throws(CarrierError) -> [UInt8] {
    guard let file = try carrier.list().first(where: { $0.name == name })
    else { throw .gone(directory.appending(name)) }
    do { return try carrier.open(file).readAll(limit: 1 << 20) } catch let error as CarrierError {
      throw error
    } catch {
      throw .gone(file.path)
    }
  }

  func remove(_ name: String) throws(CarrierError) { try carrier.remove(name) }

  func put(
    _ name: String, _ pieces: [[UInt8]], meanwhile: () -> Void
  ) throws(CarrierError) {
    let file = try carrier.create(name)
    for piece in pieces {
      try file.write(piece)
      meanwhile()
    }
    try file.finish()
  }

  func plant(_ name: String, _ bytes: [UInt8]) throws {
    let file = try system.openFile(
      directory.appending(name), .readWriteOrCreate(permissions: 0o600))
    try file.write(at: 0, bytes)
    try file.sync()
    try system.syncDirectory(directory)
  }

  func contents() throws -> [String: [UInt8]] {
    var contents: [String: [UInt8]] = [:]
    for name in try system.list(directory) {
      contents[name.string] = try system.readAll(directory.appending(name), limit: 1 << 20)
    }
    return contents
  }

  func limit(toFree byteCount: UInt64) -> Bool {
    guard let simulated = system as? SimulatedFileSystem else { return false }
    let used = ((try? contents()) ?? [:]).values.reduce(0) { $0 + UInt64($1.count) }
    simulated.capacity = used + byteCount
    return true
  }

  func pull() throws {
    for name in (try? system.list(directory)) ?? [] {
      try system.remove(directory.appending(name))
    }
    try system.removeDirectory(directory)
  }
}

/// Distinct bundle names and contents of a test.
let names = (0..<4).map { number in
  DirectoryCarrier.newName(random: [UInt8](repeating: UInt8(number * 37), count: 9))
}

func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
  let random = SeededRandom(seed: seed)
  return (0..<count).map { _ in UInt8(random.below(255) + 1) }
}

/// The error thrown, or nil.
func failure<Result>(_ body: () throws -> Result) -> CarrierError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error as? CarrierError
  }
}
