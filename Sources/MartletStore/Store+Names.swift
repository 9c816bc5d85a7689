package import MartletSeal
package import MartletWire

extension Store {
  /// The groups of which anything is committed, in order. Reads nothing.
  package func groups() -> [GroupID] { identifiers(in: "groups") }

  /// The peers of whom a journal is committed, in order. Reads nothing.
  package func journals() -> [DeviceID] { identifiers(in: "peers") }

  private func identifiers<Kind>(in directory: String) -> [Identifier<Kind>] {
    var found: Set<Identifier<Kind>> = []
    for path in commitFile.contents.files.keys {
      let parts = path.split(separator: "/")
      if parts.count == 3, parts[0] == directory, let id = Identifier<Kind>(hex: String(parts[1])) {
        found.insert(id)
      }
    }
    return found.sorted()
  }
}
