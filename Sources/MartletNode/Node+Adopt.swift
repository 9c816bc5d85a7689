internal import MartletSeal
internal import MartletStore
internal import MartletSync
internal import MartletWire
public import SystemPackage

extension Node {
  /// Makes a copied or restored store the one life of its device: the original is gone.
  ///
  /// It gets a new instance and new epochs; what peers have beyond it comes back from them.
  public static func adopt(at path: FilePath, passphrase: [UInt8]? = nil) throws(NodeError) {
    try adopt(at: path, passphrase: passphrase, in: .local())
  }

  package static func adopt(
    at path: FilePath, passphrase: [UInt8]?, in environment: NodeEnvironment
  ) throws(NodeError) {
    let node = try Node(at: path, .writing(wait: false), passphrase, [], environment)
    try node.changing { () throws(NodeError) in
      node.state.root = try root(of: path, environment)
      try node.renumber()
    }
  }

  /// A log that is shorter than was committed goes on under a new numbering: no number that
  /// somebody may have heard is ever used for another object.
  func renumberIfShort() throws(NodeError) {
    let isShort = store.damage.contains {
      if case .short = $0.kind { return $0.path.hasSuffix(".log") }
      return false
    }
    guard isShort else { return }
    try changing { () throws(NodeError) in
      for (id, group) in groupStates {
        let log = try log(LogID(group: id, objectClass: .messages))
        let (kept, isOwnHeld) = try reading(log) { () throws(LogReadError) -> ([ObjectID], Bool) in
          var kept: [ObjectID] = []
          for head in group.heads where try log.position(of: head) != nil { kept.append(head) }
          guard let own = group.ownLast else { return (kept, false) }
          return (kept, try log.position(of: own) != nil)
        }
        groupStates[id]?.heads = kept
        if !isOwnHeld { groupStates[id]?.ownLast = nil }
        // What takes the places that were cut is to be delivered, some of it again.
        for (client, cursor) in group.cursors where cursor.position > log.length {
          groupStates[id]?.cursors[client]?.position = log.length
        }
      }
      try renumber()
    }
  }

  /// A new instance, and a new epoch in every log, from its present end on.
  private func renumber() throws(NodeError) {
    try loadJournals()
    var lengths: [LogID: UInt64] = [:]
    for id in sync.logs.keys { lengths[id] = try log(id).length }
    sync.adopt(lengths: lengths, random: environment.random)
    isStateChanged = true
    changedGroups.formUnion(groupStates.keys)
    changedPeers.formUnion(sync.peers.keys)
    try commit()
  }

  /// Where the identity of an adopted store stands until it is the only one.
  static let nextIdentity = "identity.next"

  /// Makes a copied store a device of its own: the original lives.
  ///
  /// It has a new identity, which peers do not know until they are given its card. What is in the
  /// store stays readable; nothing of the groups it came with is shared or written any more.
  public static func adoptAsNew(
    at path: FilePath, name: String, passphrase: [UInt8]? = nil
  ) throws(NodeError) {
    try adoptAsNew(at: path, name: name, passphrase: passphrase, in: .local())
  }

  package static func adoptAsNew(
    at path: FilePath, name: String, passphrase: [UInt8]?, in environment: NodeEnvironment
  ) throws(NodeError) {
    let node = try Node(at: path, .writing(wait: false), passphrase, [], environment)
    let identity = Identity(random: environment.random)
    let card = try card(of: identity, name: name, environment)
    var file = try identityFile(identity, passphrase: passphrase, environment)
    defer { Secrets.wipe(&file) }
    try node.changing { () throws(NodeError) in
      let old = try node.identity()
      for id in node.state.groups {
        guard var group = node.groupStates[id] else { continue }
        group.unlock(with: old.sealing)
        group.reseal(to: identity.sealing.publicKey)
        group.name = node.name(of: group)
        group.kind = .archived
        group.pending = [:]
        node.groupStates[id] = group
      }
      node.changedGroups.formUnion(node.groupStates.keys)
      // Whom the old identity knew is not bound to the new one.
      node.state.peers = []
      node.state.written = []
      node.state.imported = []
      node.state.card = card
      node.sync.device = DeviceState(instance: InstanceID(environment.random.digest()))
      node.sync.peers = [:]
      node.state.root = try root(of: path, environment)
      node.isStateChanged = true
      // Kept beside the old one until the commit says that it counts.
      try node.opened().writeFile(nextIdentity, file)
      try node.commit()
      try node.stored { () throws(StoreError) in try node.store.replaceIdentity(with: nextIdentity)
      }
    }
  }
}
