internal import MartletSeal
internal import MartletWire

extension SyncState {
  /// What a peer's echo proves of our own past.
  struct RollbackFinding {
    /// The peer heard an instance, or a number of this one, that we know nothing of.
    var instance = false
    /// Where logs part from what the peer has of them.
    var forks: [LogID: UInt64] = [:]
    var retiredInstance: InstanceID?
    var retiredEpochs: [LogID: Set<EpochID>] = [:]

    init(_ echo: (ahead: Bool, retire: InstanceID?)) {
      instance = echo.ahead
      retiredInstance = echo.retire
    }
  }

  func findForks(
    _ section: Section, from peer: DeviceID, views: [LogID: some LogView],
    _ found: inout RollbackFinding
  ) throws(LogReadError) {
    for said in section.logs where peers[peer]?.logs[said.log] != nil {
      guard let state = logs[said.log], let view = views[said.log], let receipt = said.receipt
      else { continue }
      let common = receipt.lineage.common(with: state.lineage)
      let ours = Set(state.lineage.starts.map(\.epoch))
      let strange = Set(receipt.lineage.starts.map(\.epoch)).subtracting(ours)
      var agreeing: [UInt64] = []
      var lowest: UInt64?
      for (position, tail) in receipt.chainTails where position <= common {
        if position <= view.length, try view.chain(at: position).tail == tail {
          agreeing.append(position)
        } else {
          lowest = min(lowest ?? position, position)
        }
      }
      guard lowest != nil || !strange.isSubset(of: state.retired) else { continue }
      let below = agreeing.filter { position in lowest.map { position < $0 } ?? true }
      found.forks[said.log] = min(below.max() ?? 0, view.length)
      found.retiredEpochs[said.log] = strange
    }
  }

  /// Whether the peer has heard of us what this life of the store did not say.
  func isAhead(_ echo: Section.Echo?, of peer: DeviceID) -> (ahead: Bool, retire: InstanceID?) {
    guard let echo else { return (false, nil) }
    if echo.instance == device.instance {
      return (echo.number >= peers[peer]?.nextNumber ?? 1, nil)
    }
    if device.retired.contains(echo.instance) { return (false, nil) }
    return (true, echo.instance)
  }

  mutating func rollBack(
    _ found: RollbackFinding, views: [LogID: some LogView], random: any RandomSource
  ) {
    if let instance = found.retiredInstance { device.retired.append(instance) }
    for log in logs.keys.sorted() {
      let retired = found.retiredEpochs[log] ?? []
      if (logs[log]?.retired.count ?? 0) + retired.count <= SyncLimits.retiredEpochCount {
        logs[log]?.retired.formUnion(retired)
      }
      if let position = found.forks[log] {
        fork(log, at: position, random: random)
      } else if found.instance, let length = views[log]?.length {
        fork(log, at: length, random: random)
      }
    }
    renewInstance(random: random)
  }
}
