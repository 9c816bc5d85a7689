import MartletBundle
import MartletFileSystem
import MartletNode
import MartletObjects
import MartletSeal
import MartletTestSupport
import MartletWire
import SystemPackage
import Testing

@Suite("What a bundle takes besides what it carries")
struct BundleSizeTests {
  /// Bytes of a file before padding, and of the nonces and sealed bytes in it.
  func measure(_ path: FilePath, _ village: Village, by name: String) throws -> (
    total: Int, carried: Int, records: Int
  ) {
    let file = try village.disk.readAll(path, limit: 1 << 26)
    let identity = try IdentityFile.decode(
      village.disk.readAll(village.path(name).appending("identity"), limit: 4096),
      passphrase: nil)
    let header = try BundleHeader(decoding: file)
    let opened = try header.open(with: identity.sealing)
    let opener = SegmentOpener(header: header, bundleKey: opened.bundleKey)
    let length = (1 << Int(header.segmentByteCountLog2)) + 16
    var segments: [PlainSegment] = []
    var start = header.bytes.count
    while start < file.count {
      let end = min(file.count, start + length)
      segments.append(
        try opener.open(
          index: UInt64(segments.count), isFinal: end == file.count, Array(file[start..<end])))
      start = end
    }
    var preludes = PreludeReader(header: header, opened: opened, own: identity.deviceID)
    let first = try #require(segments.first)
    let prelude = try #require(try preludes.feed(first))
    var carver = RecordCarver(prelude, segmentByteCountLog2: header.segmentByteCountLog2)
    let decoder = RecordDecoder(prelude.manifest)
    var carried = 0
    var records = 0
    for segment in segments {
      for record in decoder.decode(carver.feed(segment)) {
        carried += record.object.sealed.count + 24
        records += 1
      }
    }
    let stream = segments.flatMap { $0.bytes.dropFirst(16) }
    let padding = stream.reversed().prefix { $0 == 0 }.count
    let overhead = segments.count * 32
    return (header.bytes.count + overhead + stream.count - padding, carried, records)
  }

  @Test("is at most 16 bytes a message, and a kilobyte, for a thousand messages")
  func thousand() throws {
    let village = try Village(seed: 31)
    try village.create("laptop", "clinic")
    for name in ["laptop", "clinic", "laptop", "clinic"] {
      _ = try village.open(name).sync("/stick", with: nil)
    }
    let laptop = try village.open("laptop")
    for index in 0..<1000 {
      _ = try laptop.send(
        client: "note", body: village.random.bytes(50 + index % 150), to: "clinic")
    }
    _ = try #require(try laptop.export(to: "clinic", .file("/bundle")))
    let (total, carried, records) = try measure("/bundle", village, by: "clinic")
    #expect(records == 1000)
    #expect(total - carried <= 16 * 1000 + 1024, "\(total - carried) bytes")
    print("besides nonces and sealed bytes: \(total - carried) bytes for 1,000 messages")
  }
}
