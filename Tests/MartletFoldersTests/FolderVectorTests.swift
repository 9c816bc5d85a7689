import MartletFileSystem
import MartletFolders
import MartletObjects
import MartletSeal
import MartletTestSupport
import MartletWire
import Testing

@Suite("The vectors of folder messages")
struct FolderVectorTests {
  @Test("are read as each of them says", arguments: try Vector.all(of: "folder").map(\.name))
  func read(name: String) throws {
    let vector = try #require(try Vector.all(of: "folder").first { $0.name == name })
    if vector["kind"] == "hash" {
      let label = try #require(Label(rawValue: vector["label"] ?? ""))
      #expect(vector["hash"] == Hash.labelled(label, vector.bytes).hex)
      if label == .fileContent { #expect(vector["hash"] == ContentHash(short: vector.bytes).hex) }
      return
    }
    do {
      let change = try FolderChange(decoding: vector.bytes)
      #expect(vector["expect"] == "success")
      #expect(change.encoded == vector.bytes)
      let told = vector.fields.filter {
        ["entry", "replaces", "content", "wanted"].contains($0.key)
      }
      #expect(lines(change) == told.map { "\($0.key): \($0.value)" })
    } catch {
      #expect(vector["expect"] == word(for: error))
    }
  }

  @Test("are those that the generator makes, and no others")
  func generated() throws {
    let made = FolderVectors.all().sorted { $0.name < $1.name }
    if Vector.isToBeWritten("folder") { try Vector.rewrite(made, of: "folder") }
    let there = try Vector.all(of: "folder")
    #expect(there.map(\.name) == made.map(\.name))
    #expect(there.map(\.file) == made.map(\.file))
    #expect(there.count >= 12)
  }

  /// What a reader finds, as a vector says it.
  private func lines(_ change: FolderChange) -> [String] {
    var lines: [String] = []
    for entry in change.entries {
      var words = [entry.path.isRoot ? "-" : Hex.encode(entry.path.bytes)]
      switch entry.content {
      case .deleted: words.append("deleted")
      case .directory: words.append("directory")
      case .file(let hash, let byteCount, let permissions):
        words += ["file", "\(permissions)", "\(byteCount)", hash.hex]
        words += [entry.isGiven ? "given" : "offered", "\(entry.modified)"]
      case .link(let target): words += ["link", Hex.encode(target), "\(entry.modified)"]
      }
      if entry.isFound { words.append("found") }
      if FolderRules.objection(to: entry.path) != nil { words.append("not taken") }
      lines.append("entry: " + words.joined(separator: " "))
      lines += entry.replaces.map { "replaces: \($0.message.hex) \($0.entry)" }
    }
    var catalogue = Catalogue()
    let author = DeviceID(Hash.plain([]))
    catalogue.take(
      change, from: ObjectID(Hash.plain([1])), Catalogue.Message(author: author, created: 0))
    for given in change.given {
      var words = [given.hash.hex]
      if let place = catalogue.contents[given.hash] {
        words += catalogue.pieces(of: place).map { blob, range in
          "\(blob.id.hex):\(range.lowerBound)+\(range.count)"
        }
      }
      lines.append("content: " + words.joined(separator: " "))
    }
    return lines + change.wanted.map { "wanted: \($0.hex)" }
  }

  private func word(for error: any Error) -> String {
    switch error {
    case ObjectError.tooLarge: "too large"
    case ObjectError.notCanonical: "not canonical"
    case ObjectError.badField(let name): "bad field \(name)"
    default: "\(error)"
    }
  }
}
