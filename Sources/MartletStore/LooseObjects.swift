internal import MartletSeal

/// Reads objects that have files of their own; many threads may use one at the same time.
package struct LooseObjects: Sendable {
  let disk: Disk

  /// What stands in the place of an offset for such an object: an XXH64 of its bytes, and not 0.
  static func checksum(of bytes: [UInt8]) -> UInt64 {
    max(1, Checksum.of(bytes.span.bytes, seed: 0))
  }

  /// An object's bytes; nil if it has no such file, or one that cannot be read or is not as it
  /// should be: ``Store/read(_:isVerified:)`` looks elsewhere then, and says what is wrong.
  ///
  /// - Parameter isVerified: Whether the bytes are hashed and compared with the name, even where the
  ///   checksum is known and does for what a medium may have lost or changed.
  package func bytes(of object: StoredObject, isVerified: Bool) -> [UInt8]? {
    let limit = UInt64(object.byteCount)
    guard object.packTag == 0,
      let bytes = try? disk.readWhole(
        Pack.looseName(object.id), limit: limit, bypassesCache: true),
      bytes.count == Int(object.byteCount)
    else { return nil }
    let isGood =
      isVerified || object.offset == 0
      ? Hash.plain(bytes) == object.id.digest : Self.checksum(of: bytes) == object.offset
    return isGood ? bytes : nil
  }
}
