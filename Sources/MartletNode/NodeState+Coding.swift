internal import FoundationEssentials
internal import MartletSeal
internal import MartletSync
internal import MartletWire
internal import SwiftProtobuf

/// A reason why a state that this device wrote cannot be read: damage, or a defect.
struct StateFormatError: Error {
  var what: String
}

extension NodeState {
  func encoded() throws(StateFormatError) -> [UInt8] {
    var message = Martlet_NodeStateMessage()
    message.card = Data(card.encoded)
    message.instance = Data(device.instance.bytes)
    message.retired = device.retired.map { Data($0.bytes) }
    message.root.machine = Data(root.machine)
    message.root.inode = root.inode
    if let born = root.born { message.root.born = born }
    message.peers = peers.map { peer in
      var stored = Martlet_StoredPeer()
      stored.name = peer.name
      stored.card = Data(peer.card.encoded)
      stored.verified = peer.isVerified
      stored.lastHeard = peer.lastHeard
      stored.lastSaid = peer.lastSaid
      return stored
    }
    message.groups = groups.map { Data($0.bytes) }
    message.imported = Data(imported.flatMap(\.bytes))
    message.written = written.map { bundle in
      var stored = Martlet_StoredBundle()
      stored.peer = Data(bundle.peer.bytes)
      stored.instance = Data(bundle.instance.bytes)
      stored.number = bundle.number
      stored.fileName = bundle.fileName
      stored.finished = bundle.isFinished
      stored.byteCount = bundle.byteCount
      stored.takenBack = bundle.isTakenBack
      return stored
    }
    return try StateCodec.encode(message)
  }

  init(decoding bytes: [UInt8]) throws(StateFormatError) {
    let message: Martlet_NodeStateMessage = try StateCodec.decode(bytes)
    card = try StateCodec.card(message.card)
    device = DeviceState(instance: try StateCodec.name(message.instance))
    device.retired = try StateCodec.names(message.retired)
    root = Root(
      machine: [UInt8](message.root.machine), inode: message.root.inode,
      born: message.root.hasBorn ? message.root.born : nil)
    for stored in message.peers {
      peers.append(
        Peer(
          name: stored.name, card: try StateCodec.card(stored.card),
          isVerified: stored.verified, lastHeard: stored.lastHeard, lastSaid: stored.lastSaid))
    }
    groups = try StateCodec.names(message.groups)
    let hashes = [UInt8](message.imported)
    guard hashes.count.isMultiple(of: Digest.byteCount) else {
      throw StateFormatError(what: "a short header hash")
    }
    imported.reserveCapacity(hashes.count / Digest.byteCount)
    for start in stride(from: 0, to: hashes.count, by: Digest.byteCount) {
      if let digest = Digest(hashes.span.bytes, at: start) { imported.append(digest) }
    }
    for stored in message.written {
      written.append(
        Written(
          peer: try StateCodec.name(stored.peer), instance: try StateCodec.name(stored.instance),
          number: stored.number, fileName: stored.fileName, isFinished: stored.finished,
          isTakenBack: stored.takenBack, byteCount: stored.byteCount))
    }
  }
}

/// What the codecs of a node's states share.
enum StateCodec {
  static func encode(_ message: some Message) throws(StateFormatError) -> [UInt8] {
    do { return try message.serializedBytes() } catch {
      throw StateFormatError(what: "more bytes than can be written")
    }
  }

  static func decode<M: Message>(_ bytes: [UInt8]) throws(StateFormatError) -> M {
    do { return try M(serializedBytes: bytes) } catch {
      throw StateFormatError(what: "bytes that are no state")
    }
  }

  static func name<Kind>(_ data: Data) throws(StateFormatError) -> Identifier<Kind> {
    guard let name = Identifier<Kind>(data) else { throw StateFormatError(what: "a short name") }
    return name
  }

  static func names<Kind>(_ list: [Data]) throws(StateFormatError) -> [Identifier<Kind>] {
    var names: [Identifier<Kind>] = []
    names.reserveCapacity(list.count)
    for data in list { names.append(try name(data)) }
    return names
  }

  /// Of our own writing, and checked when it came in; its signature is verified all the same.
  static func card(_ data: Data) throws(StateFormatError) -> Card {
    do { return try Card(decoding: [UInt8](data)) } catch {
      throw StateFormatError(what: "an unreadable card")
    }
  }

  static func intervals(_ list: [Martlet_JournalInterval]) throws(StateFormatError) -> Intervals {
    var intervals = Intervals()
    for entry in list {
      let (end, overflow) = entry.start.addingReportingOverflow(entry.count)
      guard !overflow else { throw StateFormatError(what: "an interval out of range") }
      intervals.insert(entry.start..<end)
    }
    return intervals
  }

  static func messages(_ intervals: Intervals) -> [Martlet_JournalInterval] {
    intervals.ranges.map { range in
      var entry = Martlet_JournalInterval()
      entry.start = range.lowerBound
      entry.count = range.upperBound - range.lowerBound
      return entry
    }
  }
}
