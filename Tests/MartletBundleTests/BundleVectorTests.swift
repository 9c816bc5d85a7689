import MartletBundle
import MartletSeal
import MartletTestSupport
import MartletWire
import Testing

@Suite("The vectors of the bundle format")
struct BundleVectorTests {
  @Test("are read as each of them says", arguments: try Vector.all(of: "bundle").map(\.name))
  func read(name: String) throws {
    let vector = try #require(try Vector.all(of: "bundle").first { $0.name == name })
    let seed = try #require(SecretKey(Hex.decode(vector["seed"] ?? "") ?? []))
    let identity = Identity(seed: seed)
    var stage = "header"
    do throws(BundleError) {
      let header = try BundleHeader(decoding: vector.bytes)
      stage = "slots"
      _ = try header.open(with: identity.sealing)
      stage = "prelude"
      let result = try SampleReader.read(vector.bytes, identity)
      #expect(vector["stage"] == "all")
      let isWhole = result.isComplete && UInt64(result.items.count) == result.recordCount
      #expect(vector["expect"] == (isWhole ? "success" : "salvaged"))
      #expect(vector["sender"] == result.sender.hex)
      #expect(vector["number"] == "\(result.section.number)")
      #expect(vector["ids"] == result.items.map(\.id.hex).joined(separator: " "))
    } catch {
      #expect(vector["expect"] == word(for: error))
      #expect(vector["stage"] == stage)
    }
  }

  @Test("are those that the generator makes, up to the slots")
  func generated() throws {
    let made = try BundleVectors.all().sorted { $0.name < $1.name }
    if Vector.isToBeWritten("bundle") { try Vector.rewrite(made, of: "bundle") }
    let there = try Vector.all(of: "bundle")
    #expect(there.map(\.name) == made.map(\.name))
    #expect(there.map { $0["ids"] } == made.map { $0["ids"] })
    #expect(there.map(\.bytes.count) == made.map(\.bytes.count))
    #expect(there.count >= 15)
  }

  private func word(for error: BundleError) -> String {
    switch error {
    case .notABundle: "not a bundle"
    case .unsupportedVersion: "unsupported version"
    case .badSegmentSize: "bad segment size"
    case .badSlotCount: "bad slot count"
    case .truncated: "truncated"
    case .notForUs: "not for us"
    case .headerNotAuthentic: "header not authentic"
    case .notAuthentic: "not authentic"
    case .preludeTooLarge: "prelude too large"
    case .badManifest: "bad manifest"
    case .manifestNotAuthentic: "manifest not authentic"
    case .manifestOfAnotherBundle: "manifest of another bundle"
    case .badSection: "bad section"
    default: "\(error)"
    }
  }
}
