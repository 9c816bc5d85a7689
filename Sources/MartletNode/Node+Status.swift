internal import MartletSeal
internal import MartletStore
internal import MartletSync
internal import MartletWire

extension Node {
  /// How things stand with every peer and group. Reads lengths and intervals, never a message.
  public func status() throws(NodeError) -> StatusReport {
    try loadJournals()
    var peers: [PeerStatus] = []
    for peer in state.peers { peers.append(try status(of: peer)) }
    return StatusReport(
      device: state.card.name, peers: peers, groups: try groups(),
      damage: store.damage.map(\.description))
  }

  private func status(of peer: NodeState.Peer) throws(NodeError) -> PeerStatus {
    let id = peer.card.deviceID
    let journal = sync.peers[id] ?? PeerJournal()
    var status = PeerStatus(
      name: peer.name, lacks: PeerStatus.Lacks(), unacknowledged: 0, isOwed: journal.owed,
      lastHeard: peer.lastHeard == 0 ? nil : peer.lastHeard)
    for log in journal.logs.keys.sorted() {
      let view = try self.log(log)
      let known = try engine { () throws(SyncError) in
        try sync.known(to: id, of: log, view: view)
      }
      let state = sync.logs[log]
      let lacking = Intervals(0..<view.length).subtracting(known)
        .subtracting(state?.void ?? Intervals())
      if log.objectClass == .messages {
        status.lacks.messages += lacking.count
      } else {
        status.lacks.blobs += lacking.count
      }
      for range in lacking.ranges {
        status.lacks.bytes += try reading(view) { () throws(LogReadError) in
          try view.byteCount(of: range)
        }
      }
      var sent = Intervals()
      for bundle in journal.sent where bundle.instance == sync.device.instance {
        if let runs = bundle.runs[log] { sent = sent.union(runs) }
      }
      status.unacknowledged += sent.subtracting(known).count
      status.declined += journal.logs[log]?.declined.intersection(lacking).count ?? 0
      status.offered += UInt64(sync.offered(by: id, of: log).count)
    }
    return status
  }
}
