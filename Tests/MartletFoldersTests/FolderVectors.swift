import MartletSeal
import MartletTestSupport

/// Makes the vectors of folder messages, field by field and without the writer under test, so that
/// they say what the format is and not what the writer does.
struct FolderVectors {
  /// An entry, and all that a reader has to find of it.
  struct Row {
    var path: [UInt8]
    var kind: UInt8
    var permissions: UInt8 = 0
    var isFound = false
    var modified: Int64 = 0
    var byteCount: UInt64 = 0
    var hash: [UInt8] = []
    var isGiven = false
    var target: [UInt8] = []
    /// Indexes of messages, and entries in them.
    var replaces: [(message: Int, entry: UInt64)] = []
    var isTaken = true

    static func deleted(_ path: String) -> Row { Row(path: Array(path.utf8), kind: 1) }
    static func directory(_ path: String) -> Row { Row(path: Array(path.utf8), kind: 2) }

    static func file(_ path: String, _ text: String, at modified: Int64 = 5) -> Row {
      Row(
        path: Array(path.utf8), kind: 3, permissions: 6, modified: modified,
        byteCount: UInt64(text.utf8.count),
        hash: Hash.labelled(.fileContent, Array(text.utf8)).bytes)
    }

    static func link(_ path: String, _ target: String, at modified: Int64 = 5) -> Row {
      Row(path: Array(path.utf8), kind: 4, modified: modified, target: Array(target.utf8))
    }

    var line: String {
      let name = path.isEmpty ? "-" : Hex.encode(path)
      var words = [name, ["deleted", "directory", "file", "link"][Int(kind) - 1]]
      if kind == 3 {
        words += [
          "\(permissions)", "\(byteCount)", Hex.encode(hash), isGiven ? "given" : "offered",
        ]
      }
      if kind == 4 { words.append(Hex.encode(target)) }
      if kind > 2 { words.append("\(modified)") }
      if isFound { words.append("found") }
      if !isTaken { words.append("not taken") }
      return words.joined(separator: " ")
    }
  }

  struct Parts {
    var rows: [Row] = []
    var messages: [[UInt8]] = []
    var shared: [(id: [UInt8], byteCount: UInt64)] = []
    var skip: UInt64 = 0
    var own: [(id: [UInt8], byteCount: UInt64)] = []
    var late: [(hash: [UInt8], byteCount: UInt64)] = []
    var wanted: [[UInt8]] = []
  }

  let random = SeededRandom(seed: 20_261)
  var vectors: [Vector] = []

  // MARK: Encoding

  static func varint(_ number: UInt64) -> [UInt8] {
    number < 0x80 ? [UInt8(number)] : [UInt8(number & 0x7F) | 0x80] + varint(number >> 7)
  }

  static func zigzag(_ number: Int64) -> UInt64 {
    UInt64(bitPattern: number &<< 1) ^ UInt64(bitPattern: number >> 63)
  }

  static func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
  }

  static func pathTable(_ paths: [[UInt8]]) -> [UInt8] {
    var table: [UInt8] = []
    var before: [UInt8] = []
    for path in paths {
      let shared = zip(before, path).prefix { $0 == $1 }.count
      table += varint(UInt64(shared)) + varint(UInt64(path.count - shared)) + path[shared...]
      before = path
    }
    return table
  }

  /// The fields' contents by their numbers; the one number is left to ``body(_:_:)``.
  static func fields(_ parts: Parts) -> [UInt64: [UInt8]] {
    let rows = parts.rows
    let files = rows.filter { $0.kind == 3 }
    var fields: [UInt64: [UInt8]] = [:]
    fields[1] = pathTable(rows.map(\.path))
    fields[2] = rows.map { $0.kind | $0.permissions << 4 | ($0.isFound ? 0x80 : 0) }
    var before: Int64 = 0
    var modified: [UInt8] = []
    for row in rows where row.kind > 2 {
      modified += varint(zigzag(row.modified &- before))
      before = row.modified
    }
    fields[3] = modified
    fields[4] = files.flatMap { varint($0.byteCount) }
    fields[5] = files.flatMap(\.hash)
    fields[6] = files.map { $0.isGiven ? 1 : 0 }
    fields[8] = rows.flatMap { varint(UInt64($0.replaces.count)) }
    fields[9] = rows.flatMap { $0.replaces.flatMap { varint(UInt64($0.message)) } }
    fields[10] = rows.flatMap { $0.replaces.flatMap { varint($0.entry) } }
    fields[11] = parts.messages.flatMap { $0 }
    fields[12] = parts.shared.flatMap(\.id)
    fields[13] = parts.shared.flatMap { varint($0.byteCount) }
    fields[15] = parts.own.flatMap(\.id)
    fields[16] = parts.own.flatMap { varint($0.byteCount) }
    fields[17] = parts.late.flatMap(\.hash)
    fields[18] = parts.late.flatMap { varint($0.byteCount) }
    fields[19] = parts.wanted.flatMap { $0 }
    return fields
  }

  static func body(_ parts: Parts, _ change: (inout [UInt64: [UInt8]]) -> Void = { _ in })
    -> [UInt8]
  {
    var fields = fields(parts)
    change(&fields)
    var body: [UInt8] = []
    for number in 1...19 as ClosedRange<UInt64> {
      if number == 7 {
        for row in parts.rows where row.kind == 4 { body += field(7, row.target) }
      } else if number == 14, parts.skip > 0 {
        body += varint(14 << 3) + varint(parts.skip)
      } else if let bytes = fields[number], !bytes.isEmpty {
        body += field(number, bytes)
      }
    }
    return body
  }

  // MARK: Cases

  mutating func accept(
    _ name: String, _ parts: Parts, contents: [String] = [], _ comment: String
  ) {
    var fields: [(key: String, value: String)] = [("kind", "folder"), ("expect", "success")]
    for row in parts.rows {
      fields.append(("entry", row.line))
      for id in row.replaces {
        fields.append(("replaces", "\(Hex.encode(parts.messages[id.message])) \(id.entry)"))
      }
    }
    fields += contents.map { ("content", $0) }
    fields += parts.wanted.map { ("wanted", Hex.encode($0)) }
    fields.append(("comment", comment))
    vectors.append(Vector(name: "success-\(name).txt", fields, bytes: Self.body(parts)))
  }

  mutating func refuse(
    _ name: String, _ expect: String, _ comment: String, _ parts: Parts,
    _ change: (inout [UInt64: [UInt8]]) -> Void = { _ in }
  ) {
    refuse(name, expect, comment, bytes: Self.body(parts, change))
  }

  mutating func refuse(_ name: String, _ expect: String, _ comment: String, bytes: [UInt8]) {
    vectors.append(
      Vector(
        name: name + ".txt", [("kind", "folder"), ("expect", expect), ("comment", comment)],
        bytes: bytes))
  }

  mutating func hash(_ name: String, _ bytes: [UInt8], _ label: Label, _ comment: String) {
    vectors.append(
      Vector(
        name: name + ".txt",
        [
          ("kind", "hash"), ("expect", "success"), ("label", label.rawValue),
          ("hash", Hash.labelled(label, bytes).hex), ("comment", comment),
        ], bytes: bytes))
  }
}
