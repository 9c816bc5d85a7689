package import MartletWire

/// What we know of one peer: what it said, what we said to it, what we sent.
package struct PeerJournal: Equatable, Sendable {
  /// The peer's instance last heard.
  package var instance: InstanceID?
  /// Instances of the peer that never count again.
  package var retired: Set<InstanceID> = []
  /// The number of the last bundle of ``instance`` whose receipts were applied.
  package var lastApplied: UInt64 = 0
  /// The highest number heard of ``instance``.
  package var highestHeard: UInt64 = 0
  /// The number of the next bundle of ours; the first is 1.
  package var nextNumber: UInt64 = 1
  /// The highest number of ours, of this instance, that the peer echoed.
  package var echoed: UInt64 = 0
  /// Whether the peer is owed a bundle even when it lacks nothing.
  package var owed = false
  /// When the peer was last asked for missing parents.
  package var askedAt: UInt64?
  /// When the peer was last offered what it is thought to have from others.
  package var offeredAt: UInt64?
  /// When the peer was last told summaries.
  package var toldAt: UInt64?
  /// The logs shared with this peer, and with no other is anything said of them.
  package var logs: [LogID: PeerLog] = [:]
  /// Bundles with records, by ascending number; neither acknowledged nor superseded.
  package var sent: [SentBundle] = []

  package init() {}

  /// Starts to share a log with the peer.
  package mutating func share(_ log: LogID) {
    if logs[log] == nil { logs[log] = PeerLog() }
  }

  /// Whether the peer has said that it holds everything a sent bundle carried.
  package func isAcknowledged(_ bundle: SentBundle) -> Bool {
    bundle.runs.allSatisfy { log, runs in
      runs.subtracting(logs[log]?.applied ?? Intervals()).isEmpty
    }
  }
}

/// What we know of a peer's side of one log.
package struct PeerLog: Equatable, Sendable {
  /// Our positions that the peer acknowledged.
  package var applied = Intervals()
  /// Ids that the peer lost; its receipts do not count for them.
  package var lost: Set<ObjectID> = []
  /// Ids that the peer asked for.
  package var wanted: Set<ObjectID> = []
  /// Ids that we asked the peer for in our last bundle.
  package var asked: Set<ObjectID> = []
  /// The lineage of the peer's log.
  package var lineage: Lineage?
  /// Positions of the peer's log whose objects came from the peer and whose chain came out.
  package var held = Intervals()
  /// Positions of the peer's log that it declared void.
  package var void = Intervals()
  /// Where ``held`` stands in our log.
  package var correspondence = Correspondence()
  /// More of ``held``: positions whose places in our log are kept no longer, for the peer has said
  /// that it holds what stands there.
  package var unpaired = Intervals()
  /// All those places are below it.
  package var unpairedEnd: UInt64 = 0
  /// The rest of ``held``: objects that are pending here.
  package var unplaced: [ObjectID: UInt64] = [:]
  /// Chains of the peer's log, kept at the ends of what is known, and here and there inside it.
  package var marks: [UInt64: Chain] = [:]
  /// Our positions that the peer asks for, and that it does not want.
  package var requested = Intervals()
  package var declined = Intervals()
  /// Positions of the peer's log that we ask for until they are held.
  package var asking = Intervals()
  /// Positions of the peer's log that were refused here.
  package var refused = Intervals()
  /// What the peer's last bundle offered for want of room, and is not held here; ascending.
  package var offered: [OfferedItem] = []
  /// The peer heard every summary up to this ``GroupLogState/summarySequence``.
  package var told: UInt64 = 0
  /// Bundles that told it more, and that it did not echo yet; ascending.
  package var telling: [Telling] = []

  package init() {}
}

/// An object of a peer's log that it offered.
package struct OfferedItem: Equatable, Sendable {
  /// In the peer's log.
  package var position: UInt64
  package var id: ShortID
  package var byteCount: UInt64

  package init(position: UInt64, id: ShortID, byteCount: UInt64) {
    self.position = position
    self.id = id
    self.byteCount = byteCount
  }
}

/// Up to which summary a bundle of ours told a peer.
package struct Telling: Equatable, Sendable {
  package var bundle: UInt64
  package var sequence: UInt64

  package init(bundle: UInt64, sequence: UInt64) {
    self.bundle = bundle
    self.sequence = sequence
  }
}

/// A bundle of ours and what it carried.
package struct SentBundle: Equatable, Sendable {
  package var number: UInt64
  package var instance: InstanceID
  /// Unix seconds.
  package var time: UInt64
  package var carrier: String
  package var fileName: String
  package var runs: [LogID: Intervals]

  package init(
    number: UInt64, instance: InstanceID, time: UInt64, carrier: String, fileName: String,
    runs: [LogID: Intervals]
  ) {
    self.number = number
    self.instance = instance
    self.time = time
    self.carrier = carrier
    self.fileName = fileName
    self.runs = runs
  }

  /// The most of them that a journal keeps; the oldest go first, and their objects go again.
  package static let limit = 4096
}
