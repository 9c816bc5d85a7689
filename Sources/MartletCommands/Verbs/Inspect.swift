internal import ArgumentParser
internal import MartletNode
internal import MartletSeal
internal import SystemPackage

extension JSON {
  init(_ report: InspectReport, _ path: FilePath) {
    func optional(_ number: UInt64?) -> JSON { number.map { .number($0) } ?? .null }
    self = .object([
      ("type", "bundle"), JSON.member("path", path), ("bytes", .number(report.byteCount)),
      ("version", .number(UInt64(report.version))), ("slots", .count(report.slotCount)),
      ("for_us", .bool(report.isForUs)), ("sender", .optional(report.sender?.name)),
      ("sender_id", .optional(report.sender?.deviceID.hex)), ("number", optional(report.number)),
      ("created", .time(seconds: report.created)),
      ("recipients", report.recipientCount.map { .count($0) } ?? .null),
      ("messages", optional(report.messages)), ("blobs", optional(report.blobs)),
      ("imported", .bool(report.isImported)),
    ])
  }
}

extension Words {
  static func line(_ report: InspectReport, _ path: FilePath) -> String {
    let sender = report.sender.map { Escape.text($0.name) } ?? "somebody"
    return "\(Escape.text(path)): would import \(count(report.messages ?? 0, "message")), "
      + "\(count(report.blobs ?? 0, "blob")), \(bytes(report.byteCount)) from \(sender)"
  }
}

struct InspectVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "inspect", "Shows what a bundle is, without importing it.",
    "Of a bundle for somebody else there is little to see: its size, and room for how many.",
    examples: "martlet inspect k3v7q2m4x9abc.martlet")

  @Argument(help: "The file.") var bundle: PathArgument
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let path = bundle.path
    let node = try console.open(writing: false)
    let report = try console.attempt { () throws(NodeError) in try node.inspect(path) }
    if console.options.isJSON {
      console.output.line(JSON(report, path).text)
      return .done
    }
    var rows = [
      ["file", Escape.text(path)], ["size", "\(report.byteCount) bytes"],
      ["format", "version \(report.version)"], ["slots", String(report.slotCount)],
      ["for us", report.isForUs ? (report.isImported ? "yes, imported" : "yes") : "no"],
    ]
    if let sender = report.sender {
      rows.append(["sender", "\(Escape.text(sender.name)), \(sender.deviceID.hex)"])
    }
    if let number = report.number { rows.append(["number", String(number)]) }
    if let created = report.created {
      rows.append(["created", Timestamp(seconds: created).description])
    }
    if let count = report.recipientCount { rows.append(["recipients", String(count)]) }
    if let messages = report.messages { rows.append(["messages", String(messages)]) }
    if let blobs = report.blobs { rows.append(["blobs", String(blobs)]) }
    for line in Words.table(rows) { console.output.line(line) }
    return .done
  }
}
