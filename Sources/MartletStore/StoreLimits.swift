/// Where the store turns from one way of keeping to the next. Tests set them low.
package struct StoreLimits: Hashable, Sendable {
  /// The least length of one half of `commit`, in bytes; a power of two.
  package var commitHalfByteCount = 64 << 10
  /// A pack is closed once it holds so many objects, or bytes; at most 256 MiB.
  package var packObjectCount = 65_536
  package var packByteCount: UInt64 = 256 << 20
  /// Objects of this many bytes and more have a file each; at most 256 KiB.
  package var looseByteCount = 256 << 10
  /// Loose files of one transaction beyond which the whole file system is synchronised at once.
  package var looseFileCount = 8
  /// A state file is replaced when it is longer than this and than four times the state.
  package var stateFileByteCount: UInt64 = 64 << 10
  /// Bytes of memory for indexes of packs.
  package var indexCacheByteCount = 16 << 20
  /// Threads that hash when the store is verified, and of which two at most write objects that
  /// have files of their own. With none all calls come in one order.
  package var threadCount = 2

  package init() {}
}
