internal import MartletObjects
internal import MartletSeal
internal import MartletSync
internal import MartletWire
internal import MartletWorkers
public import SystemPackage

extension Node {
  public enum PutSource {
    case file(FilePath)
    /// A descriptor read to its end, e.g. standard input.
    case descriptor(Int32)
  }

  public enum PutCut: Hashable, Sendable {
    /// Each source is one content.
    case whole
    /// Each line (without its end) is an item.
    case lines
    /// Every so many bytes are an item.
    case records(byteCount: Int)
  }

  /// A content up to this many bytes stands in its message, a longer one in blobs.
  static let inlineByteCount = 1 << 20

  /// Writes contents into a group.
  ///
  /// What `onItem` was called for is durable and stays, whatever throws afterwards. Memory is
  /// bounded by a few chunks, or by one batch.
  /// - Parameters:
  ///   - isBatch: Whether small items share messages of about 64 KiB.
  ///   - onItem: Called with the address (`ID` or `ID/n`), the source's file name and the length
  ///     of each item, in order.
  public func put(
    _ sources: [PutSource], into group: String, cut: PutCut, isBatch: Bool,
    onItem: (_ address: String, _ name: [UInt8], _ byteCount: UInt64) -> Void
  ) throws(NodeError) {
    if case .records(let byteCount) = cut, !(1...ItemReader.limit).contains(byteCount) {
      throw .tooLarge(byteCount: UInt64(clamping: byteCount), limit: UInt64(ItemReader.limit))
    }
    try changing { () throws(NodeError) in
      let id = try writable(group)
      groupStates[id]?.unlock(with: try identity().sealing)
      var writer = PutWriter(node: self, group: id, isBatch: isBatch)
      for source in sources {
        let bytes: ByteSource
        var name: [UInt8] = []
        switch source {
        case .file(let path):
          bytes = try ByteSource(path, on: environment.system)
          name = path.lastComponent.map { Self.bytes(of: $0) } ?? []
        case .descriptor(let descriptor): bytes = ByteSource(descriptor)
        }
        if !DataContent.isGood(name: name) { name = [] }
        switch cut {
        case .whole: try writer.whole(bytes, name: name, onItem)
        case .lines: try writer.items(ItemReader(bytes, recordByteCount: nil), onItem)
        case .records(let count):
          try writer.items(ItemReader(bytes, recordByteCount: count), onItem)
        }
      }
      try writer.finish(onItem)
    }
  }

  /// A name's bytes: `String` would repair what is not UTF-8.
  static func bytes(of component: FilePath.Component) -> [UInt8] {
    component.withPlatformString { pointer in
      var bytes: [UInt8] = []
      var index = 0
      while pointer[index] != 0 {
        bytes.append(UInt8(bitPattern: pointer[index]))
        index += 1
      }
      return bytes
    }
  }
}

/// Writes contents, commits every so often, and says what is durable then.
private struct PutWriter {
  typealias OnItem = (_ address: String, _ name: [UInt8], _ byteCount: UInt64) -> Void

  let node: Node
  let group: GroupID
  let isBatch: Bool

  private struct Written {
    var message: ObjectID
    /// Lengths of the items; one without an index if the message is all its own.
    var byteCounts: [UInt64]
    var name: [UInt8]
    var isBatch: Bool
  }

  private var written: [Written] = []
  private var objectCount = 0
  private var byteCount: UInt64 = 0
  private var batch: [[UInt8]] = []
  private var batchByteCount = 0
  private var totalBytes: UInt64 = 0
  private var totalObjects: UInt64 = 0

  init(node: Node, group: GroupID, isBatch: Bool) {
    self.node = node
    self.group = group
    self.isBatch = isBatch
  }

  mutating func whole(
    _ source: ByteSource, name: [UInt8], _ onItem: OnItem
  ) throws(NodeError) {
    let head = try source.read(Node.inlineByteCount + 1)
    if head.count <= Node.inlineByteCount {
      try item(head, name: name, onItem)
    } else {
      try flushBatch(onItem)
      try blobs(source, head: head, name: name, onItem)
    }
  }

  mutating func items(_ reader: consuming ItemReader, _ onItem: OnItem) throws(NodeError) {
    while let next = try reader.next() { try item(next, name: [], onItem) }
  }

  mutating func finish(_ onItem: OnItem) throws(NodeError) {
    try flushBatch(onItem)
    try commit(onItem)
  }

  private mutating func item(
    _ item: [UInt8], name: [UInt8], _ onItem: OnItem
  ) throws(NodeError) {
    totalBytes += UInt64(item.count)
    guard isBatch else {
      try message(.items([item], name: name), [UInt64(item.count)], name: name, isBatch: false)
      try commitIfFull(onItem)
      return
    }
    // An item takes a tag and a length besides its bytes.
    let size = item.count + 4
    if !batch.isEmpty,
      batchByteCount + size > DataContent.batchByteCount || batch.count == DataContent.itemLimit
    {
      try flushBatch(onItem)
    }
    batch.append(item)
    batchByteCount += size
  }

  private mutating func flushBatch(_ onItem: OnItem) throws(NodeError) {
    guard !batch.isEmpty else { return }
    try message(.items(batch), batch.map { UInt64($0.count) }, name: [], isBatch: true)
    batch.removeAll(keepingCapacity: true)
    batchByteCount = 0
    try commitIfFull(onItem)
  }

  private mutating func message(
    _ content: DataContent, _ byteCounts: [UInt64], name: [UInt8], isBatch: Bool
  ) throws(NodeError) {
    try node.checkStop()
    let id = try node.write(client: DataContent.client, body: content.encoded, to: group)
    written.append(Written(message: id, byteCounts: byteCounts, name: name, isBatch: isBatch))
    count(1, byteCounts.reduce(0, +))
  }

  /// Cuts a long content into blobs, on all cores, and writes the message that lists them.
  private mutating func blobs(
    _ source: ByteSource, head: [UInt8], name: [UInt8], _ onItem: OnItem
  ) throws(NodeError) {
    guard let state = node.groupStates[group], let secret = state.secret,
      let keyID = state.currentKey, let key = state.keys[keyID]
    else { throw .notGranted(group.hex) }
    let group = group
    let log = try node.log(LogID(group: group, objectClass: .blobs))
    var reader = ChunkReader(source, head: head, chunker: Chunker(groupSecret: secret))
    var references: [FileBlobs.Blob] = []
    try node.environment.computing.run(
      next: { () throws(NodeError) -> [UInt8]? in
        try node.checkStop()
        return try reader.next()
      },
      transform: { chunk throws(NodeError) -> (id: ObjectID, bytes: [UInt8], byteCount: Int) in
        do throws(ObjectError) {
          let bytes = try SealedObject.sealBlob(chunk, group: group, key: key).encoded
          return (SealedObject.id(of: bytes), bytes, chunk.count)
        } catch { throw .engine("\(error)") }
      },
      consume: { (blob: (id: ObjectID, bytes: [UInt8], byteCount: Int)) throws(NodeError) in
        guard references.count < FileBlobs.blobLimit else {
          throw .tooLarge(
            byteCount: UInt64(references.count) + 1, limit: UInt64(FileBlobs.blobLimit))
        }
        references.append(FileBlobs.Blob(id: blob.id, byteCount: UInt32(blob.byteCount)))
        totalBytes += UInt64(blob.byteCount)
        let place = try node.reading(log) { () throws(LogReadError) in
          try log.position(of: blob.id)
        }
        if place == nil {
          try node.append(try node.addObject(blob.id, blob.bytes), to: log)
          count(1, UInt64(blob.bytes.count))
          try commitIfFull(onItem)
        }
        report()
      })
    let file: FileBlobs
    do throws(ObjectError) { file = try FileBlobs(references) } catch {
      throw .engine("\(error)")
    }
    try message(.file(file, name: name), [file.byteCount], name: name, isBatch: false)
    try commitIfFull(onItem)
  }

  private mutating func count(_ objects: Int, _ bytes: UInt64) {
    objectCount += objects
    byteCount += bytes
    totalObjects += UInt64(objects)
    if totalObjects.isMultiple(of: 1024) { report() }
  }

  private func report() {
    node.progress?(
      Progress(activity: .putting, bytes: totalBytes, totalBytes: nil, objects: totalObjects))
  }

  private mutating func commitIfFull(_ onItem: OnItem) throws(NodeError) {
    guard objectCount >= Node.commitObjectCount || byteCount >= Node.commitByteCount else {
      return
    }
    try commit(onItem)
  }

  private mutating func commit(_ onItem: OnItem) throws(NodeError) {
    try node.commit()
    objectCount = 0
    byteCount = 0
    for entry in written {
      let id = entry.message.hex
      for (index, byteCount) in entry.byteCounts.enumerated() {
        onItem(entry.isBatch ? "\(id)/\(index)" : id, entry.name, byteCount)
      }
    }
    written.removeAll(keepingCapacity: true)
  }
}
