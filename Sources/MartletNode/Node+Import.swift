internal import MartletCarriers
internal import MartletFileSystem
internal import MartletSeal
internal import MartletStore
internal import MartletWire
public import SystemPackage

extension Node {
  /// Imports bundles: files, or all that stand in directories.
  ///
  /// - Parameter onReport: Called as each is done; what it says is durable. Of a directory, those
  ///   that are for others, our own or known are reported as such.
  /// - Throws: The first failure of the store or the medium; what was reported before stays.
  public func importBundles(
    _ sources: [FilePath], onReport: (ImportReport) -> Void
  ) throws(NodeError) {
    for source in sources {
      for bundle in try bundles(at: source) { onReport(try importBundle(at: bundle)) }
    }
  }

  /// What a source names: of a directory the bundles that stand in it, else the source itself.
  public func bundles(at source: FilePath) throws(NodeError) -> [FilePath] {
    // The point follows a link to a directory.
    let found = try? environment.system.information(at: source.appending("."))
    guard found?.kind == .directory else { return [source] }
    return try Self.carrying { () throws(CarrierError) in
      try DirectoryCarrier(source, on: environment.system).list().map(\.path)
    }
  }

  /// Imports one bundle from a descriptor, read to its end.
  public func importBundle(from descriptor: Int32) throws(NodeError) -> ImportReport {
    try changing { () throws(NodeError) -> ImportReport in
      var bundle = BundleImport(self, path: nil)
      return try bundle.run(ByteSource(descriptor))
    }
  }

  func importBundle(at path: FilePath) throws(NodeError) -> ImportReport {
    try changing { () throws(NodeError) -> ImportReport in
      let name = path.lastComponent?.string ?? ""
      if DirectoryCarrier.isBundleName(name), state.written.contains(where: { $0.fileName == name })
      {
        return ImportReport(
          path: path, outcome: .own, sender: nil, messages: 0, blobs: 0, byteCount: 0,
          pending: 0)
      }
      var bundle = BundleImport(self, path: path)
      return try bundle.run(try ByteSource(path, on: environment.system))
    }
  }

  // MARK: Strangers

  /// Keeps a stranger's bundle whole, for the day its card is added. There is no room for one that
  /// came through a pipe.
  func quarantine(
    _ path: FilePath?, header: Digest
  ) throws(NodeError) -> ImportReport.Keeping {
    let before = try stored { () throws(StoreError) in try store.openQuarantined(header.hex) }
    guard before == nil else { return .keptBefore }
    guard let path else { return .noRoom }
    let source = try ByteSource(path, on: environment.system)
    guard let byteCount = source.byteCount else { return .noRoom }
    var failure: NodeError?
    let isKept = try stored { () throws(StoreError) in
      try store.quarantine(named: header.hex, byteCount: byteCount) { buffer in
        do throws(NodeError) {
          let bytes = try source.read(buffer.count)
          buffer.replaceSubrange(0..<bytes.count, with: bytes)
          return bytes.count
        } catch {
          // What is kept is read to its end, or not kept at all.
          failure = error
          return 0
        }
      }
    }
    if let failure {
      try stored { () throws(StoreError) in try store.removeQuarantined(header.hex) }
      throw failure
    }
    return isKept ? .kept : .noRoom
  }

  /// Imports what those had sent who are peers now.
  func importQuarantined() throws(NodeError) {
    for bundle in try stored({ () throws(StoreError) in try store.quarantined() }) {
      let path = try stored { () throws(StoreError) in try store.openQuarantined(bundle.name) }
      guard let path else { continue }
      let report = try importBundle(at: path)
      switch report.outcome {
      case .stranger: continue
      default:
        try stored { () throws(StoreError) in try store.removeQuarantined(bundle.name) }
      }
    }
  }
}
