internal import ArgumentParser
internal import MartletNode
internal import MartletSeal

struct VerifyVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "verify", "Reads everything in the store, and checks it against its name and its log.",
    """
    What is damaged is named and moved aside, and peers that have it are asked for it. Exits with \
    2 if there was any.
    """,
    examples: "martlet verify\nmartlet verify --dry-run")

  @Flag(name: .customLong("dry-run"), help: "Only look; move nothing aside.")
  var isDryRun = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let node = try console.open(writing: !isDryRun)
    let report = try console.attempt { () throws(NodeError) in try node.verify() }
    console.clearProgress()
    for damage in report.damage { console.warn(Escape.text(damage)) }
    console.print(
      .object([
        ("type", "verify"), ("objects", .number(report.objectCount)),
        ("bytes", .number(report.byteCount)),
        ("damage", .array(report.damage.map { .string($0) })),
        ("lost", .array(report.lost.map { .string($0.hex) })),
      ]),
      "\(Words.count(report.objectCount, "object")), \(Words.bytes(report.byteCount)): "
        + (report.damage.isEmpty && report.lost.isEmpty
          ? "all as it should be"
          : "\(Words.count(report.damage.count, "damage")), "
            + "\(Words.count(report.lost.count, "object")) to be asked for again"))
    return report.damage.isEmpty && report.lost.isEmpty ? .done : .partial
  }
}
