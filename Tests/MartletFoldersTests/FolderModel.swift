import MartletFileSystem
import MartletFolders

/// What stands at a path, or that nothing does; contents by number.
enum ModelContent: Hashable {
  case deleted
  case directory
  case file(Int, permissions: UInt8)
  case link(Int)

  var holdsBytes: Bool { self != .deleted && self != .directory }

  /// Content before an empty directory before a deletion.
  var rank: Int { self == .deleted ? 0 : self == .directory ? 1 : 2 }

  /// Permissions do not count.
  func isSame(as other: ModelContent) -> Bool {
    if case .file(let number, _) = self, case .file(let otherNumber, _) = other {
      return number == otherNumber
    }
    return self == other
  }
}

struct ModelVersion {
  var id: VersionID
  var path: RelativePath
  var content: ModelContent
  var modified: Int64
  /// Whoever told it.
  var device: String
  var isFound: Bool
  var replaces: Set<VersionID>
}

/// All versions that were ever told of a folder, and what they say together: the rules of the
/// design, written down once more and as plainly as can be.
struct FolderModel {
  /// A version that stands somewhere, and those for which it stands.
  struct Side {
    var version: ModelVersion
    var covers: Set<VersionID>
  }

  struct Expectation {
    /// What stands at its own path.
    var stands: [RelativePath: Side] = [:]
    /// What stands beside a path, under a name that says so.
    var copies: [RelativePath: [Side]] = [:]
  }

  private(set) var versions: [VersionID: ModelVersion] = [:]
  private(set) var paths: [RelativePath: [VersionID]] = [:]

  mutating func add(_ version: ModelVersion) {
    versions[version.id] = version
    paths[version.path, default: []].append(version.id)
  }

  /// Of the versions known of a path, all and those that nobody replaced.
  func versions(
    of path: RelativePath, _ known: Set<VersionID>
  ) -> (all: [ModelVersion], current: [ModelVersion]) {
    let all = (paths[path] ?? []).filter(known.contains).compactMap { versions[$0] }
    let replaced = Set(all.flatMap(\.replaces))
    return (all, all.filter { !replaced.contains($0.id) })
  }

  /// What stands at a path, and what beside it; nil if it has no version.
  func sides(
    of path: RelativePath, _ known: Set<VersionID>
  ) -> (winner: Side, losers: [Side])? {
    let (all, current) = versions(of: path, known)
    let replaced = Set(all.flatMap(\.replaces))
    let past = all.filter { replaced.contains($0.id) && $0.content.holdsBytes }
    // What was found on a disk of which nothing was known is nothing new if it was replaced before.
    var living = current.filter { version in
      !(version.isFound && past.contains { $0.content.isSame(as: version.content) })
    }
    if living.isEmpty { living = current }
    living.sort { one, other in
      if one.content.rank != other.content.rank { return one.content.rank > other.content.rank }
      if one.modified != other.modified { return one.modified > other.modified }
      return other.id < one.id
    }
    guard let winner = living.first else { return nil }
    var sides = [Side(version: winner, covers: [winner.id])]
    for version in living.dropFirst() where version.content.holdsBytes {
      if let index = sides.firstIndex(where: {
        $0.version.content.isSame(as: version.content)
      }) {
        sides[index].covers.insert(version.id)
      } else {
        sides.append(Side(version: version, covers: [version.id]))
      }
    }
    let spoken = Set(sides.flatMap(\.covers))
    sides[0].covers.formUnion(current.map(\.id).filter { !spoken.contains($0) })
    return (sides[0], Array(sides.dropFirst()))
  }

  /// What stands on a disk that shows all that is known.
  func expectation(_ known: Set<VersionID>) -> Expectation {
    var expectation = Expectation()
    var outcomes: [RelativePath: (winner: Side, losers: [Side])] = [:]
    var parents: Set<RelativePath> = []
    for path in paths.keys {
      guard let outcome = sides(of: path, known) else { continue }
      outcomes[path] = outcome
      guard outcome.winner.version.content != .deleted else { continue }
      var parent = path.parent
      while let here = parent, !here.isRoot {
        parents.insert(here)
        parent = here.parent
      }
    }
    for (path, outcome) in outcomes {
      var beside = outcome.losers
      switch outcome.winner.version.content {
      case .deleted: break
      case .directory: expectation.stands[path] = outcome.winner
      case .file, .link:
        if parents.contains(path) {
          beside.append(outcome.winner)
        } else {
          expectation.stands[path] = outcome.winner
        }
      }
      if !beside.isEmpty { expectation.copies[path] = beside }
    }
    return expectation
  }
}

/// A tree as people see it: files, links and empty directories.
struct ModelTree: Equatable {
  struct Entry: Hashable {
    var content: ModelContent
    var modified: Int64
  }

  var entries: [RelativePath: Entry] = [:]

  var contents: [RelativePath: ModelContent] { entries.mapValues(\.content) }

  func hasAnything(below path: RelativePath) -> Bool {
    entries.keys.contains { $0.isBelow(path) }
  }
}

extension FolderModel.Expectation {
  /// What is to stand at a path of the disk, which may have a name that says that it is a copy.
  func side(at path: RelativePath, showing content: ModelContent?) -> FolderModel.Side? {
    if let side = stands[path] { return side }
    guard let content, let origin = Self.origin(ofCopy: path) else { return nil }
    return copies[origin]?.first { $0.version.content.isSame(as: content) }
  }

  /// Compares a tree with this.
  ///
  /// - Returns: What stands where it is to, and words for all that does not.
  func compare(
    _ tree: ModelTree
  ) -> (matched: [RelativePath: (origin: RelativePath, side: FolderModel.Side)], flaws: [String]) {
    var matched: [RelativePath: (origin: RelativePath, side: FolderModel.Side)] = [:]
    var flaws: [String] = []
    var rest = tree.entries
    for (path, side) in stands {
      let content = side.version.content
      if content == .directory, tree.hasAnything(below: path) {
        matched[path] = (path, side)
        continue
      }
      guard let entry = rest.removeValue(forKey: path) else {
        flaws.append("\(path.text): missing, is to be \(content)")
        continue
      }
      if entry.content.isSame(as: content) { matched[path] = (path, side) }
      if entry.content != content {
        flaws.append("\(path.text): is \(entry.content), is to be \(content)")
      }
    }
    for (origin, sides) in copies {
      for side in sides {
        let content = side.version.content
        let found = rest.filter {
          $0.value.content.isSame(as: content) && Self.origin(ofCopy: $0.key) == origin
        }
        guard let path = found.keys.min() else {
          flaws.append("\(origin.text): no copy beside it of \(content) by \(side.version.device)")
          continue
        }
        if rest.removeValue(forKey: path)?.content != content {
          flaws.append("\(path.text): other permissions than \(content)")
        }
        matched[path] = (origin, side)
      }
    }
    for (path, entry) in rest { flaws.append("\(path.text): \(entry.content) is not to be there") }
    return (matched, flaws.sorted())
  }

  /// The path beside which a copy of this name stands.
  static func origin(ofCopy path: RelativePath) -> RelativePath? {
    let mark = Array(" (conflict ".utf8)
    let name = path.name
    guard
      let start = name.indices.last(where: { name[$0...].starts(with: mark) }),
      let end = name[start...].firstIndex(of: 0x29)
    else { return nil }
    return (path.parent ?? .root).appending(name[..<start] + name[(end + 1)...])
  }
}

extension RelativePath {
  var text: String { String(decoding: bytes, as: UTF8.self) }
}
