internal import MartletFileSystem
internal import MartletFolders
internal import MartletSeal
internal import SystemPackage

// What is said of folders, to programs and to people.

extension JSON {
  /// Members for paths: `key` has those that are UTF-8, and `key_base64` the others, if there are any.
  package static func paths(_ key: String, _ paths: [[UInt8]]) -> [(String, JSON)] {
    var texts: [JSON] = []
    var others: [JSON] = []
    for path in paths {
      if let text = String(validating: path, as: UTF8.self) {
        texts.append(.string(text))
      } else {
        others.append(.string(base64(path)))
      }
    }
    return [(key, .array(texts))] + (others.isEmpty ? [] : [(key + "_base64", .array(others))])
  }

  init(_ folder: FolderReport) {
    self = .object(
      [
        ("type", "folder"), ("name", .string(folder.name)), ("id", .string(folder.id.hex)),
        ("standing", .string(folder.standing.rawValue)),
        folder.root.map { JSON.member("root", $0) } ?? ("root", .null),
        ("members", .array(folder.members.map { .string($0) })),
        ("offers", .bool(folder.offers)), ("files", .count(folder.fileCount)),
        ("bytes", .number(folder.byteCount)),
      ] + Self.paths("conflicts", folder.conflicts) + Self.paths("waiting", folder.waiting)
        + [("waiting_bytes", .number(folder.waitingByteCount))])
  }

  init(_ report: ScanReport, isDryRun: Bool) {
    self = .object([
      ("type", "scan"), ("folder", .string(report.folder)), ("dry_run", .bool(isDryRun)),
      ("added", .count(report.added)), ("changed", .count(report.changed)),
      ("deleted", .count(report.deleted)), ("files", .count(report.fileCount)),
      ("bytes", .number(report.newByteCount)),
      ("passed_over", .array(report.passedOver.map { JSON($0) })),
    ])
  }

  init(_ report: ApplyReport) {
    self = .object(
      [
        ("type", "apply"), ("folder", .string(report.folder)), ("written", .count(report.written)),
        ("moved", .count(report.moved)), ("removed", .count(report.removed)),
        ("bytes", .number(report.byteCount)),
      ] + Self.paths("conflicts", report.conflicts)
        + [
          ("waiting_files", .count(report.waitingCount)),
          ("waiting_bytes", .number(report.waitingByteCount)),
          ("refused", .array(report.refused.map { JSON($0) })),
        ])
  }

  init(_ refusal: FolderRefusal) {
    self = .object([JSON.member("path", refusal.path), ("reason", .string(refusal.reason))])
  }

  init(_ version: VersionReport) {
    self = .object([
      ("type", "version"), ("id", .string(version.id)), ("kind", .string(version.kind.rawValue)),
      ("bytes", .number(version.byteCount)),
      (
        "modified", .time(seconds: version.modified.flatMap { UInt64(exactly: $0 / 1_000_000_000) })
      ),
      ("created", .string(Timestamp(milliseconds: version.created).description)),
      ("author", .optional(version.author)), ("current", .bool(version.isCurrent)),
      ("shown", .bool(version.isShown)), ("here", .bool(version.isHere)),
    ])
  }
}

extension FolderReport {
  /// Whether something is still to come, or for a person to decide.
  var waits: Bool { standing == .waiting || !waiting.isEmpty || !conflicts.isEmpty }
}

extension Words {
  /// A row of `folder list`, and of `status`.
  static func row(_ folder: FolderReport) -> [String] {
    let standing =
      switch folder.standing {
      case .kept: folder.root.map { "in \(Escape.text($0))" } ?? "kept"
      case .waiting: "not accepted"
      case .removed: "removed"
      }
    var troubles: [String] = []
    if !folder.conflicts.isEmpty { troubles.append(count(folder.conflicts.count, "conflict")) }
    if let waiting = waiting(folder.waiting.count, folder.waitingByteCount) {
      troubles.append(waiting)
    }
    return [
      Escape.text(folder.name), String(folder.id.hex.prefix(16)), standing,
      "of \(list(folder.members))", count(folder.fileCount, "file"), bytes(folder.byteCount),
      troubles.joined(separator: ", "),
    ]
  }

  /// `2 files wait for 3.4 MB`; nil if none does.
  static func waiting(_ count: Int, _ byteCount: UInt64) -> String? {
    guard count > 0 else { return nil }
    return "\(self.count(count, "file")) wait\(count == 1 ? "s" : "") for \(bytes(byteCount))"
  }

  static func line(_ report: ScanReport, isDryRun: Bool) -> String {
    let parts = [
      (report.added, "added"), (report.changed, "changed"), (report.deleted, "deleted"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    let folder = Escape.text(report.folder)
    guard !parts.isEmpty else {
      return "\(folder): nothing changed, \(count(report.fileCount, "file"))"
    }
    return "\(folder): \(isDryRun ? "would tell" : "told") \(parts.joined(separator: ", "))"
      + (report.newByteCount > 0 ? "; \(bytes(report.newByteCount)) new" : "")
  }

  static func line(_ report: ApplyReport) -> String {
    var parts = [
      (report.written, "written"), (report.moved, "moved"), (report.removed, "removed"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    if report.byteCount > 0 { parts.append(bytes(report.byteCount)) }
    if parts.isEmpty { parts.append("nothing to write") }
    return "\(Escape.text(report.folder)): \(parts.joined(separator: ", "))"
      + (waiting(report.waitingCount, report.waitingByteCount).map { "; \($0)" } ?? "")
  }

  /// A row of `folder log`.
  static func row(_ version: VersionReport) -> [String] {
    var signs: [String] = []
    if version.isShown {
      signs.append("stands here")
    } else if version.isCurrent {
      signs.append("current")
    }
    if !version.isHere { signs.append("content not here") }
    let holdsBytes = version.kind == .file || version.kind == .link
    return [
      Timestamp(milliseconds: version.created).description, String(version.id.prefix(12)),
      version.author.map { Escape.text($0) } ?? "somebody", version.kind.rawValue,
      holdsBytes ? bytes(version.byteCount) : "", signs.joined(separator: ", "),
    ]
  }
}
