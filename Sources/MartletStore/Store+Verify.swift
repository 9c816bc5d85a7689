internal import MartletFileSystem
internal import MartletSeal
internal import MartletWire
internal import MartletWorkers

extension Store {
  /// Reads everything again from the medium: the commit file, every log entry with its chain, every state, every
  /// pack with all its objects and its index, and every loose object that a log names.
  ///
  /// An object that is damaged at its place and whole elsewhere is damage, and not lost. Open for
  /// writing, damaged loose objects are moved to `quarantine/`, the commit file and indexes are
  /// written anew if they are damaged, and so are damaged log entries of which it is certain what
  /// they said; packs stay, for the sake of what else they hold.
  /// Nothing else is changed. Hashing is done on several threads. Memory: some MiB, and 8 bytes an
  /// object.
  /// - Parameters:
  ///   - alsoHeld: Objects that states name, which the store cannot read.
  ///   - progress: Told how many objects and bytes have been hashed so far.
  ///   - shouldStop: Asked about once a MiB; what was found until then is returned.
  /// - Throws: ``StoreError/system(_:)`` for a failure that is not the medium's.
  package func verify(
    alsoHeld: [StoredObject] = [],
    progress: (_ objects: UInt64, _ bytes: UInt64) -> Void = { _, _ in },
    shouldStop: () -> Bool = { false }
  ) throws(StoreError) -> StoreVerification {
    let files = commitFile.contents.files.sorted { $0.key < $1.key }
    let verifier = Verifier(store: self)
    try verifier.checkCommitFile()
    for (path, file) in files where file.kind == .pack {
      try verifier.checkPack(path, file, progress, shouldStop)
      if verifier.result.wasStopped { return verifier.finish() }
    }
    for (path, file) in files where file.kind == .log {
      guard let id = LogID(path: path) else { continue }
      try verifier.checkLog(id, file, progress, shouldStop)
      if verifier.result.wasStopped { return verifier.finish() }
    }
    try verifier.checkHeld(alsoHeld, progress, shouldStop)
    for (path, file) in files where file.kind == .state {
      if verifier.stops(shouldStop) { break }
      try verifier.checkState(path, file)
    }
    try verifier.moveAside()
    return verifier.finish()
  }
}

/// One run of ``Store/verify(alsoHeld:progress:shouldStop:)``.
private final class Verifier {
  /// An object in a file of its own, and who names it; no log for one that a state names.
  struct Loose: Sendable {
    var id: ObjectID
    var byteCount: UInt32
    var log: LogID?
    var position: UInt64

    init(_ object: StoredObject, log: LogID? = nil, position: UInt64 = 0) {
      id = object.id
      byteCount = object.byteCount
      self.log = log
      self.position = position
    }
  }

  enum Finding: Sendable { case good, altered, missing }

  typealias Progress = (UInt64, UInt64) -> Void

  let store: Store
  var result = StoreVerification()
  /// Of each pack, by its tag, its good objects: offset, then the start of the id, sorted.
  private var good: [UInt64: [UInt64]] = [:]
  private var known: Set<StoreDamage> = []
  private var bad: Set<ObjectID> = []
  private let pipeline: OrderedPipeline

  init(store: Store) {
    self.store = store
    pipeline = OrderedPipeline(
      threadCount: store.disk.limits.threadCount,
      inFlightLimit: 2 * max(1, store.disk.limits.threadCount))
    for damage in store.damage { add(damage) }
  }

  func finish() -> StoreVerification { result }

  func stops(_ shouldStop: () -> Bool) -> Bool {
    if shouldStop() { result.wasStopped = true }
    return result.wasStopped
  }

  private func add(_ damage: StoreDamage) {
    if known.insert(damage).inserted { result.damage.append(damage) }
  }

  private func addAltered(_ path: String, _ offset: UInt64, _ id: ObjectID? = nil) {
    add(StoreDamage(path: path, kind: .altered(offset: offset), object: id))
  }

  // MARK: - The commit file

  func checkCommitFile() throws(StoreError) {
    for offset in try store.checkCommitFile() { addAltered(CommitFile.name, offset) }
  }

  // MARK: - Packs

  func checkPack(
    _ path: String, _ pack: CommittedFile, _ progress: Progress, _ shouldStop: () -> Bool
  ) throws(StoreError) {
    guard let file = try store.disk.openIfPresent(path) else {
      return add(
        StoreDamage(path: path, kind: .short(committed: pack.byteCount, kept: 0)))
    }
    let byteCount = try file.byteCount()
    if byteCount < pack.byteCount {
      add(StoreDamage(path: path, kind: .short(committed: pack.byteCount, kept: byteCount)))
    }
    file.dropCache()
    let scanner = try PackScanner(file, pack)
    var found: [UInt64] = []
    var entries: [(id: ObjectID, offset: UInt64)] = []
    try pipeline.run(
      next: { () throws(StoreError) -> PackBatch? in
        stops(shouldStop) ? nil : try scanner.next()
      },
      transform: { (batch: PackBatch) throws(StoreError) -> (PackBatch, [Bool]) in
        let bytes = batch.bytes.span.bytes
        return (
          batch,
          batch.objects.map { Hash.plain(bytes.extracting($0.range)) == $0.id.digest }
        )
      },
      consume: { (batch, areGood) throws(StoreError) in
        for (object, isGood) in zip(batch.objects, areGood) {
          entries.append((object.id, object.offset))
          if isGood {
            found.append(object.offset << 32 | PackIndexCache.prefix(object.id))
          } else {
            addAltered(path, object.offset, object.id)
          }
          result.objectCount += 1
          result.byteCount += UInt64(object.range.count)
        }
        progress(result.objectCount, result.byteCount)
      })
    for gap in scanner.gaps { addAltered(path, gap) }
    good[pack.mark] = found
    if result.wasStopped { return }
    try store.checkIndex(of: path, entries)
  }

  private func isGood(_ object: StoredObject) -> Bool {
    guard let offsets = good[object.packTag], object.offset < 1 << 32 else { return false }
    let wanted = object.offset << 32 | PackIndexCache.prefix(object.id)
    var low = 0
    var high = offsets.count
    while low < high {
      let middle = (low + high) / 2
      if offsets[middle] < wanted { low = middle + 1 } else { high = middle }
    }
    return low < offsets.count && offsets[low] == wanted
  }

  // MARK: - Logs and what they name

  func checkLog(
    _ id: LogID, _ file: CommittedFile, _ progress: Progress, _ shouldStop: () -> Bool
  ) throws(StoreError) {
    let size = UInt64(GroupLog.entryByteCount)
    let byteCount = try store.disk.byteCount(id.path) ?? 0
    if byteCount < file.byteCount {
      add(
        StoreDamage(path: id.path, kind: .short(committed: file.byteCount, kept: byteCount)))
    }
    let log = try store.log(id)
    log.dropCache()
    let length = min(log.length, byteCount / size)
    var position: UInt64 = 0
    var waiting: ArraySlice<Loose> = []
    var before: GroupLogEntry?
    var damaged: [UInt64] = []
    try checkLoose(
      next: { () throws(StoreError) -> Loose? in
        while true {
          if let loose = waiting.popFirst() { return loose }
          if stops(shouldStop) { return nil }
          if position >= length {
            // Now that every damaged entry is known, some may be rebuilt.
            for (place, entry) in try store.rebuild(id, damaged) {
              waiting.append(contentsOf: try check(entry, at: place, of: id))
            }
            damaged = []
            if waiting.isEmpty { return nil }
            continue
          }
          let end = min(length, position + UInt64(GroupLog.windowEntryCount))
          for (index, entry) in try log.readableEntries(position..<end).enumerated() {
            let place = position + UInt64(index)
            if let entry, entry.follows(before, at: place) {
              waiting.append(contentsOf: try check(entry, at: place, of: id))
            } else {
              addAltered(id.path, place * size)
              damaged.append(place)
            }
            before = entry
          }
          position = end
        }
      }, progress)
  }

  /// Judges an object in a pack; returns one that is loose, which is still to be read.
  private func check(
    _ entry: GroupLogEntry, at position: UInt64, of log: LogID
  ) throws(StoreError) -> [Loose] {
    if entry.object.packTag == 0 { return [Loose(entry.object, log: log, position: position)] }
    if !isGood(entry.object), try !isElsewhere(entry.object.id) {
      result.lost.append((log, position, entry.object.id))
    }
    return []
  }

  func checkHeld(
    _ objects: [StoredObject], _ progress: Progress, _ shouldStop: () -> Bool
  ) throws(StoreError) {
    var rest = objects[...]
    try checkLoose(
      next: { () throws(StoreError) -> Loose? in
        while let object = rest.popFirst(), !stops(shouldStop) {
          if object.packTag == 0 { return Loose(object) }
          if !isGood(object), try !isElsewhere(object.id) { result.lostHeld.append(object.id) }
        }
        return nil
      }, progress)
  }

  private func checkLoose(
    next: () throws(StoreError) -> Loose?, _ progress: Progress
  ) throws(StoreError) {
    let disk = store.disk
    try pipeline.run(
      next: next,
      transform: { (loose: Loose) throws(StoreError) -> (Loose, Finding, Int) in
        do throws(StoreError) {
          let limit = UInt64(Limits.objectByteCount)
          guard
            let bytes = try disk.readWhole(
              Pack.looseName(loose.id), limit: limit, isFromMedium: true)
          else {
            return (loose, .missing, 0)
          }
          let isGood = Hash.plain(bytes) == loose.id.digest
          return (loose, isGood ? .good : .altered, bytes.count)
        } catch {
          if case .tooLarge = error { return (loose, .altered, 0) }
          if error.isOfMedium { return (loose, .altered, 0) }
          throw error
        }
      },
      consume: { (loose, finding, byteCount) throws(StoreError) in
        result.objectCount += 1
        result.byteCount += UInt64(byteCount)
        progress(result.objectCount, result.byteCount)
        if finding == .good { return }
        if finding == .altered {
          addAltered(Pack.looseName(loose.id), 0, loose.id)
          bad.insert(loose.id)
        }
        if finding == .missing {
          add(
            StoreDamage(
              path: Pack.looseName(loose.id),
              kind: .short(committed: UInt64(loose.byteCount), kept: 0), object: loose.id))
        }
        if try isElsewhere(loose.id) { return }
        if let log = loose.log {
          result.lost.append((log, loose.position, loose.id))
        } else {
          result.lostHeld.append(loose.id)
        }
      })
  }

  /// Whether an object that is not whole at its place can be read by its name.
  private func isElsewhere(_ id: ObjectID) throws(StoreError) -> Bool {
    do {
      _ = try store.read(id)
      return true
    } catch {
      switch error {
      case .missing, .objectDamaged, .tooLarge: return false
      default: throw error
      }
    }
  }

  // MARK: - The rest

  func checkState(_ path: String, _ file: CommittedFile) throws(StoreError) {
    do {
      try store.disk.openIfPresent(path)?.dropCache()
      _ = try store.state(at: path, file)
    } catch {
      // A writer may have replaced it meanwhile.
      if try store.isPast(path, file) { return }
      if case .damaged(_, let offset) = error { return addAltered(path, offset) }
      if error.isOfMedium { return addAltered(path, file.mark) }
      throw error
    }
  }

  /// Moves damaged loose objects to `quarantine/`, durably.
  func moveAside() throws(StoreError) {
    guard store.isWriting, !bad.isEmpty else { return }
    var directories: Set<String> = []
    for id in bad {
      let name = Pack.looseName(id)
      try store.disk.rename(name, to: "quarantine/\(id.hex).object")
      directories.insert(Transaction.directory(of: name))
    }
    try store.disk.syncDirectory("quarantine")
    for directory in directories.sorted() { try store.disk.syncDirectory(directory) }
  }
}
