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
    for (index, group) in groups.enumerated() {
      let members = scenario.groups[index].members
      var everything: Set<ObjectID> = []
      for member in members {
        let holdings = devices[member].holdings
        everything.formUnion(holdings.since[index].keys)
        everything.subtract(holdings.lost[index])
      }
      for member in members {
        let holdings = devices[member].holdings
        everything.formUnion(
          holdings.since[index].keys.filter { !holdings.lost[index].contains($0) })
      }
      var common: Set<ObjectID>?
      for member in members {
        let device = devices[member]
        let missing = everything.subtracting(device.holdings.since[index].keys)
        if !missing.isEmpty {
          violate(
            hadLoss && !hadFault ? .lossCostsTimeOnly : .exchangingConverges,
            "\(device.name) lacks \(missing.count) of \(everything.count) messages")
        }
        let pending = try opened(device).pendingIDs(of: group)
        if !pending.isEmpty {
          violate(.exchangingConverges, "\(device.name) keeps \(pending.count) waiting")
        }
        let shown = Set((device.witness.views[group] ?? Witness.View()).places.keys)
        if let common, common != shown {
          violate(.viewsAgree, "\(device.name) shows other messages than its peers")
        }
        common = common ?? shown
      }
    }
    for device in devices { try checkKnown(device) }
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
        where !device.holdings.holds(id, in: index) {
          violate(
            .receiptsAreTrue,
            "\(device.name) would acknowledge \(theirs) of \(devices[peer].name) and holds it not")
        }
      }
    }
    for peer in try node.status().peers {
      if peer.lacks.messages > 0 || peer.unacknowledged > 0 {
        violate(
          .comesToRest,
          "\(device.name) is not settled with \(peer.name): \(peer.lacks.messages) lacking, "
            + "\(peer.unacknowledged) not acknowledged")
      }
    }
    let found = try node.verify()
    // A pack with a damaged object in it stays, for the sake of what else it holds.
    if !found.lost.isEmpty { violate(.acknowledgedIsKept, "\(device.name): \(found.damage)") }
  }
}
