package import MartletWire

/// Consecutive positions of a sender's log, with the ids found there and the chain around them.
package struct Stretch: Equatable, Sendable {
  package var start: UInt64
  package var ids: [ObjectID]
  package var chainBefore: Chain
  package var chainAfter: Chain

  package init(start: UInt64, ids: [ObjectID], chainBefore: Chain, chainAfter: Chain) {
    self.start = start
    self.ids = ids
    self.chainBefore = chainBefore
    self.chainAfter = chainAfter
  }
}

extension PeerLog {
  /// What a receipt for the peer covers: held or void, lost ids included (they are listed).
  var receiptPositions: Intervals { held.union(void) }

  /// Credits a stretch of the peer's log below `common`, if its chain comes out and contradicts nothing known.
  ///
  /// - Returns: Whether something is known now that was not before.
  /// - Complexity: A hash per id.
  mutating func credit(
    _ stretch: Stretch, below common: UInt64, view: some LogView
  ) throws(LogReadError) -> Bool {
    guard stretch.start < common else { return false }
    var count = min(UInt64(stretch.ids.count), common - stretch.start)
    var chain = stretch.chainBefore
    var chains: [UInt64: Chain] = [stretch.start: chain]
    /// Up to there all ids, and all before them, are those that were known.
    var agreed: UInt64?
    var position = stretch.start
    for (index, id) in stretch.ids.enumerated() {
      if UInt64(index) <= count {
        if let mark = marks[position] {
          guard mark == chain else { return false }
          agreed = position
        }
        if UInt64(index) == count || Self.isKept(position) || isEdge(position) {
          chains[position] = chain
        }
      }
      chain = chain.extended(by: id)
      position += 1
    }
    guard chain == stretch.chainAfter else { return false }
    if count == UInt64(stretch.ids.count) {
      if let mark = marks[position] {
        guard mark == chain else { return false }
        agreed = position
      }
      chains[position] = chain
    }
    // What has no pair and no chain above it can be compared with nothing: it may be another
    // numbering's, and is not credited.
    let compared = max(stretch.start, agreed ?? 0)
    let blind = unpaired.intersection(Intervals(compared..<max(compared, stretch.start + count)))
    if let first = blind.ranges.first?.lowerBound { count = first - stretch.start }
    guard count > 0 else { return false }

    var places: [UInt64?] = []
    places.reserveCapacity(Int(count))
    for (index, id) in stretch.ids.prefix(Int(count)).enumerated() {
      let theirs = stretch.start + UInt64(index)
      let place = try view.position(of: id)
      if place == nil, try !view.holds(id) { return false }
      if unpaired.contains(theirs) {
        // The chains were compared.
        places.append(nil)
        continue
      }
      if held.contains(theirs) {
        let agrees =
          unplaced[id] == theirs || (place != nil && correspondence.ours(of: theirs) == place)
        guard agrees else { return false }
      } else if let place, correspondence.ours.contains(place) {
        return false
      } else if let other = unplaced[id], other != theirs {
        return false
      }
      places.append(place)
    }
    let end = stretch.start + count
    // What is void is acknowledged already: an old bundle and a void run would take turns for ever.
    let isNew = !Intervals(stretch.start..<end).subtracting(receiptPositions).isEmpty
    for (index, place) in places.enumerated() {
      let theirs = stretch.start + UInt64(index)
      guard !unpaired.contains(theirs) else { continue }
      if let place {
        correspondence.insert(theirs: theirs, ours: place)
        unplaced[stretch.ids[index]] = nil
      } else {
        unplaced[stretch.ids[index]] = theirs
      }
    }
    // Where something was held on both sides, a chain is as known as what it was compared with.
    for (position, chain) in chains where position <= end {
      if position <= agreed ?? 0 || !isInside(position) { marks[position] = chain }
    }
    held.insert(stretch.start..<end)
    asking.remove(stretch.start..<end)
    refused.remove(stretch.start..<end)
    offered.removeAll { (stretch.start..<end).contains($0.position) }
    tidy()
    return isNew
  }

  /// The distance of the chains that are kept inside what is held: at most so much is forgotten where
  /// an end has none.
  private static let markDistance: UInt64 = 16_384

  private static func isKept(_ position: UInt64) -> Bool { position.isMultiple(of: markDistance) }

  /// Between two positions that are held.
  private func isInside(_ position: UInt64) -> Bool {
    position > 0 && held.contains(position - 1) && held.contains(position)
  }

  /// Where positions without pairs begin.
  private func isEdge(_ position: UInt64) -> Bool {
    !unpaired.isEmpty && unpaired.contains(position)
      && (position == 0 || !unpaired.contains(position - 1))
  }

  /// The highest chain mark in a range and below a position.
  func mark(below position: UInt64, in range: Range<UInt64>) -> UInt64? {
    marks.keys.filter { range.contains($0) && $0 < position }.max()
  }

  /// Notes that the peer declared stretches void.
  ///
  /// What was held in them is forgotten: the chains within cannot be compared any more.
  mutating func creditVoid(
    _ runs: [VoidRun], below common: UInt64, view: some LogView
  ) throws(LogReadError) {
    var ranges: [Range<UInt64>] = []
    var nearest: UInt64 = 0
    for run in runs where run.range.upperBound <= common {
      let start = run.range.lowerBound
      if let mark = marks[start], mark != run.chainBefore { continue }
      if let mark = marks[run.range.upperBound], mark != run.chainAfter { continue }
      if marks[start] == nil, isInside(start),
        let range = held.ranges.first(where: { $0.contains(start) })
      {
        // What is below would be claimed with the chain that is said here.
        if !(range.lowerBound..<start).contains(nearest) || marks[nearest] == nil {
          nearest = mark(below: start, in: range) ?? range.lowerBound
        }
        if let known = try chain(at: start, from: nearest, view: view) {
          guard known == run.chainBefore else { continue }
        } else {
          forget(nearest..<start)
        }
      }
      nearest = run.range.upperBound
      ranges.append(run.range)
      marks[run.range.lowerBound] = run.chainBefore
      marks[run.range.upperBound] = run.chainAfter
    }
    guard !ranges.isEmpty else { return }
    for range in held.intersection(Intervals(ranges)).ranges { forget(range) }
    void = void.union(Intervals(ranges))
    asking = asking.subtracting(void)
    refused = refused.subtracting(void)
    offered.removeAll { void.contains($0.position) }
    tidy()
  }

  /// Forgets what stood at positions of ours that are no more.
  mutating func cut(at length: UInt64) {
    if length < unpairedEnd {
      held = held.subtracting(unpaired)
      unpaired = Intervals()
      unpairedEnd = 0
    }
    for run in correspondence.runs where run.ours + run.count > length {
      forget(run.theirs + (max(run.ours, length) - run.ours)..<run.theirs + run.count)
    }
  }

  /// Forgets pending objects; whether there were any.
  mutating func drop(_ ids: [ObjectID]) -> Bool {
    var dropped = false
    for id in ids {
      guard let theirs = unplaced.removeValue(forKey: id) else { continue }
      held.remove(theirs..<theirs + 1)
      dropped = true
    }
    return dropped
  }

  /// Takes the peer's present lineage; what another numbering said is forgotten.
  ///
  /// - Complexity: A hash per position between the last mark below the cut and the cut.
  mutating func adopt(_ lineage: Lineage, view: some LogView) throws(LogReadError) {
    guard self.lineage != lineage else { return }
    if let common = self.lineage?.common(with: lineage), common < .max {
      var end = common
      // A receipt needs the chain at the cut, or the peer could not see where it disagrees.
      if common > 0, marks[common] == nil {
        if let range = held.ranges.first(where: { $0.contains(common - 1) }) {
          end = mark(below: common, in: range) ?? range.lowerBound
          if let chain = try chain(at: common, from: end, view: view) {
            marks[common] = chain
            end = common
          }
        } else if let range = void.ranges.first(where: { $0.contains(common - 1) }) {
          end = range.lowerBound
        }
      }
      forget(end..<UInt64.max)
      marks = marks.filter { $0.key <= end }
      asking.remove(common..<UInt64.max)
      refused.remove(common..<UInt64.max)
      offered.removeAll { $0.position >= common }
    }
    self.lineage = lineage
  }

  /// The chain at `end`, if the ids from `start` on and the chain there are known.
  private func chain(
    at end: UInt64, from start: UInt64, view: some LogView
  ) throws(LogReadError) -> Chain? {
    guard var chain = marks[start] else { return nil }
    var pending: [UInt64: ObjectID] = [:]
    for (id, position) in unplaced { pending[position] = id }
    for position in start..<end {
      if let ours = correspondence.ours(of: position) {
        chain = chain.extended(by: try view.id(at: ours))
      } else if let id = pending[position] {
        chain = chain.extended(by: id)
      } else {
        return nil
      }
    }
    return chain
  }

  mutating func forget(_ range: Range<UInt64>) {
    void.remove(range)
    guard !held.intersection(Intervals(range)).isEmpty else { return }
    held.remove(range)
    unpaired.remove(range)
    correspondence.remove(theirs: range)
    unplaced = unplaced.filter { !range.contains($0.value) }
  }

  /// Gives those that were pending their places.
  mutating func settle(view: some LogView) throws(LogReadError) {
    guard !unplaced.isEmpty else { return }
    for (id, theirs) in unplaced.sorted(by: { $0.value < $1.value }) {
      guard let place = try view.position(of: id) else { continue }
      unplaced[id] = nil
      if !correspondence.insert(theirs: theirs, ours: place) {
        held.remove(theirs..<theirs + 1)
      }
    }
  }

  /// Marks inside a stretch say nothing that its ends do not.
  mutating func tidy() {
    guard marks.count > 2 else { return }
    var kept: [UInt64: Chain] = [:]
    for range in held.ranges + void.ranges {
      if let mark = marks[range.lowerBound] { kept[range.lowerBound] = mark }
      if let mark = marks[range.upperBound] { kept[range.upperBound] = mark }
    }
    for (position, mark) in marks
    where Self.isKept(position) && position > 0 && held.contains(position - 1) {
      kept[position] = mark
    }
    marks = kept
  }
}
