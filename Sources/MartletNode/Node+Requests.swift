internal import MartletObjects
internal import MartletSeal
internal import MartletSync
internal import MartletWire

/// What a peer offered of a group and had no room for.
public struct OfferReport: Hashable, Sendable {
  public var peer: String
  public var group: String
  public var messages: UInt64 = 0
  public var blobs: UInt64 = 0
  /// Bytes of them all.
  public var byteCount: UInt64 = 0
  /// So many of them are asked for already.
  public var requested: UInt64 = 0
}

/// Which of what is offered is asked for.
public struct RequestSelection: Sendable {
  /// By one peer only.
  public var peer: String?
  /// Objects of so many bytes at most.
  public var byteLimit: UInt64?
  /// The contents of these messages only, by their ids or the first digits of them.
  public var messages: [String] = []
  public init() {}
}

extension Node {
  /// What peers said that they have for us and had no room for, as their last bundles say.
  public func offers() throws(NodeError) -> [OfferReport] {
    try loadJournals()
    var reports: [OfferReport] = []
    for peer in state.peers {
      for group in state.groups.compactMap({ groupStates[$0] }) {
        var report = OfferReport(peer: peer.name, group: name(of: group))
        for log in group.logs {
          let asking = sync.peers[peer.card.deviceID]?.logs[log]?.asking ?? Intervals()
          for item in sync.offered(by: peer.card.deviceID, of: log) {
            if log.objectClass == .messages { report.messages += 1 } else { report.blobs += 1 }
            let (sum, isTooLarge) = report.byteCount.addingReportingOverflow(item.byteCount)
            report.byteCount = isTooLarge ? .max : sum
            if asking.contains(item.position) { report.requested += 1 }
          }
        }
        if report.messages + report.blobs > 0 { reports.append(report) }
      }
    }
    return reports
  }

  /// Asks for what is offered of a group: the next bundle for whoever offers it says so, and those
  /// after it until it is here.
  ///
  /// - Parameter isDryRun: Nothing is noted.
  /// - Returns: What is asked for now and was not before, one report for each peer.
  /// - Throws: ``NodeError/unknownGroup(_:)``, ``NodeError/unknownPeer(_:)``,
  ///   ``NodeError/unknownObject(_:)``.
  public func request(
    _ group: String, _ selection: RequestSelection = RequestSelection(), isDryRun: Bool = false
  ) throws(NodeError) -> [OfferReport] {
    try changing { () throws(NodeError) -> [OfferReport] in
      try loadJournals()
      let group = try find(group)
      var peers = state.peers
      if let only = selection.peer { peers = [state.peers[try peerIndex(only)]] }
      let wanted = try blobs(of: selection.messages, in: group)
      var reports: [OfferReport] = []
      for peer in peers {
        let id = peer.card.deviceID
        var report = OfferReport(peer: peer.name, group: name(of: group))
        for log in group.logs {
          let asking = sync.peers[id]?.logs[log]?.asking ?? Intervals()
          var positions = Intervals()
          for item in sync.offered(by: id, of: log) where !asking.contains(item.position) {
            if let limit = selection.byteLimit, item.byteCount > limit { continue }
            if let wanted, !wanted.contains(item.id) { continue }
            positions.insert(item.position)
            if log.objectClass == .messages { report.messages += 1 } else { report.blobs += 1 }
            let (sum, isTooLarge) = report.byteCount.addingReportingOverflow(item.byteCount)
            report.byteCount = isTooLarge ? .max : sum
          }
          guard !positions.isEmpty, !isDryRun else { continue }
          sync.request(positions, of: log, from: id)
          changedPeers.insert(id)
        }
        report.requested = report.messages + report.blobs
        if report.requested > 0 { reports.append(report) }
      }
      try commit()
      return reports
    }
  }

  /// The blobs of some messages that are not here; nil if no message is named.
  private func blobs(
    of messages: [String], in group: GroupState
  ) throws(NodeError) -> Set<ShortID>? {
    guard !messages.isEmpty else { return nil }
    var wanted: Set<ShortID> = []
    for digits in messages {
      let id = try objectID(digits, in: group.id.hex)
      let log = try log(LogID(group: group.id, objectClass: .messages))
      let place = try reading(log) { () throws(LogReadError) in try log.position(of: id) }
      guard let place else { throw .unknownObject(digits) }
      let stored = try reading(log) { () throws(LogReadError) in try log.object(at: place) }
      groupStates[group.id]?.unlock(with: try identity().sealing)
      let (_, opened) = try opened(stored, in: group.id)
      guard opened.message.client == DataContent.client,
        case .file(let file, _) = try? DataContent(decoding: opened.message.body)
      else { continue }
      for blob in file.blobs { wanted.insert(ShortID(blob.id)) }
    }
    return wanted
  }
}
