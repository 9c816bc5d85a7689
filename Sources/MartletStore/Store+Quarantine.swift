internal import MartletFileSystem
package import SystemPackage

/// How much of strangers' bundles is kept.
package struct QuarantineLimits: Hashable, Sendable {
  /// Bytes of all of them together.
  package var byteCount: UInt64 = 1 << 30
  package var fileCount = 1000

  package init() {}
}

/// A bundle that was put aside, because its sender is not known yet.
package struct QuarantinedBundle: Hashable, Sendable {
  /// The hash of the bundle's header, in hexadecimal.
  package var name: String
  package var byteCount: UInt64
}

extension Store {
  private static let quarantine = "quarantine"
  private static let suffix = ".bundle"
  private static let chunkByteCount = 1 << 20

  /// Puts a stranger's bundle aside, whole and durably, if there is room for it under the limits.
  ///
  /// Not part of any transaction. One that is there under this name already is left as it is, and
  /// nothing is read. Memory: 1 MiB.
  /// - Parameters:
  ///   - name: The hash of the bundle's header: 1 to 64 lower-case hexadecimal digits.
  ///   - byteCount: The most it may have.
  ///   - read: Fills the front of a buffer with what comes next, and says how many bytes that
  ///     were; 0 at the end. A failed call is best thrown as ``StoreError/system(_:)``.
  /// - Returns: False if there is no room, or more than `byteCount` bytes came: nothing is kept.
  /// - Throws: ``StoreError/readOnly(_:)``, ``StoreError/notAName(_:)``,
  ///   ``StoreError/system(_:)``; nothing is kept then.
  package func quarantine(
    named name: String, byteCount: UInt64, limits: QuarantineLimits = QuarantineLimits(),
    read: (inout [UInt8]) throws(StoreError) -> Int
  ) throws(StoreError) -> Bool {
    guard isWriting else { throw .readOnly(path) }
    let relative = try Self.quarantinePath(name)
    if try disk.byteCount(relative) != nil { return true }
    let there = try quarantined()
    let used = there.reduce(0) { $0 &+ $1.byteCount }
    guard there.count < limits.fileCount, used <= limits.byteCount,
      byteCount <= limits.byteCount - used
    else { return false }
    let temporary = "tmp/\(name)\(Self.suffix)"
    do {
      try disk.remove(temporary)
      guard try copy(to: temporary, limit: byteCount, read) else {
        try disk.remove(temporary)
        return false
      }
      try disk.rename(temporary, to: relative)
      try disk.syncDirectory(Self.quarantine)
      return true
    } catch {
      // Best effort: what is left in `tmp/` goes when the store is opened for writing.
      try? disk.remove(temporary)
      try? disk.remove(relative)
      throw error
    }
  }

  /// The bundles put aside, by name.
  package func quarantined() throws(StoreError) -> [QuarantinedBundle] {
    var bundles: [QuarantinedBundle] = []
    for file in try disk.list(Self.quarantine) where file.hasSuffix(Self.suffix) {
      // One that was removed meanwhile is passed over.
      if let byteCount = try disk.byteCount("\(Self.quarantine)/\(file)") {
        bundles.append(
          QuarantinedBundle(
            name: String(file.dropLast(Self.suffix.count)), byteCount: byteCount))
      }
    }
    return bundles
  }

  /// Where a bundle that was put aside can be read; nil if none has that name.
  package func openQuarantined(_ name: String) throws(StoreError) -> FilePath? {
    let relative = try Self.quarantinePath(name)
    return try disk.byteCount(relative) == nil ? nil : disk.path(relative)
  }

  /// Removes a bundle that was put aside, durably; none of that name is no error.
  package func removeQuarantined(_ name: String) throws(StoreError) {
    guard isWriting else { throw .readOnly(path) }
    try disk.remove(try Self.quarantinePath(name))
    try disk.syncDirectory(Self.quarantine)
  }

  /// Copies and synchronises; false as soon as it is more than the limit.
  private func copy(
    to path: String, limit: UInt64, _ read: (inout [UInt8]) throws(StoreError) -> Int
  ) throws(StoreError) -> Bool {
    let file = try disk.open(path, .createNew(permissions: 0o600))
    var buffer = [UInt8](repeating: 0, count: Self.chunkByteCount)
    var offset: UInt64 = 0
    while true {
      let count = try read(&buffer)
      guard count > 0 else { break }
      guard UInt64(count) <= limit - offset else { return false }
      try file.write(count < buffer.count ? Array(buffer.prefix(count)) : buffer, at: offset)
      offset += UInt64(count)
    }
    try file.sync()
    return true
  }

  private static func quarantinePath(_ name: String) throws(StoreError) -> String {
    let digits = name.utf8
    guard (1...64).contains(digits.count),
      digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
    else { throw .notAName(name) }
    return "\(quarantine)/\(name)\(suffix)"
  }
}
