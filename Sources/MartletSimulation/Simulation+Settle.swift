internal import MartletNode
internal import MartletSeal
internal import MartletTestSupport
internal import MartletWire

extension Simulation {
  private static let week: UInt64 = 8 * 24 * 3600

  /// Heals everything, lets everybody exchange until nobody has anything to say, and looks whether
  /// all hold the same.
  func settleDown() {
    do {
      for index in twins.keys.sorted() { try part(index, SeededRandom(seed: seed)) }
      for device in devices {
        device.mayCrash = false
        device.isFull = false
        _ = try opened(device).verify()
      }
      let luck = SeededRandom(seed: seed ^ 0x5E77)
      var quiet = 0
      var round = 0
      while quiet < 2 {
        if round == 24 {
          violate(.comesToRest, "there is always something to be said")
          break
        }
        // First everybody speaks because of the silence, and what waits for an answer goes again;
        // then time hardly passes.
        now += round < 3 ? max(Self.week, scenario.roundTrip + 1) : 60
        clock.set(now)
        round += 1
        let before = report.bundles
        for pair in scenario.peers.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
          try meet(devices[pair[0]], devices[pair[1]], .live, Scenario.Mishaps(), luck)
        }
        quiet = report.bundles == before ? quiet + 1 : 0
        if round < 4 { quiet = 0 }
        if !report.violations.isEmpty { return }
      }
      try checkAgreement()
    } catch { violate(.nothingFails, "while settling: \(error)") }
  }

  private func checkAgreement() throws {
    for index in groups.indices { try checkAgreement(in: index) }
    for device in devices { try checkKnown(device) }
    if report.violations.isEmpty, report.strays == 0, !hadFault, !isDeliveredKnown() {
      violate(.deliveriesAreKnown, "somebody does not know that others have everything")
    }
  }

  private func checkAgreement(in index: Int) throws {
    let members = scenario.groups[index].members.map { devices[$0] }
    let waiting = try members.map { try self.waiting($0, index) }
    let everything = try everything(in: index, waiting)
    for (device, waiting) in zip(members, waiting) {
      let missing = everything.subtracting(device.holdings.since[index].keys)
      if !missing.isEmpty {
        violate(
          hadLoss && !hadFault ? .lossCostsTimeOnly : .exchangingConverges,
          "\(device.name) lacks \(missing.count) of \(everything.count) messages")
      }
      let pending = waiting.filter { everything.contains($0.id) }
      if !pending.isEmpty {
        violate(
          .exchangingConverges,
          "\(device.name) keeps \(pending.count) waiting: \(explain(pending, in: index))")
      }
      let view = device.witness.views[groups[index]] ?? Witness.View()
      let unseen = everything.subtracting(view.places.keys).subtracting(waiting.map(\.id))
        .filter { written[index][$0] != nil }
      if missing.isEmpty, !unseen.isEmpty {
        violate(.viewsAgree, "\(device.name) holds \(unseen.count) messages and shows them not")
      }
    }
  }

  /// A message that waits at a device, and for what.
  private struct Waiting {
    var id: ObjectID
    /// Parents that are not here; nil where something else is missing.
    var missing: [ObjectID]?
  }

  private func waiting(_ device: SimulatedDevice, _ group: Int) throws -> [Waiting] {
    let node = try opened(device)
    guard !node.pendingIDs(of: groups[group]).isEmpty else { return [] }
    return try node.undelivered(groups[group].hex, client: Witness.type).map { message in
      guard case .parentsMissing(let parents) = message.reason else {
        return Waiting(id: message.id, missing: nil)
      }
      return Waiting(id: message.id, missing: parents)
    }
  }

  /// What all are to hold in the end: everything that anybody holds whole.
  ///
  /// Not among it is what descends from a message that is nowhere any more, nor what stands in no
  /// log and nobody can open: bytes that were damaged before they were sent.
  private func everything(in index: Int, _ waiting: [[Waiting]]) throws -> Set<ObjectID> {
    var everything: Set<ObjectID> = []
    var absent: Set<ObjectID> = []
    for member in scenario.groups[index].members {
      let device = devices[member]
      everything.formUnion(
        device.holdings.logged[index].filter { !device.holdings.lost[index].contains($0) })
      absent.formUnion(try opened(device).absentIDs(of: groups[index]))
    }
    var stuck: [ObjectID: [ObjectID]] = [:]
    var strays: Set<ObjectID> = []
    for entry in waiting.joined() where !everything.contains(entry.id) {
      if let missing = entry.missing {
        stuck[entry.id] = missing
      } else {
        strays.insert(entry.id)
      }
    }
    count { $0.strays += strays.count }
    everything.formUnion(stuck.keys)
    var isSmaller = true
    while isSmaller {
      isSmaller = false
      for (id, missing) in stuck where everything.contains(id) {
        if missing.contains(where: { !everything.contains($0) && !absent.contains($0) }) {
          everything.remove(id)
          isSmaller = true
        }
      }
    }
    return everything
  }

  /// Why messages wait at a device, for whoever reads a failure.
  private func explain(_ waiting: [Waiting], in group: Int) -> [String] {
    func name(_ id: ObjectID) -> String {
      written[group][id].map { devices[$0.author].name } ?? "nobody"
    }
    return waiting.map { entry in
      let places = (entry.missing ?? []).map { parent in
        let holders = devices.filter { $0.holdings.holds(parent, in: group) }.map(\.name)
        return "one of \(name(parent)), held by \(holders)"
      }
      return "one of \(name(entry.id)), without \(places)"
    }
  }

  /// What a device believes of its peers in the end.
  private func checkKnown(_ device: SimulatedDevice) throws {
    let node = try opened(device)
    for peer in peers[device.index] {
      for (index, group) in groups.enumerated() {
        let members = scenario.groups[index].members
        guard members.contains(device.index), members.contains(peer) else { continue }
        let held = devices[peer].holdings
        for id in try node.acknowledgedIDs(by: devices[peer].name, of: group)
        where !held.holds(id, in: index) {
          violate(
            .acknowledgedIsKept,
            "\(devices[peer].name) does not hold what \(device.name) was told that it holds")
        }
        for (theirs, id) in try node.acknowledging(to: devices[peer].name, of: group)
        where !device.holdings.holds(id, in: index) && !device.holdings.lost[index].contains(id) {
          violate(
            .receiptsAreTrue,
            "\(device.name) would acknowledge \(theirs) of \(devices[peer].name) and holds it not")
        }
      }
    }
    // What nobody has any more is lacking for good.
    let gone = device.holdings.lost.reduce(0) { $0 + UInt64($1.count) }
    for peer in try node.status().peers {
      if peer.lacks.messages > gone || peer.unacknowledged > gone {
        violate(
          .comesToRest,
          "\(device.name) is not settled with \(peer.name): \(peer.lacks.messages) lacking, "
            + "\(peer.unacknowledged) not acknowledged")
      }
    }
    let found = try node.verify()
    // A pack with a damaged object in it stays, for the sake of what else it holds; and what nobody
    // has any more is lost for good.
    let known = device.holdings.lost.reduce(into: Set<ObjectID>()) { $0.formUnion($1) }
    if !Set(found.lost).isSubset(of: known) {
      violate(.acknowledgedIsKept, "\(device.name): \(found.damage)")
    }
  }
}
