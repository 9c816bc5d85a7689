internal import MartletFileSystem

/// The directories above some paths, by the hashes of their own: most paths have a parent that was
/// seen before, and need no path made of it.
struct Parents {
  private var hashes: Set<Int> = []

  init() {}

  init(above paths: some Collection<RelativePath>) {
    for path in paths { insert(above: path) }
  }

  mutating func insert(above path: RelativePath) {
    var count = path.bytes.count
    while let slash = path.bytes[..<count].lastIndex(of: 0x2F) {
      guard hashes.insert(path.hash(of: slash)).inserted else { return }
      count = slash
    }
  }

  func contains(_ path: RelativePath) -> Bool {
    hashes.contains(path.hash(of: path.bytes.count))
  }
}
