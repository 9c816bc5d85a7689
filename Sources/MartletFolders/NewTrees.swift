internal import MartletFileSystem
internal import SystemPackage

/// Directories that do not stand yet and are made as a whole: what is in them appears at once, and
/// costs one rename.
struct NewTrees {
  /// The most paths in one, and the most bytes: what was done is kept as it goes.
  private static let countLimit = 4096
  private static let byteLimit: UInt64 = 64 << 20

  private var trees: [RelativePath: RelativePath] = [:]

  /// - Parameter writes: Paths on which nothing stands.
  init(_ writes: [ApplyPlan.Write], in root: FolderRoot) throws(FolderError) {
    var standing: [RelativePath: Bool] = [.root: true]
    var sizes: [RelativePath: (count: Int, byteCount: UInt64)] = [:]
    for write in writes {
      var byteCount: UInt64 = 0
      if case .file(_, let count, _) = write.placed.version.content { byteCount = count }
      var parent = write.path.parent
      while let here = parent, try !Self.stands(here, root, &standing) {
        let before = sizes[here] ?? (0, 0)
        sizes[here] = (before.count + 1, before.byteCount + byteCount)
        parent = here.parent
      }
    }
    // The outermost that is not too large.
    for path in sizes.keys.sorted() {
      if let above = path.parent, let tree = trees[above] {
        trees[path] = tree
      } else if let size = sizes[path], size.count <= Self.countLimit,
        size.byteCount <= Self.byteLimit
      {
        trees[path] = path
      }
    }
  }

  /// The new directory with which a path is made; nil if it is made by itself.
  func tree(of path: RelativePath) -> RelativePath? { path.parent.flatMap { trees[$0] } }

  private static func stands(
    _ path: RelativePath, _ root: FolderRoot, _ known: inout [RelativePath: Bool]
  ) throws(FolderError) -> Bool {
    if let stands = known[path] { return stands }
    // Nothing stands below what does not.
    var result = true
    if let parent = path.parent { result = try stands(parent, root, &known) }
    if result {
      result = try fileCall { () throws(FileSystemError) in try root.information(at: path) } != nil
    }
    known[path] = result
    return result
  }
}
