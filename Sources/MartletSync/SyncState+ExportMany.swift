package import MartletSeal
package import MartletWire

extension SyncState {
  /// Makes one content of what is planned for several peers: what any of them lacks of the logs that
  /// all of them share, once.
  ///
  /// Afterwards all plans carry the same; each keeps its own section. What a peer lacks of other logs
  /// is left for a bundle of its own.
  ///
  /// - Parameter plans: Made by ``plan(for:views:request:)`` with nothing changed since.
  /// - Returns: The plans of those to whom something is said by such a bundle.
  package func joined(
    _ plans: [DeviceID: ExportPlan], views: [LogID: some LogView]
  ) throws(SyncError) -> [DeviceID: ExportPlan] {
    guard plans.count > 1 else { return plans }
    // Nothing is said to several that carries nothing: it would only tell them of each other.
    let shared = sharedLogs(of: plans.keys)
    var runs: [LogID: Intervals] = [:]
    var absent: [LogID: [ObjectID]] = [:]
    for plan in plans.values {
      for (log, positions) in plan.runs where shared.contains(log) {
        runs[log] = (runs[log] ?? Intervals()).union(positions)
      }
      for carried in plan.logs { absent[carried.log] = carried.absent }
    }
    var carried: [CarriedLog] = []
    for log in runs.keys.sorted() {
      guard let view = views[log], let positions = runs[log] else { continue }
      var list: [Run] = []
      do throws(LogReadError) {
        for range in positions.ranges { list.append(try run(range, view: view)) }
      } catch { throw .unreadable(error) }
      carried.append(CarriedLog(log: log, keys: [], runs: list, absent: absent[log] ?? []))
    }
    var result: [DeviceID: ExportPlan] = [:]
    guard !carried.isEmpty else { return [:] }
    for (peer, plan) in plans {
      let isCarried = plan.runs.contains { shared.contains($0.key) && !$0.value.isEmpty }
      guard isCarried || plan.runs.isEmpty || peers[peer]?.owed == true else { continue }
      var joined = plan
      joined.logs = carried
      joined.runs = runs
      result[peer] = joined
    }
    return result
  }

  private func sharedLogs(of devices: some Collection<DeviceID>) -> Set<LogID> {
    guard let first = devices.first else { return [] }
    var shared = Set((peers[first]?.logs ?? [:]).keys)
    for device in devices.dropFirst() {
      shared.formIntersection((peers[device]?.logs ?? [:]).keys)
    }
    return shared
  }
}
