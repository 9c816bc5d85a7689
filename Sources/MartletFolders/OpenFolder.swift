internal import MartletFileSystem
internal import MartletNode
internal import MartletObjects
internal import MartletSeal
internal import MartletWire
internal import SystemPackage

/// One folder of this device while something is done to it: what it shows, what its messages say.
final class OpenFolder {
  let node: Node
  let group: MartletNode.GroupID
  let name: String
  var state: FolderState
  private var loaded: CataloguePlace?
  /// Whether a renamed directory keeps what is in it here. There are file systems where it does not.
  var renamesDirectories = true
  /// Entries that were read beyond the cache, and messages.
  private var uncached = (entries: 0, messages: 0)
  /// Whether all messages could be read: one that is damaged may come back from a peer.
  private(set) var isCatalogueWhole = true
  /// Whether the disk's state of this folder was lost or written by another life of the store: what
  /// stands there is then taken for what it is, and nothing for deleted or replaced.
  private(set) var isUnknown: Bool

  /// - Throws: ``FolderError/unknownFolder(_:)`` if nothing is kept of the group.
  init(_ group: MartletNode.GroupID, of node: Node, name: String) throws(FolderError) {
    self.node = node
    self.group = group
    self.name = name
    let bytes = try nodeCall { () throws(NodeError) in
      try node.state(of: FolderChange.client, in: group)
    }
    guard let bytes else { throw .unknownFolder(name) }
    do throws(FolderFormatError) { state = try FolderState(decoding: bytes) } catch {
      throw .stateDamaged("\(name): \(error.what)")
    }
    isUnknown = state.instance != node.instance
    if isUnknown { state.shown = ShownPaths() }
  }

  /// A folder of which nothing is kept yet.
  init(_ group: MartletNode.GroupID, of node: Node, name: String, state: FolderState) {
    self.node = node
    self.group = group
    self.name = name
    self.state = state
    isUnknown = false
  }

  var system: any FileSystem { node.environment.system }

  // MARK: Catalogue

  /// What the messages say that have come.
  func catalogue() throws(FolderError) -> Catalogue {
    try loadCatalogue()
    return loaded?.catalogue ?? Catalogue()
  }

  private func loadCatalogue() throws(FolderError) {
    var place: CataloguePlace
    if let loaded {
      place = loaded
    } else {
      place = CataloguePlace()
      if let bytes = node.cache(
        of: FolderChange.client, in: group, limit: CataloguePlace.byteLimit),
        let cached = CataloguePlace(decoding: bytes),
        try nodeCall({ () throws(NodeError) in
          try node.messageChain(in: group, at: cached.position)
        }) == cached.chain
      {
        place = cached
      }
    }
    let length = try nodeCall { () throws(NodeError) in try node.messageCount(in: group) }
    if place.position < length {
      // Moved out, so that it is changed in place.
      loaded = nil
      var catalogue = place.catalogue
      place.catalogue = Catalogue()
      let (end, isWhole) = try nodeCall { () throws(NodeError) in
        try node.messages(of: FolderChange.client, in: group, from: place.position) { id, message in
          guard let change = try? FolderChange(decoding: message.body) else { return }
          uncached.entries += change.entries.count
          uncached.messages += 1
          catalogue.take(
            change, from: id,
            Catalogue.Message(author: message.author, created: message.created))
        }
      }
      place.position = end
      if !isWhole { isCatalogueWhole = false }
      place.catalogue = catalogue
      place.chain =
        try nodeCall { () throws(NodeError) in
          try node.messageChain(in: group, at: place.position)
        } ?? .empty
    }
    loaded = place
  }

  /// Takes a message that this device has just written.
  func take(_ change: FolderChange, from id: ObjectID) throws(FolderError) {
    try loadCatalogueBeforeOwn()
    guard var place = loaded else { return }
    loaded = nil
    place.catalogue.take(
      change, from: id,
      Catalogue.Message(author: node.card.deviceID, created: node.environment.now()))
    place.position = try nodeCall { () throws(NodeError) in try node.messageCount(in: group) }
    place.chain =
      try nodeCall { () throws(NodeError) in
        try node.messageChain(in: group, at: place.position)
      } ?? .empty
    uncached.entries += change.entries.count
    uncached.messages += 1
    loaded = place
  }

  private func loadCatalogueBeforeOwn() throws(FolderError) {
    if loaded == nil { try loadCatalogue() }
  }

  /// Whether a file with one of these contents stands here.
  func shows(anyOf hashes: Set<ContentHash>) -> Bool {
    state.shown.values.contains {
      if case .file(let hash, _, _) = $0.content { hashes.contains(hash) } else { false }
    }
  }

  func placement() throws(FolderError) -> Placement {
    Placement(try catalogue()) { [node, group] device in node.cardName(of: device, in: group) }
  }

  // MARK: Root

  /// The folder's directory.
  ///
  /// - Throws: ``FolderError/rootMissing(_:_:)`` or ``FolderError/rootReplaced(_:_:)``.
  func root() throws(FolderError) -> FolderRoot {
    guard let mark = state.root else { throw .unknownFolder(name) }
    let root: FolderRoot
    do throws(FileSystemError) { root = try FolderRoot(mark.path, on: system) } catch {
      switch error.errno {
      case .noSuchFileOrDirectory, .notDirectory: throw .rootMissing(name, mark.path)
      default: throw .file(error)
      }
    }
    guard root.isSame(as: mark) else { throw .rootReplaced(name, mark.path) }
    return root
  }

  /// How a file is known again; as if it had been changed since if it was written so recently that an
  /// edit within the same tick of the disk's clock might not show. Its permissions are known all the
  /// same.
  func seen(_ information: FileInformation) -> FolderState.Seen {
    var seen = FolderState.Seen(information)
    let (now, isTooLarge) = Int64(clamping: node.environment.now()).multipliedReportingOverflow(
      by: 1_000_000)
    let (age, isTooFar) = now.subtractingReportingOverflow(information.modified)
    // FAT counts by two seconds, others by a few milliseconds.
    let tick: Int64 =
      information.modified.isMultiple(of: 1_000_000_000) ? 2_000_000_000 : 20_000_000
    if !isTooLarge, !isTooFar, (-tick...tick).contains(age) {
      seen.modified = FolderState.Seen.recent
    }
    return seen
  }

  // MARK: Keeping

  /// What is shown is known again, by this life of the store: by that alone nothing is in its place.
  func becomeKnown() {
    if isUnknown { state.applied = 0 }
    isUnknown = false
    state.instance = node.instance
  }

  /// Makes durable and true what was told and what is shown.
  func commit(_ writer: ClientWriter) throws(FolderError) {
    let bytes = state.encoded
    // Nothing at all is what the library writes where it cannot.
    guard !bytes.isEmpty else { throw .stateDamaged("\(name): too much to be written") }
    try nodeCall { () throws(NodeError) in
      try writer.keep(bytes)
      try writer.commit()
    }
  }

  /// Keeps the catalogue for the next time, from the next commit on, if reading what changed since
  /// takes longer than writing all of it.
  ///
  /// - Returns: Whether there is something to commit.
  @discardableResult
  func cacheCatalogue(_ writer: ClientWriter) throws(FolderError) -> Bool {
    guard let loaded, isCatalogueWhole,
      uncached.messages > 32 || uncached.entries > 256 + loaded.catalogue.paths.count / 16
    else { return false }
    try nodeCall { () throws(NodeError) in try writer.cache(loaded.encoded) }
    uncached = (0, 0)
    return true
  }

  func writer() throws(FolderError) -> ClientWriter {
    try nodeCall { () throws(NodeError) in
      try node.writer(for: FolderChange.client, in: group)
    }
  }
}

/// Runs calls to the layers below, with their errors in this one's words.
func nodeCall<Result>(
  _ body: () throws(NodeError) -> Result
) throws(FolderError) -> Result {
  do throws(NodeError) { return try body() } catch { throw .node(error) }
}

func fileCall<Result>(
  _ body: () throws(FileSystemError) -> Result
) throws(FolderError) -> Result {
  do throws(FileSystemError) { return try body() } catch { throw .file(error) }
}
