internal import MartletFileSystem
internal import MartletNode
internal import MartletSeal
internal import SystemPackage

// Contents are written in the work place, many at a time, and made durable there before anybody sees
// them under their names.
extension Apply {
  /// What is written together: one path, or all below a directory that does not stand yet.
  private struct Group {
    /// Nil for one path.
    var tree: RelativePath?
    var writes: [ApplyPlan.Write]
    var byteCount: UInt64
    /// Where its first content lies.
    var place: (UInt32, UInt32)
  }

  /// One path of a batch on its way.
  private struct Job {
    var write: ApplyPlan.Write
    var number: Int
    /// Where it is made, relative to the root.
    var parent: RelativePath
    var name: [UInt8]
    var tree: RelativePath?
  }

  func write(_ writes: [ApplyPlan.Write]) throws(FolderError) {
    guard !writes.isEmpty else { return }
    var rest = try groups(of: writes)[...]
    while !rest.isEmpty {
      var batch: [Group] = []
      var count = 0
      var byteCount: UInt64 = 0
      while let group = rest.first, count < Self.batchCount, byteCount < Self.batchByteCount {
        batch.append(group)
        count += group.writes.count
        byteCount += group.byteCount
        rest.removeFirst()
      }
      try write(batch)
    }
  }

  /// In the order in which contents lie in blobs, so that each blob is opened once.
  private func groups(of writes: [ApplyPlan.Write]) throws(FolderError) -> [Group] {
    let trees = try NewTrees(
      folder.renamesDirectories ? writes.filter { isNew($0) } : [],
      in: root)
    var groups: [Group] = []
    var indexes: [RelativePath: Int] = [:]
    for write in writes {
      var place: (UInt32, UInt32) = (0, 0)
      var byteCount: UInt64 = 0
      if case .file(let hash, let count, _) = write.placed.version.content {
        byteCount = count
        if let found = catalogue.contents[hash] { place = (found.blob, found.skip) }
      }
      let tree = isNew(write) ? trees.tree(of: write.path) : nil
      if let tree, let index = indexes[tree] {
        groups[index].writes.append(write)
        groups[index].byteCount += byteCount
        if place < groups[index].place { groups[index].place = place }
      } else {
        if let tree { indexes[tree] = groups.count }
        groups.append(Group(tree: tree, writes: [write], byteCount: byteCount, place: place))
      }
    }
    return groups.sorted { $0.place < $1.place }
  }

  /// Whether a path may be made in a new directory: nothing stands there, and it is not too long to be
  /// made in the work place.
  private func isNew(_ write: ApplyPlan.Write) -> Bool {
    folder.state.shown[write.path] == nil && write.path.bytes.count < RelativePath.byteLimit - 64
  }

  private func write(_ batch: [Group]) throws(FolderError) {
    let work = try fileCall { () throws(FileSystemError) in try openWorkPlace() }
    var jobs: [Job] = []
    var trees: [RelativePath: [UInt8]] = [:]
    for group in batch {
      var start = RelativePath(FolderRules.ownName)
      if let tree = group.tree {
        let name = WorkPlace.treeName(number())
        trees[tree] = name
        start = start.appending(name)
      }
      for write in group.writes {
        let number = number()
        var job = Job(
          write: write, number: number, parent: start, name: WorkPlace.newName(number),
          tree: group.tree)
        if let tree = group.tree {
          let below = RelativePath(Array(write.path.bytes.dropFirst(tree.bytes.count + 1)))
          if let parent = below.parent, !parent.isRoot {
            job.parent = start.appending(parent.bytes)
          }
          job.name = below.name
        }
        jobs.append(job)
      }
    }
    let made = try make(jobs, in: work)
    for job in jobs {
      // What is not as it should be is never seen.
      guard case .failed = made[job.number], let directory = try? root.open(job.parent) else {
        continue
      }
      try? root.system.remove(job.name, in: directory.number)
    }
    // Whole on the disk before anybody sees them under their names.
    try fileCall { () throws(FileSystemError) in try root.sync() }
    var isPut: Set<RelativePath> = []
    for (tree, name) in trees.sorted(by: { $0.key < $1.key }) {
      try checkStop()
      let probe = jobs.first { job in
        guard job.tree == tree, case .written = made[job.number] else { return false }
        return true
      }
      if try put(tree, name, in: work), try isWhole(tree, with: probe) { isPut.insert(tree) }
    }
    for job in jobs.sorted(by: { $0.write.path < $1.write.path }) {
      try checkStop()
      switch made[job.number] {
      case .failed(let failure):
        refuse(job.write.path, failure.words)
      case .written(let information):
        guard let tree = job.tree else {
          try put(job.write, job.number, in: work)
          continue
        }
        guard isPut.contains(tree) else { continue }
        note(job.write, information)
        count(job.write)
      case nil:
        // A link or directory by itself is made where it is put.
        try put(job.write, job.number, in: work)
      }
    }
    try keep()
  }

  /// Makes files in the work place, and all of the new directories.
  private func make(
    _ jobs: [Job], in work: WorkPlace
  ) throws(FolderError) -> [Int: Checkout.Result] {
    var made: [Int: Checkout.Result] = [:]
    var items: [Checkout.Item] = []
    var parent: (path: RelativePath, result: Result<Directory, FileSystemError>)?
    for job in jobs {
      if job.tree != nil, parent?.path != job.parent {
        do throws(FileSystemError) {
          parent = (job.parent, .success(try openOrMake(job.parent)))
        } catch { parent = (job.parent, .failure(error)) }
      }
      if job.tree != nil, case .failure(let error) = parent?.result {
        made[job.number] = .failed(.system(error))
        continue
      }
      if case .file(let hash, let byteCount, let permissions) = job.write.placed.version.content {
        items.append(
          Checkout.Item(
            number: job.number, parent: job.parent, name: job.name, hash: hash,
            byteCount: byteCount, permissions: permissions,
            modified: job.write.placed.version.modified,
            place: catalogue.contents[hash] ?? Catalogue.Place(blob: 0, skip: 0, byteCount: 0)))
      } else if job.tree != nil, case .success(let directory) = parent?.result {
        made[job.number] = make(job, in: directory)
      }
    }
    let node = folder.node
    var done = report.byteCount
    let results = try Checkout(folder, catalogue, in: root).write(items) { byteCount in
      done += byteCount
      node.progress?(
        Progress(activity: .applying, bytes: done, totalBytes: nil, objects: UInt64(jobs.count)))
    }
    return made.merging(results) { _, new in new }
  }

  /// Makes a link or an empty directory of a new directory.
  private func make(_ job: Job, in directory: Directory) -> Checkout.Result {
    do throws(FileSystemError) {
      if case .link(let target) = job.write.placed.version.content {
        try root.system.makeLink(job.name, in: directory.number, to: target)
      } else {
        do throws(FileSystemError) {
          try root.system.makeDirectory(job.name, in: directory.number, permissions: 0o777)
        } catch {
          if error.errno != .fileExists { throw error }
        }
      }
      guard let information = try root.system.information(job.name, in: directory.number) else {
        return .failed(.missing)
      }
      return .written(information)
    } catch { return .failed(.system(error)) }
  }

  /// Whether what was in a new directory is in it still, now that it has its name.
  private func isWhole(_ tree: RelativePath, with probe: Job?) throws(FolderError) -> Bool {
    guard let probe else { return true }
    // A listing: a name may be remembered that is not there any more.
    let path = probe.write.path
    if let directory = try? root.open(path.parent ?? .root),
      let entries = try? root.system.entries(of: directory.number),
      entries.contains(where: { $0.name == path.name })
    {
      return true
    }
    folder.renamesDirectories = false
    lastParent = nil
    if let parent = tree.parent, let directory = try? root.open(parent) {
      try? root.system.removeDirectory(tree.name, in: directory.number)
    }
    // The next round makes each path by itself.
    stirred.append(tree)
    return false
  }

  /// Puts a new directory in its place with all that is in it; false if something stands there.
  private func put(
    _ tree: RelativePath, _ name: [UInt8], in work: WorkPlace
  ) throws(FolderError) -> Bool {
    var isPut = false
    try attempting(tree) { () throws(FileSystemError) in
      let (parent, last) = try place(of: tree)
      do throws(FileSystemError) {
        try root.renameKeeping(name, in: work.directory, to: last, in: parent)
        isPut = true
      } catch {
        guard error.errno == .fileExists || error.errno == .directoryNotEmpty else { throw error }
        stirred.append(tree)
      }
    }
    if !isPut { try? work.removeTree(name) }
    return isPut
  }
}
