package import MartletFileSystem

/// Which paths a folder may hold.
package enum FolderRules {
  /// Where work in progress and the trash stand, in the root. Nothing of it travels.
  package static let ownName: [UInt8] = Array(".martlet".utf8)
  private static let repositoryName: [UInt8] = Array(".git".utf8)

  /// Why a path is neither taken from others nor told to them; nil if it may be.
  package static func objection(to path: RelativePath) -> String? {
    if let flaw = path.flaw { return flaw.rawValue }
    for (index, name) in path.names.enumerated() {
      if let objection = objection(toName: name, isFirst: index == 0) { return objection }
    }
    return nil
  }

  /// Of one name in a path, whose other names are good.
  package static func objection(toName name: some Collection<UInt8>, isFirst: Bool) -> String? {
    if isFirst, name.elementsEqual(ownName) { return "the name .martlet in the root is ours" }
    // What stands in it is run by those who work there.
    if name.count == repositoryName.count, name.lazy.map(lowercased).elementsEqual(repositoryName) {
      return "a repository's own files: carry it with its own tools"
    }
    return nil
  }

  private static func lowercased(_ byte: UInt8) -> UInt8 {
    (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
  }
}
