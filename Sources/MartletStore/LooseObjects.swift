internal import MartletSeal

/// Reads objects that have files of their own; many threads may use one at the same time.
package struct LooseObjects: Sendable {
  let disk: Disk

  /// An object's bytes; nil if it has no such file, or one that cannot be read or is not as it
  /// should be: ``Store/read(_:isVerified:)`` looks elsewhere then, and says what is wrong.
  package func bytes(of object: StoredObject) -> [UInt8]? {
    let limit = UInt64(object.byteCount)
    guard object.packTag == 0,
      let bytes = try? disk.readWhole(
        Pack.looseName(object.id), limit: limit, bypassesCache: true),
      bytes.count == Int(object.byteCount), Hash.plain(bytes) == object.id.digest
    else { return nil }
    return bytes
  }
}
