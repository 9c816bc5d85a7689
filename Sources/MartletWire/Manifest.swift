package import MartletSeal

/// What a bundle says of itself, signed by its sender and read by every recipient.
package struct Manifest: Equatable, Sendable {
  /// The sender's card.
  package var card: Card
  /// Device ids; the n-th has the n-th section.
  package var recipients: [DeviceID]
  /// The hash of each sealed section.
  package var sectionHashes: [Digest]
  /// Binds the manifest to its file.
  package var headerHash: Digest
  package var instance: InstanceID
  /// Instances this one descends from.
  package var retired: [InstanceID]
  /// Unix seconds by the sender's clock. Decides nothing.
  package var created: UInt64
  package var logs: [CarriedLog]
  package var recordCount: UInt64
  /// Bytes of all objects carried, each as the store holds it: for progress and quotas. A bundle
  /// is about as long, for the heads of records take less than the objects' headers.
  package var recordByteCount: UInt64

  package init(
    card: Card, recipients: [DeviceID], sectionHashes: [Digest], headerHash: Digest,
    instance: InstanceID, retired: [InstanceID], created: UInt64, logs: [CarriedLog],
    recordCount: UInt64, recordByteCount: UInt64
  ) {
    self.card = card
    self.recipients = recipients
    self.sectionHashes = sectionHashes
    self.headerHash = headerHash
    self.instance = instance
    self.retired = retired
    self.created = created
    self.logs = logs
    self.recordCount = recordCount
    self.recordByteCount = recordByteCount
  }
}

/// The records of one group log in a bundle.
package struct CarriedLog: Equatable, Sendable {
  package var log: LogID
  /// Key ids that its records name by index.
  package var keys: [KeyID]
  /// Ascending and disjoint.
  package var runs: [Run]
  /// Ids that children may pass.
  package var absent: [ObjectID]

  package init(log: LogID, keys: [KeyID], runs: [Run], absent: [ObjectID]) {
    self.log = log
    self.keys = keys
    self.runs = runs
    self.absent = absent
  }
}

/// Consecutive positions of the sender's log.
package struct Run: Equatable, Sendable {
  package var range: Range<UInt64>
  /// The chain below the first position.
  package var chainBefore: Chain
  /// Ascending; the last stands at the end of the range. A stretch between two marks is
  /// acknowledged only when its chain comes out.
  package var marks: [ChainMark]

  package init(range: Range<UInt64>, chainBefore: Chain, marks: [ChainMark]) {
    self.range = range
    self.chainBefore = chainBefore
    self.marks = marks
  }

  /// The most records between two marks.
  package static let recordsPerMark: UInt64 = 256
  /// The most bytes of records between two marks, unless one record is longer.
  package static let bytesPerMark: UInt64 = 16 << 20
}

/// The chain of all entries below a position.
package struct ChainMark: Equatable, Sendable {
  package var position: UInt64
  package var chain: Chain

  package init(position: UInt64, chain: Chain) {
    self.position = position
    self.chain = chain
  }
}

/// What a bundle says to one recipient alone.
package struct Section: Equatable, Sendable {
  /// Of this bundle among those of this instance to this recipient; the first is 1.
  package var number: UInt64
  /// The recipient's instance last heard, and the highest number heard of it.
  package var echo: Echo?
  package var logs: [SectionLog]
  /// Ids the recipient asked for and the sender does not hold.
  package var answeredAbsent: [ObjectID]

  package struct Echo: Equatable, Sendable {
    package var instance: InstanceID
    package var number: UInt64

    package init(instance: InstanceID, number: UInt64) {
      self.instance = instance
      self.number = number
    }
  }

  package init(number: UInt64, echo: Echo?, logs: [SectionLog], answeredAbsent: [ObjectID]) {
    self.number = number
    self.echo = echo
    self.logs = logs
    self.answeredAbsent = answeredAbsent
  }
}

/// What a section says of one group log.
package struct SectionLog: Equatable, Sendable {
  package var log: LogID
  /// Length and lineage of the sender's log.
  package var length: UInt64
  package var lineage: Lineage
  package var have: [HaveRun]
  package var void: [VoidRun]
  /// What is not carried, and the recipient may hold or want.
  package var offers: [OfferRun] = []
  /// What the sender holds of the recipient's log; nil if it never heard of that log.
  package var receipt: Receipt?
  /// Positions of the recipient's log that are asked for, and that are not wanted; numbered as the
  /// receipt is.
  package var requested = Intervals()
  package var declined = Intervals()
  /// Ids held once and damaged since, or asked for: the receipt does not count for them.
  package var lost: [ObjectID]
  /// Ids asked for.
  package var requests: [ObjectID]
  /// What members of the group say of their logs, each signed by its author.
  package var summaries: [SignedSummary] = []

  package init(
    log: LogID, length: UInt64, lineage: Lineage, have: [HaveRun], void: [VoidRun],
    receipt: Receipt?, lost: [ObjectID], requests: [ObjectID]
  ) {
    self.log = log
    self.length = length
    self.lineage = lineage
    self.have = have
    self.void = void
    self.receipt = receipt
    self.lost = lost
    self.requests = requests
  }
}

/// What a device says it holds of the recipient's log, in the recipient's positions.
package struct Receipt: Equatable, Sendable {
  /// The recipient's lineage as the device knows it.
  package var lineage: Lineage
  package var held: Intervals
  /// The chain's first four bytes at ends of intervals, where the device knows them.
  package var chainTails: [UInt64: UInt32]

  package init(lineage: Lineage, held: Intervals, chainTails: [UInt64: UInt32]) {
    self.lineage = lineage
    self.held = held
    self.chainTails = chainTails
  }
}

/// Positions of the sender's log that the recipient itself sent it.
package struct HaveRun: Equatable, Sendable {
  package var range: Range<UInt64>
  /// Where they start in the recipient's log.
  package var theirs: UInt64
  /// The epoch those positions had there.
  package var epoch: EpochID
  package var chainBefore: Chain
  package var chainAfter: Chain

  package init(
    range: Range<UInt64>, theirs: UInt64, epoch: EpochID, chainBefore: Chain, chainAfter: Chain
  ) {
    self.range = range
    self.theirs = theirs
    self.epoch = epoch
    self.chainBefore = chainBefore
    self.chainAfter = chainAfter
  }
}

/// Positions of the sender's log that nobody is to have any more.
package struct VoidRun: Equatable, Sendable {
  package var range: Range<UInt64>
  package var chainBefore: Chain
  package var chainAfter: Chain

  package init(range: Range<UInt64>, chainBefore: Chain, chainAfter: Chain) {
    self.range = range
    self.chainBefore = chainBefore
    self.chainAfter = chainAfter
  }
}

/// Consecutive positions of the sender's log whose objects are not carried.
package struct OfferRun: Equatable, Sendable {
  package struct Item: Equatable, Sendable {
    /// The beginning of its id.
    package var id: ShortID
    package var byteCount: UInt64

    package init(id: ShortID, byteCount: UInt64) {
      self.id = id
      self.byteCount = byteCount
    }
  }

  package var start: UInt64
  /// The chain below the first position.
  package var chainBefore: Chain
  /// At least one.
  package var items: [Item]
  /// Whether they come only if they are asked for; else they come as there is room.
  package var isOnRequest: Bool

  package init(start: UInt64, chainBefore: Chain, items: [Item], isOnRequest: Bool) {
    self.start = start
    self.chainBefore = chainBefore
    self.items = items
    self.isOnRequest = isOnRequest
  }

  package var range: Range<UInt64> { start..<start + UInt64(items.count) }
}

/// The first 16 bytes of an object's id: enough to know it again, not to name it.
package struct ShortID: Hashable, Sendable {
  package let high: UInt64
  package let low: UInt64

  package init(_ id: ObjectID) {
    let bytes = id.bytes
    high = Self.number(bytes.prefix(8))
    low = Self.number(bytes.dropFirst(8).prefix(8))
  }

  /// Nil unless there are 16 bytes.
  package init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    high = Self.number(bytes.prefix(8))
    low = Self.number(bytes.dropFirst(8))
  }

  package static let byteCount = 16

  package var bytes: [UInt8] {
    (0..<16).map { index in
      UInt8(truncatingIfNeeded: (index < 8 ? high : low) >> UInt64(56 - index % 8 * 8))
    }
  }

  private static func number(_ bytes: some Collection<UInt8>) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }
}
