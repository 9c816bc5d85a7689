extension Report: CustomStringConvertible {
  /// A line for each figure.
  package var description: String {
    var lines: [(String, String)] = [
      ("scenario", "\(scenario), seed \(seed)"),
      ("messages", "\(messages), \(contacts) contacts, \(bundles) bundles"),
      ("converged", convergedAt.map { "at \($0) s" } ?? "no, \(lacking) lacking"),
      ("acknowledged", acknowledgedAt.map { "at \($0) s" } ?? "no"),
      ("delivered", deliveredAt.map { "known everywhere at \($0) s" } ?? "not known everywhere"),
      ("copies", "\(Self.rounded(copiesPerHop)) a message and hop (\(carried) for \(useful))"),
      ("control", "\(Self.rounded(controlBytesPerMessage)) B a message and hop, with padding"),
      ("state", "\(peakJournalBytes) B of journals, \(peakDiskBytes) B of files at most"),
    ]
    if let half = delay(percentile: 50), let most = delay(percentile: 99) {
      lines.append(("delay", "\(half) s median, \(most) s at the 99th percentile"))
    }
    if strays > 0 { lines.append(("strays", "\(strays)")) }
    for violation in violations { lines.append(("broken", violation.description)) }
    return lines.map { name, words in
      name + String(repeating: " ", count: max(1, 14 - name.count)) + words
    }.joined(separator: "\n")
  }

  /// One line of JSON.
  package var json: String {
    func optional(_ number: UInt64?) -> String { number.map(String.init) ?? "null" }
    let broken = violations.map { violation in
      "{\"invariant\":\(Self.quoted(violation.invariant.rawValue)),\"time\":\(violation.time),"
        + "\"words\":\(Self.quoted(violation.words))}"
    }
    let fields: [(String, String)] = [
      ("scenario", Self.quoted(scenario)), ("seed", "\(seed)"),
      ("device_years", Self.rounded(deviceYears)), ("messages", "\(messages)"),
      ("contacts", "\(contacts)"), ("bundles", "\(bundles)"), ("carried", "\(carried)"),
      ("useful", "\(useful)"), ("copies_per_hop", Self.rounded(copiesPerHop)),
      ("bundle_bytes", "\(bundleBytes)"), ("payload_bytes", "\(payloadBytes)"),
      ("control_bytes_per_message", Self.rounded(controlBytesPerMessage)),
      ("converged_at", optional(convergedAt)), ("acknowledged_at", optional(acknowledgedAt)),
      ("delivered_at", optional(deliveredAt)), ("lacking", "\(lacking)"),
      ("delay_median", optional(delay(percentile: 50))),
      ("delay_99", optional(delay(percentile: 99))),
      ("peak_journal_bytes", "\(peakJournalBytes)"), ("peak_disk_bytes", "\(peakDiskBytes)"),
      ("strays", "\(strays)"), ("violations", "[\(broken.joined(separator: ","))]"),
    ]
    return "{" + fields.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
  }

  private static func rounded(_ number: Double) -> String {
    "\((number * 1000).rounded() / 1000)"
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\" + String(scalar)
      case "\n": result += "\\n"
      case _ where scalar.value < 0x20: result += " "
      default: result += String(scalar)
      }
    }
    return result + "\""
  }
}
