internal import MartletSeal
internal import MartletStore
internal import MartletSync
internal import MartletWire

// Every change ends in a commit that keeps objects, logs and states together.
extension Node {
  /// What a long put or import writes between two commits.
  static let commitObjectCount = 65_536
  static let commitByteCount: UInt64 = 256 << 20

  /// Runs a change; if it throws, everything that was not committed is forgotten.
  func changing<Result>(
    _ body: () throws(NodeError) -> Result
  ) throws(NodeError) -> Result {
    guard !isBroken else { throw .store(.mustReopen(path)) }
    do throws(NodeError) { return try body() } catch {
      transaction?.discard()
      transaction = nil
      do { try reload() } catch { isBroken = true }
      throw error
    }
  }

  /// The transaction that collects what is to be committed.
  func opened() throws(NodeError) -> Transaction {
    if let transaction { return transaction }
    do throws(StoreError) {
      let transaction = try store.transaction()
      self.transaction = transaction
      return transaction
    } catch { throw .store(error) }
  }

  func addObject(_ id: ObjectID, _ bytes: [UInt8]) throws(NodeError) -> StoredObject {
    let transaction = try opened()
    do throws(StoreError) { return try transaction.addObject(id, bytes) } catch {
      throw .store(error)
    }
  }

  func append(_ object: StoredObject, to log: NodeLog) throws(NodeError) {
    let transaction = try opened()
    do throws(StoreError) { _ = try transaction.append([object], to: log.id) } catch {
      throw .store(error)
    }
    log.append(object)
  }

  /// Makes durable and true what was changed since the last commit.
  ///
  /// - Parameter keepsJournals: Whether journals are among it; those of a bundle that is still
  ///   being read wait for its end.
  func commit(keepsJournals: Bool = true) throws(NodeError) {
    guard
      transaction != nil || isStateChanged || !changedGroups.isEmpty
        || (keepsJournals && !changedPeers.isEmpty)
    else { return }
    let transaction = try opened()
    do {
      for id in changedGroups.sorted() {
        guard var group = groupStates[id] else { continue }
        for log in group.logs {
          if let state = sync.logs[log] { group[log: log.objectClass] = state }
        }
        try transaction.setState(.group(id), try group.encoded())
      }
      if keepsJournals {
        for peer in changedPeers.sorted() {
          guard let journal = sync.peers[peer] else { continue }
          try transaction.setState(.journal(peer: peer), try journal.encoded())
        }
      }
      if isStateChanged {
        state.device = sync.device
        try transaction.setState(.node, try state.encoded())
      }
      try transaction.commit()
    } catch {
      throw Self.nodeError(error, path)
    }
    self.transaction = nil
    changedGroups = []
    if keepsJournals { changedPeers = [] }
    isStateChanged = false
  }

  /// Asked between objects.
  func checkStop() throws(NodeError) {
    if shouldStop?() == true { throw .interrupted }
  }

  // MARK: Errors of the layers below, in this one's words

  func engine<Result>(
    _ body: () throws(SyncError) -> Result
  ) throws(NodeError) -> Result {
    do throws(SyncError) { return try body() } catch { throw .engine(error.description) }
  }

  func reading<Result>(
    _ log: NodeLog, _ body: () throws(LogReadError) -> Result
  ) throws(NodeError) -> Result {
    do throws(LogReadError) { return try body() } catch {
      if let failure = log.failure { throw .store(failure) }
      throw .engine(error.description)
    }
  }

  func stored<Result>(
    _ body: () throws(StoreError) -> Result
  ) throws(NodeError) -> Result {
    do throws(StoreError) { return try body() } catch { throw .store(error) }
  }
}
