import Foundation
import MartletChat
import MartletNode
import SystemPackage

// Two devices in a temporary directory, and a third directory as the stick that is carried between
// them. Texts, a file and a counter of our own go both ways; anything that arrives otherwise than
// it was sent ends the program with 1.

@main
enum Main {
  static func main() throws {
    let place = FileManager.default.temporaryDirectory
      .appendingPathComponent("send-and-receive-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: place) }
    let root = FilePath(place.path)

    // Once on each device: an identity, and the other's card.
    let clients: [any Client] = [ChatClient(), Counter()]
    func device(_ name: String) throws -> Node {
      try Node.create(at: root.appending(name), name: name, passphrase: nil)
      return try Node(at: root.appending(name), for: .writing(wait: true), clients: clients)
    }
    let laptop = try device("laptop")
    let clinic = try device("clinic")
    _ = try laptop.addPeer("clinic", card: clinic.card.text)
    _ = try clinic.addPeer("laptop", card: laptop.card.text)

    // Something to send. A peer's name stands for the group of the two.
    let scan = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
    let scanPath = root.appending("scan.dcm")
    try Data(scan).write(to: URL(fileURLWithPath: scanPath.string))
    _ = try laptop.sendChat("the scan is on the stick", to: "clinic")
    var address = ""
    try laptop.put([.file(scanPath)], into: "clinic", cut: .whole, isBatch: false) { id, _, _ in
      address = id
    }
    try laptop.add(40, to: "clinic")

    // The stick goes over, is answered, and comes back.
    let stick = root.appending("stick")
    try FileManager.default.createDirectory(
      atPath: stick.string, withIntermediateDirectories: false)
    try carry(stick, to: laptop)
    try carry(stick, to: clinic)
    var received: [UInt8] = []
    try clinic.get(address) { received += $0 }
    check(received == scan, "the scan arrived whole: \(received.count) bytes")
    _ = try clinic.sendChat("got it", to: "laptop")
    try clinic.add(2, to: "laptop")
    try carry(stick, to: clinic)
    try carry(stick, to: laptop)
    try carry(stick, to: clinic)

    let texts = ["the scan is on the stick", "got it"]
    for (node, peer) in [(laptop, "clinic"), (clinic, "laptop")] {
      check(try chat(node, with: peer) == texts, "both texts are in the log with \(peer)")
      check(try node.sum(of: peer) == 42, "the counter says \(try node.sum(of: peer))")
      let status = try node.status().peers[0]
      check(
        status.lacks.messages == 0 && status.lacks.blobs == 0 && status.unacknowledged == 0,
        "\(peer) lacks nothing, and has acknowledged all")
    }
  }

  /// What a person does with `martlet sync DIR`.
  static func carry(_ stick: FilePath, to node: Node) throws {
    let report = try node.sync(stick, with: nil)
    for bundle in report.imports where bundle.outcome == .imported {
      print("  \(node.card.name) imported \(bundle.messages) messages, \(bundle.blobs) blobs")
    }
    for bundle in report.exports {
      print("  \(node.card.name) exported \(bundle.byteCount) bytes")
    }
  }

  static func chat(_ node: Node, with peer: String) throws -> [String] {
    var texts: [String] = []
    try node.log(peer) { message in
      if let chat = ChatText(message) { texts.append(chat.text) }
    }
    return texts
  }

  static func check(_ isTrue: Bool, _ what: String) {
    print(isTrue ? "ok: \(what)" : "NOT TRUE: \(what)")
    if !isTrue { exit(1) }
  }
}
