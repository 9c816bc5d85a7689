internal import MartletNode
internal import MartletSeal
internal import MartletWire

extension Simulation {
  // MARK: What is held

  /// Looks at what a device holds now. Costs time in what is new.
  func refresh(_ device: SimulatedDevice) throws {
    let node = try opened(device)
    if device.instance != node.instance {
      // Whoever was one of two, or put back, knows it now.
      if device.instance != nil { device.isUnaware = false }
      device.instance = node.instance
    }
    for (index, group) in groups.enumerated()
    where scenario.groups[index].members.contains(device.index) {
      let start = device.holdings.logged[index].count
      let fresh = try node.loggedIDs(of: group, from: UInt64(start))
      device.holdings.logged[index] += fresh
      for id in fresh + node.pendingIDs(of: group)
      where device.holdings.since[index][id] == nil {
        device.holdings.since[index][id] = step
        guard let message = written[index][id], message.author != device.index else { continue }
        count { $0.arrivals.append(now - message.time) }
      }
      let lost = Set(try node.lostIDs(of: group))
      if !lost.isSubset(of: device.holdings.lost[index]) {
        violate(.acknowledgedIsKept, "\(device.name) gives up what no fault took from it")
      }
      for id in device.holdings.lost[index].subtracting(lost) {
        device.holdings.since[index][id] = step
      }
      device.holdings.lost[index] = lost
      let epoch = node.epoch(of: group)
      let renumbered = epoch != device.epochs[index]
      device.epochs[index] = epoch
      try checkPositions(device, node, index, from: renumbered ? 0 : start)
    }
    noteDelivered(device)
  }

  private func checkPositions(
    _ device: SimulatedDevice, _ node: Node, _ group: Int, from start: Int
  ) throws {
    guard !device.isUnaware, let lineage = node.lineage(of: groups[group]) else { return }
    let logged = device.holdings.logged[group]
    for position in start..<max(start, logged.count) {
      guard let epoch = lineage.epoch(at: UInt64(position)), !ambiguous.contains(epoch) else {
        continue
      }
      let key = PositionKey(group: group, epoch: epoch, position: UInt64(position))
      if let other = positions.updateValue(logged[position], forKey: key),
        other != logged[position]
      {
        violate(.positionsAreUnique, "\(device.name): position \(position) names two messages")
      }
    }
  }

  /// Everything that a device learns of a peer's holding was so when the peer said it.
  func checkReceipts(
    at device: SimulatedDevice, of peer: Int, _ parcels: [Parcel]
  ) throws {
    let node = try opened(device)
    var seen = device.acknowledged[peer] ?? groups.map { _ in Intervals() }
    for (index, group) in groups.enumerated() {
      let members = scenario.groups[index].members
      guard members.contains(device.index), members.contains(peer) else { continue }
      let all = try node.acknowledged(by: devices[peer].name, of: group)
      let new = all.subtracting(seen[index])
      seen[index] = all
      guard !new.isEmpty else { continue }
      let gone = try node.namedLost(by: devices[peer].name, of: group)
      let logged = device.holdings.logged[index]
      for position in new.ranges.joined() {
        guard position < UInt64(logged.count) else {
          violate(
            .receiptsAreTrue, "\(device.name): a receipt of \(devices[peer].name) is beyond the log"
          )
          continue
        }
        let id = logged[Int(position)]
        let isTrue = parcels.contains { $0.holdings.holds(id, in: index, at: $0.step) }
        if !isTrue, !gone.contains(id) {
          violate(
            .receiptsAreTrue,
            "\(device.name) believes that \(devices[peer].name) holds position \(position)")
        }
      }
    }
    device.acknowledged[peer] = seen
  }

  // MARK: What is noted

  /// Takes what a device knows of its peers as it is: what comes to it from now on is compared.
  func noteAcknowledged(_ device: SimulatedDevice) throws {
    for peer in peers[device.index] {
      var seen: [Intervals] = []
      for group in groups {
        seen.append(try opened(device).acknowledged(by: devices[peer].name, of: group))
      }
      device.acknowledged[peer] = seen
    }
  }

  func noteWritten(_ id: ObjectID, by device: SimulatedDevice, _ group: Int) {
    count { $0.messages += 1 }
    written[group][id] = Message(author: device.index, time: now)
    note(device.index)
  }

  private func noteDelivered(_ device: SimulatedDevice) {
    for complaint in device.witness.complaints {
      violate(.viewsAgree, "\(device.name): \(complaint)")
    }
    if !hadFault, let id = device.witness.late.first {
      violate(.viewsAgree, "\(device.name): \(id) is handed over after its child")
    }
    for (group, id) in device.witness.fresh {
      guard let index = groups.firstIndex(of: group), let message = written[index][id],
        message.author != device.index
      else { continue }
      count { $0.delays.append(now - message.time) }
      note(now)
    }
    device.witness.fresh = []
  }

  func noteExported(
    _ device: SimulatedDevice, to peer: SimulatedDevice, _ made: ExportReport, _ number: UInt64,
    _ payload: UInt64
  ) {
    count { report in
      report.bundles += 1
      report.carried += Int(made.messages)
      report.bundleBytes += made.byteCount
      report.payloadBytes += payload
    }
    note(made.messages)
    tell(
      "   \(device.name) writes number \(number), \(made.messages) messages, \(made.byteCount) B")
    if let instance = device.instance, !device.isUnaware,
      !numbers.insert(NumberKey(instance: instance, peer: peer.index, number: number)).inserted
    {
      violate(.numbersAreUnique, "\(device.name): number \(number) to \(peer.name) comes twice")
    }
  }

  func noteImported(_ imported: ImportReport, at device: SimulatedDevice, _ parcel: Parcel) {
    count { $0.useful += Int(imported.messages) }
    note(imported.messages)
    tell("   \(device.name) takes \(parcel.serial): \(imported.outcome), \(imported.messages) new")
    if case .refused(let reason) = imported.outcome, !parcel.isDamaged {
      violate(
        .nothingFails,
        "\(device.name) refuses a whole bundle of \(devices[parcel.from].name): \(reason)")
    }
  }
}
