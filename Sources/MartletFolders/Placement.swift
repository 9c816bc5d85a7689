package import MartletFileSystem
package import MartletSeal
internal import MartletWire

/// Which version stands where on a disk that has applied everything: a function of the catalogue.
package struct Placement {
  /// What one path of the disk shows.
  package struct Placed: Hashable, Sendable {
    /// The path whose version it is; another one than where it stands for a copy beside a conflict.
    package var path: RelativePath
    package var version: Version
    package var covers: [VersionID]
  }

  /// Those that stand elsewhere than at their paths.
  package private(set) var copies: [RelativePath: Placed] = [:]
  /// Paths whose winner stands elsewhere, since something stands below them.
  package private(set) var displaced: Set<RelativePath> = []
  /// Paths with a conflict, ascending.
  package private(set) var conflicts: [RelativePath] = []
  private let catalogue: Catalogue

  /// - Parameter author: A device's name, the same on every device.
  /// - Complexity: A step for each path.
  package init(_ catalogue: Catalogue, author: (DeviceID) -> String?) {
    self.catalogue = catalogue
    var parents = Parents()
    var contested: [RelativePath] = []
    var candidates: [RelativePath] = []
    for (path, record) in catalogue.paths {
      guard
        let winner = record.current.count == 1 ? record.current[0] : record.outcome?.winner.version
      else { continue }
      if record.current.count > 1 { contested.append(path) }
      guard !winner.content.isDeleted else { continue }
      if winner.content.holdsBytes { candidates.append(path) }
      parents.insert(above: path)
    }
    for path in candidates where parents.contains(path) { displaced.insert(path) }
    // In one order everywhere, for a name that is taken sends the next one elsewhere.
    for path in (Set(contested).union(displaced)).sorted() {
      guard let outcome = catalogue.paths[path]?.outcome else { continue }
      let sides = displaced.contains(path) ? [outcome.winner] + outcome.losers : outcome.losers
      guard !sides.isEmpty else { continue }
      conflicts.append(path)
      for side in sides {
        let name = copyPath(of: side.version, at: path, parents, author)
        copies[name] = Placed(path: path, version: side.version, covers: side.covers)
      }
    }
  }

  /// What is to stand at a path of the disk; nil if nothing is.
  package func placed(at path: RelativePath) -> Placed? {
    placed(at: path, catalogue.paths[path])
  }

  /// The same, where the path's record is at hand.
  func placed(at path: RelativePath, _ record: Catalogue.Path?) -> Placed? {
    if !copies.isEmpty, let copy = copies[path] { return copy }
    guard let record, displaced.isEmpty || !displaced.contains(path) else { return nil }
    if record.current.count == 1 {
      let version = record.current[0]
      return version.content.isDeleted
        ? nil : Placed(path: path, version: version, covers: [version.id])
    }
    guard let winner = record.outcome?.winner, !winner.version.content.isDeleted else { return nil }
    return Placed(path: path, version: winner.version, covers: winner.covers)
  }

  private func copyPath(
    of version: Version, at path: RelativePath, _ parents: Parents,
    _ author: (DeviceID) -> String?
  ) -> RelativePath {
    let device = catalogue.messages[version.id.message]?.author
    let name = device.flatMap(author) ?? device.map { String($0.hex.prefix(12)) } ?? "unknown"
    let digits = version.id.message.hex
    var result = path
    // The last of them is no other version's.
    for mark in [6, 12, 24, 64].map({ String(digits.prefix($0)) }) + [
      "\(digits)-\(version.id.entry)"
    ] {
      result = ConflictName.path(of: path, by: name, modified: version.modified, digits: mark)
      let isTaken =
        copies[result] != nil || parents.contains(result)
        || catalogue.paths[result].map { $0.outcome?.winner.version.content.isDeleted == false }
          ?? false
      if !isTaken { break }
    }
    return result
  }
}

/// The name of a copy beside a conflict: `name (conflict CARD-NAME YYYY-MM-DD xxxxxx).ext`.
package enum ConflictName {
  package static func path(
    of path: RelativePath, by author: String, modified: Int64, digits: String
  ) -> RelativePath {
    let name = path.name
    // What is all extension has none.
    var stem = name[...]
    var end: ArraySlice<UInt8> = []
    if let dot = name.lastIndex(of: 0x2E), dot > 0, name.count - dot <= 16 {
      stem = name[..<dot]
      end = name[dot...]
    }
    let author = author.utf8.map { $0 == 0x2F || $0 < 0x20 ? 0x5F : $0 }.prefix(64)
    var mark = Array(" (conflict ".utf8)
    mark += author
    mark += Array(" \(Day(nanoseconds: modified)) \(digits))".utf8)
    let room = max(1, RelativePath.nameByteLimit - mark.count - end.count)
    let parent = path.parent ?? .root
    return parent.appending(stem.prefix(room) + mark + end)
  }
}

/// A day of the calendar in UTC.
struct Day: CustomStringConvertible {
  let description: String

  /// By the algorithm of days and eras (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
  init(nanoseconds: Int64) {
    var days = nanoseconds / 86_400_000_000_000
    if nanoseconds % 86_400_000_000_000 < 0 { days -= 1 }
    days += 719_468
    let era = (days >= 0 ? days : days - 146_096) / 146_097
    let dayOfEra = days - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shifted + 2) / 5 + 1
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    func padded(_ number: Int64, _ width: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    description = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
  }
}
