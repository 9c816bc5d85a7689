internal import MartletNode
internal import MartletSeal
internal import MartletWire

// What devices know of each other's deliveries, through whomever.
extension Simulation {
  /// Whether every member knows of every message that all others have delivered it.
  func isDeliveredKnown() -> Bool {
    for (index, group) in scenario.groups.enumerated() {
      for member in group.members {
        guard let known = try? opened(devices[member]).deliveredIDs(of: groups[index])
        else { return false }
        for other in group.members where other != member {
          let delivered = known[devices[other].name] ?? []
          if !written[index].keys.allSatisfy(delivered.contains) { return false }
        }
      }
    }
    return true
  }

  /// No device believes of another that it has delivered what it has not shown.
  func checkDelivered(_ device: SimulatedDevice) throws {
    for (index, group) in scenario.groups.enumerated()
    where group.members.contains(device.index) {
      let known = try opened(device).deliveredIDs(of: groups[index])
      for other in group.members where other != device.index {
        let shown = devices[other].witness.views[groups[index]]?.places ?? [:]
        let wrong = (known[devices[other].name] ?? []).filter {
          shown[$0] == nil && written[index][$0] != nil
        }
        if !wrong.isEmpty {
          violate(
            .deliveriesAreTrue,
            "\(device.name) believes that \(devices[other].name) delivered \(wrong.count) "
              + "messages that it has not")
        }
      }
    }
  }
}
