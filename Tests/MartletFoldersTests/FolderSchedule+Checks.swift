import MartletFileSystem
import MartletFolders
import MartletNode
import MartletTestSupport
import MartletWire
import SystemPackage

/// What a step is compared with, and the end.
extension FolderSchedule {
  func add(
    _ id: VersionID, _ entry: FolderChange.Entry, _ content: ModelContent, by device: Device
  ) {
    model.add(
      ModelVersion(
        id: id, path: entry.path, content: content, modified: entry.modified, device: device.name,
        isFound: entry.isFound, replaces: Set(entry.replaces)))
    story.append(
      "   \(device.name) tells \(entry.path.text) = \(content) \(id.text.prefix(6))"
        + " for \(entry.replaces.map { $0.text.prefix(6) })\(entry.isFound ? " found" : "")")
  }

  /// Compares what a scan told with what its tree shows: every change is told, by what stood there
  /// before, and nothing else is.
  ///
  /// - Parameters:
  ///   - before: What was known when it was scanned.
  ///   - isInApply: Whether an apply may have made directories before it was scanned.
  /// - Returns: How much was told.
  @discardableResult
  func take(
    scanOf device: Device, _ tree: ModelTree, before known: Set<VersionID>,
    told: [VersionID]? = nil, isInApply: Bool = false
  ) throws -> Int {
    let new = try told ?? readLog(device, isOwn: true)
    let expected = model.expectation(known)
    var shown = device.isUnknown ? [:] : device.shown
    var edits: [RelativePath: ModelTree.Entry] = [:]
    // What each path's edit or deletions may replace, and have to.
    var mayEdit: [RelativePath: Set<VersionID>] = [:]
    var mustEdit: [RelativePath: Set<VersionID>] = [:]
    var mayDelete: [RelativePath: Set<VersionID>] = [:]
    var mustDelete: [RelativePath: Set<VersionID>] = [:]
    func versions(_ path: RelativePath) -> [ModelVersion] {
      model.versions(of: path, known).all
    }
    func empty(_ path: RelativePath) -> Set<VersionID> {
      Set(versions(path).filter { !$0.content.holdsBytes }.map(\.id))
    }
    func base(_ path: RelativePath, _ before: Shown) -> Set<VersionID> {
      Set(versions(path).filter { $0.content.isSame(as: before.content) }.map(\.id))
        .union(before.covers).union(empty(path))
    }
    func current(_ path: RelativePath, _ ids: Set<VersionID>) -> Set<VersionID> {
      ids.intersection(model.versions(of: path, known).current.map(\.id))
    }
    // Of two names for a copy the shorter one is the first that is taken.
    let looked = Set(tree.entries.keys).union(shown.keys).sorted {
      $0.bytes.count < $1.bytes.count
    }
    for path in looked {
      let before = shown[path]
      if let now = tree.entries[path] {
        var isModeChanged = false
        var side = expected.side(at: path, showing: now.content)
        if let origin = side?.version.path, origin != path,
          shown.contains(where: {
            $0.key != path && $0.value.origin == origin && $0.value.content.isSame(as: now.content)
              && tree.entries[$0.key]?.content.isSame(as: now.content) == true
          })
        {
          // The copy stands already, under the name it has here: this is another file.
          side = nil
        }
        if case .file(_, let permissions) = now.content,
          case .file(_, let other)? = before?.content,
          before?.content.isSame(as: now.content) == true, side?.version.content != now.content
        {
          isModeChanged = permissions != other
        }
        if before?.content == now.content { continue }
        if !isModeChanged, let side, side.version.content.isSame(as: now.content) {
          shown[path] = Shown(
            origin: side.version.path == path ? nil : side.version.path, covers: side.covers,
            content: now.content)
          continue
        }
        edits[path] = now
        if let before, let origin = before.origin {
          mayDelete[origin, default: []].formUnion(base(origin, before))
          mustDelete[origin, default: []].formUnion(current(origin, before.covers))
        } else if let before {
          mayEdit[path] = base(path, before)
          // An empty directory may be gone already for what is to stand in its place.
          mustEdit[path] = current(path, before.covers).filter {
            model.versions[$0]?.content.holdsBytes == true
          }
        }
        mayEdit[path, default: []].formUnion(empty(path))
      } else if let before {
        if before.content == .directory, tree.hasAnything(below: path) { continue }
        shown[path] = nil
        let origin = before.origin ?? path
        mayDelete[origin, default: []].formUnion(base(origin, before))
        guard let side = expected.side(at: path, showing: before.content) else { continue }
        // Of what stands elsewhere by now nothing has to be said.
        if before.origin != nil || side.version.path == path {
          mustDelete[origin, default: []].formUnion(
            current(origin, before.covers).filter {
              guard let content = model.versions[$0]?.content else { return false }
              return isInApply ? content.holdsBytes : !content.isDeleted
            }
          )
        }
      }
    }
    var replaced: [RelativePath: Set<VersionID>] = [:]
    for id in new {
      guard let entry = self.told[id] else { continue }
      let path = entry.path
      guard let content = content(of: entry, showing: edits[path]?.content) else {
        violate("\(device.name): \(path.text): tells a content nobody wrote")
        continue
      }
      add(id, entry, content, by: device)
      if content == .deleted {
        replaced[path, default: []].formUnion(entry.replaces)
        if mayDelete[path] == nil { violate("\(device.name): \(path.text): deleted by nobody") }
        continue
      }
      guard let now = edits.removeValue(forKey: path), now.content == content else {
        violate("\(device.name): \(path.text): tells \(content), which is no change")
        continue
      }
      shown[path] = Shown(origin: nil, covers: [id], content: now.content)
      if content.holdsBytes, entry.modified != now.modified {
        violate("\(device.name): \(path.text): another time")
      }
      if entry.isFound, !device.isUnknown { violate("\(device.name): \(path.text): found") }
      let replaces = Set(entry.replaces)
      if !replaces.isSubset(of: mayEdit[path] ?? []) {
        violate("\(device.name): \(path.text): the edit replaces what nobody saw")
      }
      if !(mustEdit[path] ?? []).isSubset(of: replaces) {
        violate(
          "\(device.name): \(path.text): the edit does not replace what stood there: "
            + "\((mustEdit[path] ?? []).map { $0.text.prefix(6) })")
      }
    }
    for (path, now) in edits { violate("\(device.name): \(path.text): \(now.content) is not told") }
    for (path, replaced) in replaced where !replaced.isSubset(of: mayDelete[path] ?? []) {
      violate("\(device.name): \(path.text): the deletion replaces what nobody saw")
    }
    for (path, must) in mustDelete where !must.isSubset(of: replaced[path] ?? []) {
      violate(
        "\(device.name): \(path.text): a deletion is not told of \(must.map { $0.text.prefix(6) })")
    }
    if !new.isEmpty || device.shown != shown || device.isUnknown { device.isVolatile = false }
    device.shown = shown
    device.isUnknown = false
    device.isDirty = false
    return new.count
  }

  /// The same of what was told by the scans within an apply.
  ///
  /// - Parameter tree: As it stood before the apply.
  func take(
    tellings told: [VersionID], ofApply device: Device, _ tree: ModelTree,
    before known: Set<VersionID>
  ) throws {
    guard !told.isEmpty else { return }
    var tree = tree
    let after = try look(device)
    for (path, entry) in tree.entries where entry.content == .directory {
      // An empty directory may be gone with what stood in it, or hold something by now.
      guard device.shown[path]?.content != .directory,
        !told.contains(where: { self.told[$0]?.path == path }),
        after.entries[path] == nil || after.hasAnything(below: path)
      else { continue }
      tree.entries[path] = nil
    }
    guard let (path, entry, wasNew) = intrusion else {
      try take(scanOf: device, tree, before: known, told: told, isInApply: true)
      return
    }
    func intruded() -> ModelTree {
      var tree = tree
      tree.entries[path] = entry
      if entry != nil {
        for above in tree.entries.keys where path.isBelow(above) { tree.entries[above] = nil }
      }
      return tree
    }
    let tellings = told.indices.filter { self.told[told[$0]]?.path == path }
    if tellings.count > 1, let second = tellings.last {
      // What stood there before the moment was told first. A message is told as a whole.
      let message = told[second].message
      let start = told.firstIndex { $0.message == message } ?? second
      try take(
        scanOf: device, tree, before: known, told: Array(told[..<start]), isInApply: true)
      // Of the rest, only what is told by then is another thing than what was told or is shown.
      if wasNew { device.shown[path] = nil }
      let rest = Array(told[start...])
      tree.entries = device.shown.mapValues { ModelTree.Entry(content: $0.content, modified: 0) }
      for id in rest where after.entries[self.told[id]?.path ?? path]?.content == .directory {
        tree.entries[self.told[id]?.path ?? path] = ModelTree.Entry(
          content: .directory, modified: 0)
      }
      tree.entries[path] = entry
      try take(
        scanOf: device, tree, before: known.union(told[..<start]), told: rest, isInApply: true)
      return
    }
    if let only = tellings.first, let said = self.told[told[only]] {
      let isAfter = content(of: said, showing: entry?.content) == entry?.content ?? .deleted
      try take(
        scanOf: device, isAfter ? intruded() : tree, before: known, told: told, isInApply: true)
      return
    }
    // It came after what was told.
    tree.entries[path] = device.shown[path].map {
      ModelTree.Entry(content: $0.content, modified: 0)
    }
    try take(scanOf: device, tree, before: known, told: told, isInApply: true)
  }

  /// Compares the tree after an apply with what it is to be.
  func take(applyOf device: Device, isStrict: Bool) throws {
    let tree = try look(device)
    let expected = model.expectation(device.known)
    let (matched, flaws) = expected.compare(tree)
    if isStrict, !flaws.isEmpty { violate("\(device.name): after an apply: \(flaws)") }
    story.append(
      "   \(device.name) shows \(tree.entries.map { "\($0.key.text)=\($0.value.content)" }.sorted())"
    )
    if !flaws.isEmpty { story.append("   flaws \(flaws)") }
    for (path, match) in matched {
      var content = tree.entries[path]?.content ?? match.side.version.content
      // Permissions that somebody changed and nobody told yet are still a change.
      if content != match.side.version.content, let before = device.shown[path],
        before.content.isSame(as: content)
      {
        content = before.content
      }
      device.shown[path] = Shown(
        origin: match.origin == path ? nil : match.origin, covers: match.side.covers,
        content: content)
    }
    for (path, before) in device.shown where matched[path] == nil {
      // A copy may have another name by now.
      let isElsewhere = matched.contains {
        $0.value.origin == before.origin
          && $0.value.side.version.content.isSame(as: before.content)
      }
      let isGone =
        tree.entries[path] == nil
        || (before.content.holdsBytes && tree.entries[path]?.content == .directory)
      if isGone, isElsewhere || expected.side(at: path, showing: before.content) == nil {
        device.shown[path] = nil
      }
    }
  }

  // MARK: The end

  /// Exchanges until nothing changes any more, and looks at everything.
  func settleDown() throws {
    village.simulated?.clearFaults()
    story.append("-- settling down")
    isSettling = true
    for round in 0..<12 {
      let before = try devices.map { try look($0) }
      var isQuiet = true
      for device in devices {
        // First everybody says something, because of the silence, and what waits for an answer
        // goes again; then time hardly passes.
        village.clock.pass(round < 2 ? 8 * 24 * 3600 : 60)
        if try scan(device) { isQuiet = false }
        let known = device.known
        try exchange(device)
        try readLog(device, isOwn: false)
        if device.known != known { isQuiet = false }
        try apply(device)
      }
      if try devices.map({ try look($0) }) != before { isQuiet = false }
      if isQuiet, round > 0, devices.allSatisfy({ $0.known == devices[0].known }) { break }
      if round == 11 { violate("never at rest") }
    }
    try check()
    if !violations.isEmpty { violations += story }
  }

  private func check() throws {
    let known = devices.reduce(into: Set<VersionID>()) { $0.formUnion($1.known) }
    let expected = model.expectation(known)
    let first = try look(devices[0])
    for device in devices {
      let tree = try look(device)
      if tree.contents != first.contents {
        violate("\(device.name): another tree: \(difference(first.contents, tree.contents))")
      }
      let (_, flaws) = expected.compare(tree)
      if !flaws.isEmpty { violate("\(device.name): in the end: \(flaws)") }
      if device.known != known { violate("\(device.name): lacks messages") }
      let own = place(device, RelativePath(FolderRules.ownName))
      if !hadMoment, try disk.information(at: own) != nil {
        violate("\(device.name): .martlet stands there: \(try disk.list(own))")
      }
      if !hadMoment, tree.entries.keys.contains(where: { $0.text.contains("(recovered") }) {
        violate("\(device.name): something was recovered")
      }
      let conflicts = try open(device).list()[0].conflicts.map { RelativePath($0) }
      if conflicts != expected.copies.keys.sorted() {
        violate("\(device.name): lists the conflicts \(conflicts.map(\.text))")
      }
      let found = try open(device).node.verify()
      if !found.damage.isEmpty { violate("\(device.name): \(found.damage)") }
    }
    for (path, content) in unchanged where first.entries[path]?.content != content {
      violate("\(path.text): changed though nobody changed it")
    }
    try checkHistory(known)
  }

  /// Every content that was ever told can be brought back somewhere.
  private func checkHistory(_ known: Set<VersionID>) throws {
    var lacking = known.filter { model.versions[$0]?.content.holdsBytes == true }
    for device in devices where !lacking.isEmpty {
      for path in Set(lacking.compactMap { model.versions[$0]?.path }) {
        for version in try open(device).history(of: place(device, path)) where version.isHere {
          lacking = lacking.filter { $0.text != version.id }
        }
      }
    }
    for id in lacking { violate("\(model.versions[id]?.path.text ?? ""): \(id.text) is lost") }
    let device = devices[random.below(devices.count)]
    if random.chance(0.5), let path = model.paths.keys.sorted().last { try restore(device, path) }
    let (_, flaws) = model.expectation(device.known).compare(try look(device))
    if !flaws.isEmpty { violate("\(device.name): after restoring: \(flaws)") }
  }
}

extension ModelContent {
  var isDeleted: Bool { self == .deleted }
}
