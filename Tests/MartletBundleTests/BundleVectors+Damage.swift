import MartletBundle
import MartletObjects
import MartletSeal
import MartletTestSupport
import MartletWire

extension BundleVectors {
  mutating func addDamaged() throws {
    let bundle = try sample(.init(runs: [[7]], lengths: [30, 700, 1, 400]))
    let start = bundle.header.bytes.count
    let last = bundle.segments.count - 1
    func items(without lost: Set<Int>) -> [Item] {
      zip(bundle.items, bundle.recordRanges()).filter { _, range in
        lost.isDisjoint(with: range.lowerBound / 1008...(range.upperBound - 1) / 1008)
      }.map(\.0)
    }
    var flipped = bundle.file
    flipped[start + 2 * 1040 + 500] ^= 0x10
    accept(
      "salvaged-bit", bundle, file: flipped, items: items(without: [2]), complete: false,
      "a bit of the third segment changed")
    accept(
      "salvaged-cut", bundle, file: Array(bundle.file.dropLast(1)), items: items(without: [last]),
      complete: false, "the last byte is missing")
    accept(
      "salvaged-cut-between", bundle, file: Array(bundle.file.prefix(start + 3 * 1040)),
      items: items(without: Set(3...last)), complete: false, "three whole segments and no more")
    accept(
      "salvaged-trailing", bundle, file: bundle.file + [0], items: items(without: [last]),
      complete: false, "a byte behind the final segment")
    var lying = bundle
    var bytes = bundle.segments[2].bytes
    bytes[8] ^= 1
    lying.segments[2] = PlainSegment(index: 2, isFinal: false, bytes: bytes)
    lying.seal()
    accept(
      "salvaged-segment-head", lying, items: items(without: [2]), complete: false,
      "the third segment's head names another position")
  }

  mutating func addBadHeaders() throws {
    let bundle = try sample(.init(runs: [[1]], lengths: [1]))
    func altered(_ offset: Int, _ byte: UInt8) -> [UInt8] {
      var file = bundle.file
      file[offset] = byte
      return file
    }
    let length = bundle.header.bytes.count
    refuse("empty", bundle, file: [], "truncated", "header", "no bytes")
    refuse("magic", bundle, file: altered(0, 0x6D), "not a bundle", "header", "another magic")
    refuse("version", bundle, file: altered(8, 2), "unsupported version", "header", "version 2")
    refuse(
      "segment-size-9", bundle, file: altered(9, 9), "bad segment size", "header",
      "segments of 512 bytes")
    refuse(
      "segment-size-21", bundle, file: altered(9, 21), "bad segment size", "header",
      "segments of 2 MiB")
    refuse(
      "slot-count", bundle, file: altered(10, 2), "bad slot count", "header", "two slots")
    refuse(
      "header-cut", bundle, file: Array(bundle.file.prefix(length - 1)), "truncated", "header",
      "the header's last byte is missing")
    refuse(
      "not-for-us", bundle, seed: .random(from: random), "not for us", "slots",
      "a device that is no recipient")
    refuse(
      "segment-size-other", bundle, file: altered(9, 11), "header not authentic", "slots",
      "a slot opens, and the segment size is not that of the sender")
    var file = bundle.file
    file[length - 1] ^= 1
    refuse(
      "commitment", bundle, file: file, "header not authentic", "slots",
      "a bit of the key commitment changed")
  }

  mutating func addBadPreludes() throws {
    let prelude = "prelude"
    let bundle = try sample(.init(recipients: 2, runs: [[1]], lengths: [1]))
    var file = bundle.file
    file[bundle.header.bytes.count + 40] ^= 1
    refuse(
      "prelude-bit", bundle, file: file, "not authentic", prelude,
      "a bit of the first segment changed")

    func encode(
      _ sections: [(Section, SecretKey)]? = nil, _ change: (inout Manifest) -> Void = { _ in }
    ) throws -> [UInt8] {
      var manifest = bundle.manifest
      change(&manifest)
      return try BundlePrelude.encode(
        manifest, sections: sections ?? bundle.sections, signing: bundle.author.signing,
        random: random)
    }
    let manifestByteCount = Int(bundle.prelude[0]) | Int(bundle.prelude[1]) << 8
    let end = 4 + manifestByteCount
    func signed(_ manifest: [UInt8]) -> [UInt8] {
      StreamBuilder.fixed(UInt64(manifest.count), 4) + manifest
        + bundle.author.signing.sign(Hash.labelled(.manifest, manifest))
        + bundle.prelude[(end + 64)...]
    }
    let manifest = Array(bundle.prelude[4..<end])

    let headerHash = random.digest()
    try refuse(
      "manifest-header-hash", with: encode { $0.headerHash = headerHash }, bundle,
      "manifest of another bundle", "a signed manifest that names another header")
    try refuse(
      "manifest-recipient", with: encode { $0.recipients.reverse() }, bundle,
      "manifest of another bundle", "another recipient in our place")
    var unsigned = bundle.prelude
    unsigned[end] ^= 1
    try refuse(
      "manifest-signature", with: unsigned, bundle, "manifest not authentic",
      "a bit of the signature changed")
    try refuse(
      "manifest-unknown-field", with: signed(manifest + [0x58, 1]), bundle, "bad manifest",
      "a field with number 11, signed")
    try refuse(
      "manifest-record-count", with: signed(manifest.replacing([0x48, 1], with: [0x48, 2])),
      bundle, "bad manifest", "one more record than the runs have, signed")
    var long = bundle.prelude
    long[3] = 1
    try refuse(
      "manifest-length", with: long, bundle, "prelude too large",
      "a manifest's length of over 16 MiB")
    var section = bundle.prelude
    section[section.count - 1] ^= 1
    try refuse(
      "section-hash", with: section, bundle, "bad section",
      "a bit of the other recipient's section changed")
    try refuse(
      "section-key", with: encode(bundle.sections.reversed()), bundle, "bad section",
      "a section sealed with another key, bound and signed")
    try refuse(
      "prelude-short", with: Array(bundle.prelude.dropLast()), isWhole: false, bundle,
      "bad manifest", "the final segment ends within the prelude")
  }

  /// A file whose segments are right, with another prelude.
  private mutating func refuse(
    _ name: String, with prelude: [UInt8], isWhole: Bool = true, _ bundle: SampleBundle,
    _ expect: String, _ comment: String
  ) throws {
    var altered = bundle
    var builder = StreamBuilder()
    if isWhole {
      for item in bundle.items { try builder.add(item, .init()) }
    }
    altered.segments = builder.segments(behind: prelude)
    altered.seal()
    refuse(name, altered, expect, "prelude", comment)
  }
}
