internal import MartletSeal
internal import MartletWire

extension SyncState {
  /// Names what a bundle does not carry of a log, as far as there is room for names.
  func offers(
    _ log: LogID, _ choice: inout Choice, view: some LogView
  ) throws(LogReadError) -> [OfferRun] {
    var result: [OfferRun] = []
    for (positions, isOnRequest) in [
      (choice.inferred[log], true), (choice.withheld[log], false),
    ] {
      for range in positions?.ranges ?? [] where choice.offersLeft > 0 {
        let count = min(UInt64(choice.offersLeft), range.upperBound - range.lowerBound)
        choice.offersLeft -= Int(count)
        var items: [OfferRun.Item] = []
        items.reserveCapacity(Int(count))
        for position in range.lowerBound..<range.lowerBound + count {
          items.append(
            OfferRun.Item(
              id: ShortID(try view.id(at: position)),
              byteCount: try view.byteCount(of: position..<position + 1)))
        }
        result.append(
          OfferRun(
            start: range.lowerBound, chainBefore: try view.chain(at: range.lowerBound),
            items: items, isOnRequest: isOnRequest))
      }
    }
    return result.sorted { $0.start < $1.start }
  }
}

extension PeerLog {
  /// Credits what is held of a peer's offers, asks for the rest of those that come only on request,
  /// and remembers the others.
  ///
  /// - Parameters:
  ///   - common: Up to where the offers are of the peer's present numbering.
  ///   - isNewer: Whether the word is the peer's last; of an older one only what is held counts.
  /// - Returns: Whether something was credited, and whether something is asked for that was not.
  mutating func takeOffers(
    _ runs: [OfferRun], below common: UInt64, isNewer: Bool, limits: JournalLimits,
    view: some LogView
  ) throws(LogReadError) -> (credited: Bool, asked: Bool) {
    var credited = false
    var wanted = Intervals()
    if isNewer { offered = [] }
    var left = SyncLimits.offerLookups
    for run in runs where run.start < common {
      let known = try prefixHeld(of: run, &left, view: view)
      if !known.isEmpty {
        var chain = run.chainBefore
        for id in known { chain = chain.extended(by: id) }
        let stretch = Stretch(
          start: run.start, ids: known, chainBefore: run.chainBefore, chainAfter: chain)
        if try credit(stretch, below: common, view: view) { credited = true }
      }
      guard isNewer else { continue }
      for (index, item) in run.items.enumerated().dropFirst(known.count) {
        let position = run.start + UInt64(index)
        guard position < common else { break }
        if held.contains(position) || void.contains(position) { continue }
        guard left > 0 else { break }
        left -= 1
        if try view.id(startingWith: item.id) != nil { continue }
        if run.isOnRequest {
          wanted.insert(position)
        } else if offered.count < limits.offered {
          offered.append(
            OfferedItem(position: position, id: item.id, byteCount: item.byteCount))
        }
      }
    }
    let new = wanted.subtracting(asking)
    asking = asking.union(wanted)
    refused = refused.subtracting(wanted)
    return (credited, !new.isEmpty)
  }

  private func prefixHeld(
    of run: OfferRun, _ left: inout Int, view: some LogView
  ) throws(LogReadError) -> [ObjectID] {
    var ids: [ObjectID] = []
    for item in run.items where left > 0 {
      left -= 1
      guard let id = try view.id(startingWith: item.id) else { break }
      ids.append(id)
    }
    return ids
  }
}
