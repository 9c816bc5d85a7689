package import MartletSeal

/// The bytes before the first segment: who can open the bundle, and how long its segments are.
package struct BundleHeader: Sendable {
  package static let magic = Array("MARTLET1".utf8)
  package static let version: UInt8 = 1
  /// Bytes before the slots: as many as are needed to know how long the header is.
  package static let fixedByteCount = 12
  package static let slotByteCount = slotContentByteCount + SealedBox.overhead
  package static let slotCounts = [1, 4, 16, 64, 256]
  package static let segmentSizes: ClosedRange<UInt8> = 10...20
  static let slotContentByteCount = 66
  static let prefixByteCount = 15

  /// The whole header.
  package let bytes: [UInt8]
  package let segmentByteCountLog2: UInt8
  package let slotCount: Int
  /// Names the bundle; its manifest repeats it.
  package let hash: Digest

  var prefix: [UInt8] { Array(bytes.dropLast(Digest.byteCount).suffix(Self.prefixByteCount)) }

  /// The length of a header with as many slots.
  package static func byteCount(slots: Int) -> Int {
    fixedByteCount + slots * slotByteCount + prefixByteCount + Digest.byteCount
  }

  /// How many slots a bundle for so many recipients has; nil for none or too many.
  package static func slotCount(recipients: Int) -> Int? {
    recipients > 0 ? slotCounts.first { $0 >= recipients } : nil
  }

  /// The plaintext length of every segment but the last.
  package static func segmentByteCount(log2: UInt8) -> Int {
    1 << Int(min(max(log2, segmentSizes.lowerBound), segmentSizes.upperBound))
  }

  /// A good segment size for a bundle of about that length.
  ///
  /// A wrong bit costs its segment, so small bundles have small segments: 64 KiB below 16 MiB,
  /// which is still long enough for the cipher's full speed and costs a 2,000th in length. Above
  /// it 1 MiB, so that the number of segments stays small.
  package static func segmentByteCountLog2(forContent byteCount: UInt64) -> UInt8 {
    byteCount < 16 << 20 ? 16 : 20
  }

  /// Where a segment starts in the file; nil beyond any file.
  package func offset(ofSegment index: UInt64) -> UInt64? {
    let length = (UInt64(1) << UInt64(segmentByteCountLog2)) + UInt64(AuthenticatedCipher.overhead)
    let (start, overflow) = index.multipliedReportingOverflow(by: length)
    let (offset, overflow2) = start.addingReportingOverflow(UInt64(bytes.count))
    return overflow || overflow2 ? nil : offset
  }

  /// Reads a header from the first bytes of a file; what follows it is not looked at.
  ///
  /// - Throws: ``BundleError/truncated(offset:)`` if there are fewer bytes than the header has.
  package init(decoding file: [UInt8]) throws(BundleError) {
    let known = min(file.count, Self.magic.count)
    guard file.prefix(known).elementsEqual(Self.magic.prefix(known)) else { throw .notABundle }
    guard file.count >= Self.fixedByteCount else {
      throw .truncated(offset: UInt64(file.count))
    }
    guard file[8] == Self.version else { throw .unsupportedVersion(file[8]) }
    guard Self.segmentSizes.contains(file[9]) else { throw .badSegmentSize }
    let slots = Int(file[10]) | Int(file[11]) << 8
    guard Self.slotCounts.contains(slots) else { throw .badSlotCount }
    let length = Self.byteCount(slots: slots)
    guard file.count >= length else { throw .truncated(offset: UInt64(file.count)) }
    self.init(complete: Array(file.prefix(length)), log2: file[9], slots: slots)
  }

  private init(complete: [UInt8], log2: UInt8, slots: Int) {
    bytes = complete
    segmentByteCountLog2 = log2
    slotCount = slots
    hash = Hash.labelled(.bundleHeader, Array(complete.dropLast(Digest.byteCount)))
  }

  /// Makes the header of a new bundle.
  ///
  /// The recipients' slots stand in random order among decoys.
  ///
  /// - Parameters:
  ///   - sectionKeys: One for each recipient, in the same order.
  /// - Throws: ``BundleError/badSlotCount`` for no recipients or more than 256, or
  ///   ``BundleError/badRecipient``.
  package init(
    bundleKey: SecretKey, recipients: [SealingPublicKey], sectionKeys: [SecretKey],
    segmentByteCountLog2: UInt8 = 20, random: any RandomSource
  ) throws(BundleError) {
    guard Self.segmentSizes.contains(segmentByteCountLog2) else { throw .badSegmentSize }
    guard recipients.count == sectionKeys.count,
      let bucket = Self.slotCount(recipients: recipients.count)
    else { throw .badSlotCount }
    var slots: [[UInt8]] = []
    for (index, (recipient, sectionKey)) in zip(recipients, sectionKeys).enumerated() {
      let number = [UInt8(truncatingIfNeeded: index), UInt8(truncatingIfNeeded: index >> 8)]
      let content = bundleKey.exposedBytes() + sectionKey.exposedBytes() + number
      guard let slot = recipient.seal(content) else { throw .badRecipient }
      slots.append(slot)
    }
    while slots.count < bucket {
      slots.append(SealedBox.decoy(byteCount: Self.slotContentByteCount))
    }
    for index in slots.indices.reversed() where index > 0 {
      let word = random.bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
      slots.swapAt(index, Int(word % UInt64(index + 1)))
    }
    var bytes = Self.magic + [Self.version, segmentByteCountLog2]
    bytes += [UInt8(truncatingIfNeeded: bucket), UInt8(truncatingIfNeeded: bucket >> 8)]
    bytes += slots.joined() + random.bytes(Self.prefixByteCount)
    let hash = Hash.labelled(.bundleHeader, bytes)
    bytes += Hash.labelled(.bundleCommitment, key: bundleKey, hash.bytes).bytes
    self.init(complete: bytes, log2: segmentByteCountLog2, slots: bucket)
  }

  /// What a slot gives to its recipient.
  package struct Opened: Sendable {
    package let bundleKey: SecretKey
    package let sectionKey: SecretKey
    /// Which recipient and section of the manifest is ours.
    package let sectionIndex: Int
  }

  /// Tries every slot, at most 256 of them.
  ///
  /// - Throws: ``BundleError/notForUs``, or ``BundleError/headerNotAuthentic`` if a slot opens and
  ///   the commitment is not of this header.
  package func open(with keys: SealingKeyPair) throws(BundleError) -> Opened {
    for index in 0..<slotCount {
      let start = Self.fixedByteCount + index * Self.slotByteCount
      guard let content = keys.open(Array(bytes[start..<start + Self.slotByteCount])),
        content.count == Self.slotContentByteCount,
        let bundleKey = SecretKey(content[0..<32]), let sectionKey = SecretKey(content[32..<64])
      else { continue }
      let commitment = Hash.labelled(.bundleCommitment, key: bundleKey, hash.bytes)
      let section = Int(content[64]) | Int(content[65]) << 8
      guard commitment == Digest(bytes.suffix(Digest.byteCount)), section < slotCount else {
        throw .headerNotAuthentic
      }
      return Opened(bundleKey: bundleKey, sectionKey: sectionKey, sectionIndex: section)
    }
    throw .notForUs
  }
}
