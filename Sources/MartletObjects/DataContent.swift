internal import FoundationEssentials
internal import MartletSeal
package import MartletWire

/// The body of a message of client `data`: a batch of small items, or one content in blobs.
package enum DataContent: Hashable, Sendable {
  package static let client = "data"
  /// About how many bytes of items go into one message.
  package static let batchByteCount = 64 << 10
  /// The most items of one message.
  package static let itemLimit = 16_384
  /// The longest file name, in bytes.
  package static let nameLimit = 255

  /// Names are what a file was called when it was put: bytes, never a path; may be empty, and are
  /// unless there is one item.
  case items([[UInt8]], name: [UInt8] = [])
  case file(FileBlobs, name: [UInt8])

  /// The one encoding.
  package var encoded: [UInt8] {
    var wire = Martlet_DataBody()
    switch self {
    case .items(let items, let name):
      wire.items = items.map { Data(of: $0) }
      wire.name = Data(of: name)
    case .file(let file, let name):
      wire.file = file.wire
      wire.name = Data(of: name)
    }
    return CanonicalCodec.encode(wire)
  }

  /// - Throws: ``ObjectError``, before more than ``itemLimit`` items are allocated.
  package init(decoding bytes: [UInt8]) throws(ObjectError) {
    // A file's blobs are nested, so they meet their limit apart.
    var reader = FieldReader(bytes[...])
    var hasFile = false
    while !reader.isAtEnd {
      if let file = reader.bytes(field: 2) {
        guard !hasFile else { throw .notCanonical }
        hasFile = true
        try CanonicalCodec.count(fieldsOf: file, limit: FileBlobs.blobLimit + 1)
      } else if !reader.skip() {
        throw .notCanonical
      }
    }
    let wire = try CanonicalCodec.decode(
      bytes, as: Martlet_DataBody.self, fieldLimit: DataContent.itemLimit)
    let name = wire.name.array
    guard DataContent.isGood(name: name) else { throw .badField("name") }
    guard wire.hasFile else {
      guard !wire.items.isEmpty else { throw .badField("items") }
      guard name.isEmpty || wire.items.count == 1 else { throw .badField("name") }
      self = .items(wire.items.map(\.array), name: name)
      return
    }
    guard wire.items.isEmpty else { throw .badField("items") }
    self = .file(try FileBlobs(wire.file), name: name)
  }

  /// Whether bytes may be a file's name: at most 255, no `/`, no zero, neither `.` nor `..`.
  package static func isGood(name: [UInt8]) -> Bool {
    name.count <= nameLimit && !name.contains(0x2F) && !name.contains(0)
      && name != [0x2E] && name != [0x2E, 0x2E]
  }

  /// Items in order, as many to a message as fit into ``batchByteCount``; a longer item is alone.
  package static func batches(_ items: some Sequence<[UInt8]>) -> [DataContent] {
    var batches: [DataContent] = []
    var batch: [[UInt8]] = []
    var byteCount = 0
    for item in items {
      // An item takes a tag and a length besides its bytes.
      let size = item.count + 4
      if !batch.isEmpty, byteCount + size > batchByteCount || batch.count == itemLimit {
        batches.append(.items(batch))
        batch = []
        byteCount = 0
      }
      batch.append(item)
      byteCount += size
    }
    if !batch.isEmpty { batches.append(.items(batch)) }
    return batches
  }
}

/// A content cut into blobs, in order.
package struct FileBlobs: Hashable, Sendable {
  package struct Blob: Hashable, Sendable {
    package let id: ObjectID
    /// Of its plaintext.
    package let byteCount: UInt32

    package init(id: ObjectID, byteCount: UInt32) {
      self.id = id
      self.byteCount = byteCount
    }
  }

  /// The most blobs of one content.
  package static let blobLimit = 131_072

  package let blobs: [Blob]
  /// The sum of the blobs' lengths.
  package let byteCount: UInt64

  /// - Throws: ``ObjectError/tooLarge(limit:)`` or ``ObjectError/badField(_:)`` for a blob that is
  ///   empty or longer than a chunk.
  package init(_ blobs: [Blob]) throws(ObjectError) {
    guard blobs.count <= FileBlobs.blobLimit else { throw .tooLarge(limit: FileBlobs.blobLimit) }
    var sum: UInt64 = 0
    for blob in blobs {
      guard (1...Chunker.maximum).contains(Int(blob.byteCount)) else {
        throw .badField("byte_count")
      }
      sum += UInt64(blob.byteCount)
    }
    self.blobs = blobs
    byteCount = sum
  }

  init(_ wire: Martlet_FileContent) throws(ObjectError) {
    guard wire.blobs.count <= FileBlobs.blobLimit else {
      throw .tooLarge(limit: FileBlobs.blobLimit)
    }
    var blobs: [Blob] = []
    for reference in wire.blobs {
      guard let id = ObjectID(reference.id) else { throw .badField("id") }
      blobs.append(Blob(id: id, byteCount: reference.byteCount))
    }
    try self.init(blobs)
    guard wire.byteCount == byteCount else { throw .badField("byte_count") }
  }

  var wire: Martlet_FileContent {
    var wire = Martlet_FileContent()
    wire.byteCount = byteCount
    wire.blobs = blobs.map { blob in
      var reference = Martlet_BlobReference()
      reference.id = Data(of: blob.id.bytes)
      reference.byteCount = blob.byteCount
      return reference
    }
    return wire
  }
}
