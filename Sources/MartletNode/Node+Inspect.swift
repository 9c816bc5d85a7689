internal import MartletBundle
internal import MartletFileSystem
internal import MartletSeal
internal import MartletWire
public import SystemPackage

extension Node {
  /// What a bundle says of itself, without taking anything of it.
  ///
  /// - Throws: ``NodeError/badBundle(_:_:)`` for a file that is none.
  public func inspect(_ bundle: FilePath) throws(NodeError) -> InspectReport {
    let source = try ByteSource(bundle, on: environment.system)
    var reader: SegmentReader
    do throws(SegmentReader.Failure) { reader = try SegmentReader(source) } catch {
      switch error {
      case .node(let error): throw error
      case .bundle(let error): throw .badBundle(bundle, error.description)
      }
    }
    var report = InspectReport(
      byteCount: source.byteCount ?? 0, version: BundleHeader.version,
      slotCount: reader.header.slotCount, isForUs: false, sender: nil, number: nil,
      created: nil, recipientCount: nil, messages: nil, blobs: nil,
      isImported: state.imported.contains(reader.header.hash))
    let identity = try identity()
    let opened: BundleHeader.Opened
    do throws(BundleError) { opened = try reader.header.open(with: identity.sealing) } catch {
      guard error == .notForUs else { throw .badBundle(bundle, error.description) }
      return report
    }
    report.isForUs = true
    let opener = SegmentOpener(header: reader.header, bundleKey: opened.bundleKey)
    var preludes = PreludeReader(header: reader.header, opened: opened, own: ownID)
    while let sealed = try reader.next() {
      let plain: PlainSegment
      switch try OpenedSegment.open(sealed, with: opener) {
      case .plain(let segment), .cutAfter(let segment): plain = segment
      case .damaged(let index): throw .badBundle(bundle, "segment \(index) is damaged")
      }
      do throws(BundleError) {
        guard let prelude = try preludes.feed(plain) else { continue }
        let manifest = prelude.manifest
        report.sender = manifest.card
        report.number = prelude.section.number
        report.created = manifest.created
        report.recipientCount = manifest.recipients.count
        report.messages = Self.count(manifest.logs, of: .messages)
        report.blobs = Self.count(manifest.logs, of: .blobs)
        return report
      } catch { throw .badBundle(bundle, error.description) }
    }
    throw .badBundle(bundle, "its manifest is cut short")
  }

  private static func count(_ logs: [CarriedLog], of objectClass: ObjectClass) -> UInt64 {
    logs.filter { $0.log.objectClass == objectClass }.flatMap(\.runs)
      .reduce(0) { $0 + ($1.range.upperBound - $1.range.lowerBound) }
  }
}
