public import MartletWire

/// A reason the bytes of a bundle cannot be accepted.
@nonexhaustive
public enum BundleError: Error, Equatable {
  /// The file does not start with the magic bytes of a bundle.
  case notABundle
  /// The bundle's format is newer than any this version can read.
  case unsupportedVersion(UInt8)
  /// The header names a segment size that no bundle has.
  case badSegmentSize
  /// The header names a number of slots that no bundle has, or recipients are none or too many.
  case badSlotCount
  /// The bundle ends too early; `offset` counts bytes from its start.
  case truncated(offset: UInt64)
  /// No slot opens with our key.
  case notForUs
  /// A slot opens, and the rest of the header is not what the sender wrote.
  case headerNotAuthentic
  /// A segment was altered or moved.
  case notAuthentic(segment: UInt64)
  /// A recipient's sealing key is no point of use.
  case badRecipient
  /// The manifest and its sections are longer than the limit, in bytes.
  case preludeTooLarge(limit: Int)
  /// The manifest is none.
  case badManifest(WireError)
  /// The manifest's signature is not by the card in it.
  case manifestNotAuthentic
  /// The manifest is signed for another file, or names another recipient in our place.
  case manifestOfAnotherBundle
  /// Our section was altered, or is none.
  case badSection
  /// An object that is to be carried is none, or is not of the log whose turn it is.
  case badRecord(index: UInt64)
  /// More or fewer objects were given than the carried logs say.
  case wrongRecordCount
}

extension BundleError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notABundle: "not a bundle"
    case .unsupportedVersion(let version): "version \(version) is newer than this program"
    case .badSegmentSize: "no bundle has segments of that size"
    case .badSlotCount: "no bundle has that number of slots"
    case .truncated(let offset): "cut short at byte \(offset)"
    case .notForUs: "not for this device"
    case .headerNotAuthentic: "the header was altered"
    case .notAuthentic(let segment): "segment \(segment) was altered"
    case .badRecipient: "a recipient's key cannot be used"
    case .preludeTooLarge(let limit): "a manifest over the limit of \(limit) bytes"
    case .badManifest(let error): "damaged manifest: \(error)"
    case .manifestNotAuthentic: "the manifest is not signed by its sender"
    case .manifestOfAnotherBundle: "the manifest belongs to another bundle"
    case .badSection: "the part for this device was altered"
    case .badRecord(let index): "record \(index) is not of the log it stands in"
    case .wrongRecordCount: "more or fewer records than announced"
    }
  }
}
