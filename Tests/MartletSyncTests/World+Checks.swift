import MartletSeal
import MartletSync
import MartletWire

/// What must never happen.
extension World {
  /// Nobody may be thought to have delivered what it never had.
  func checkDelivered(_ device: Int) {
    for (name, positions) in devices[device].state.delivered(log) {
      guard let other = names.firstIndex(of: name) else { continue }
      guard positions.ranges.last?.upperBound ?? 0 <= devices[device].log.length else {
        violations.append("delivered beyond the log at \(now)")
        return
      }
      let new = positions.subtracting(devices[device].checked[name] ?? Intervals())
      devices[device].checked[name] = positions
      for position in new.ranges.joined() {
        if !passed[other].contains(devices[device].log.ids[Int(position)]) {
          violations.append("\(device): \(other) has not delivered \(position) at \(now)")
        }
      }
    }
  }

  /// No receipt may make us believe that a peer holds what it does not.
  func checkReceipt(_ bundle: SimulatedBundle, _ link: Link) {
    guard let known = journal(link.to, of: link.from).logs[log] else { return }
    for range in known.applied.ranges {
      for position in range {
        guard position < devices[link.to].log.length else {
          violations.append("receipt beyond the log at \(now)")
          return
        }
        let id = devices[link.to].log.ids[Int(position)]
        if !bundle.truth.contains(id), !expired.contains(id), !known.lost.contains(id) {
          violations.append("false receipt at \(now): \(link) position \(position)")
        }
      }
    }
  }

  /// No position of one epoch may ever name two objects.
  func checkPosition(_ bundle: SimulatedBundle, _ link: Link, _ position: UInt64, _ id: ObjectID) {
    guard !dirty.contains(link.from), let said = bundle.heard.section.logs.first,
      let epoch = said.lineage.epoch(at: position)
    else { return }
    let key = "\(link.from) \(epoch.high) \(epoch.low) \(position)"
    if let other = registry.updateValue(id, forKey: key), other != id {
      violations.append("position twice at \(now): \(key)")
    }
  }
}
