package import MartletNode

/// One line on a terminal that says how far something has come, from the second second on.
package final class ProgressBar {
  /// Nothing is shown before so many milliseconds: most things are done by then.
  static let patience: UInt64 = 1000
  /// Milliseconds between two pictures.
  static let interval: UInt64 = 100

  private let output: Output
  private let uptime: () -> UInt64
  private let began: UInt64
  private var lastShown: UInt64?
  private var isShown = false

  package init(on output: Output, uptime: @escaping () -> UInt64) {
    self.output = output
    self.uptime = uptime
    began = uptime()
  }

  package func show(_ progress: Progress) {
    let activity =
      switch progress.activity {
      case .putting: "putting"
      case .exporting: "exporting"
      case .importing: "importing"
      case .verifying: "verifying"
      case .readingBack: "reading back"
      }
    show(
      activity, bytes: progress.bytes, totalBytes: progress.totalBytes, objects: progress.objects)
  }

  package func show(_ activity: String, bytes: UInt64, totalBytes: UInt64?, objects: UInt64) {
    let now = uptime()
    guard now >= began + Self.patience, now >= (lastShown ?? 0) + Self.interval else { return }
    lastShown = now
    isShown = true
    let line = Self.line(
      activity, bytes: bytes, totalBytes: totalBytes, objects: objects, width: output.width ?? 80)
    output.write("\r\(line)\u{1B}[K")
    output.flush()
  }

  /// Takes the line away, so that something else can be printed.
  package func clear() {
    guard isShown else { return }
    isShown = false
    output.write("\r\u{1B}[K")
    output.flush()
  }

  /// `importing  [#####-----]  50 %  1.2 GB  4321 objects`, at most `width - 1` columns.
  package static func line(
    _ activity: String, bytes: UInt64, totalBytes: UInt64?, objects: UInt64, width: Int
  ) -> String {
    var end = "  \(Words.bytes(bytes))"
    if objects > 0 { end += "  \(Words.count(objects, "object"))" }
    var middle = ""
    if let totalBytes, totalBytes > 0 {
      let share = Double(min(bytes, totalBytes)) / Double(totalBytes)
      let columns = min(30, max(0, width - activity.count - end.count - 14))
      let filled = Int(share * Double(columns))
      middle =
        "  [\(String(repeating: "#", count: filled))"
        + "\(String(repeating: "-", count: columns - filled))]  \(Int(share * 100)) %"
    }
    return String((activity + middle + end).prefix(max(0, width - 1)))
  }
}
