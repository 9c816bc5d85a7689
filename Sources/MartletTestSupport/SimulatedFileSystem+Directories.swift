package import MartletFileSystem
package import SystemPackage

extension SimulatedFileSystem {
  package func information(at path: FilePath) throws(FileSystemError) -> FileInformation? {
    try perform(.information, path) { state throws(Errno) in
      do throws(Errno) {
        return try state.disk.place(path).inode.flatMap { state.disk.information($0) }
      } catch {
        if error == .noSuchFileOrDirectory || error == .notDirectory { return nil }
        throw error
      }
    }
  }

  package func list(_ directory: FilePath) throws(FileSystemError) -> [FilePath.Component] {
    try perform(.list, directory) { state throws(Errno) in
      let inode = try state.disk.directory(directory)
      return (state.disk.inodes[inode]?.entries.keys).map { $0.map(\.component) } ?? []
    }
  }

  package func makeDirectory(_ path: FilePath, permissions: UInt16) throws(FileSystemError) {
    try perform(.makeDirectory, path) { state throws(Errno) in
      let place = try state.disk.place(path)
      if let found = place.inode {
        if state.disk.inodes[found]?.kind == .directory { return }
        throw .fileExists
      }
      _ = try state.disk.make(.directory, place, permissions, state.tick())
    }
  }

  package func rename(_ from: FilePath, to: FilePath) throws(FileSystemError) {
    try perform(.rename, from) { state throws(Errno) in try state.disk.rename(from, to) }
  }

  package func remove(_ path: FilePath) throws(FileSystemError) {
    try perform(.remove, path) { state throws(Errno) in
      let place: SimulatedDisk.Place
      do throws(Errno) { place = try state.disk.place(path) } catch {
        if error == .noSuchFileOrDirectory || error == .notDirectory { return }
        throw error
      }
      guard let inode = place.inode else { return }
      if state.disk.inodes[inode]?.kind == .directory { throw .isDirectory }
      try state.disk.unlink(place)
    }
  }

  package func removeDirectory(_ path: FilePath) throws(FileSystemError) {
    try perform(.removeDirectory, path) { state throws(Errno) in
      let inode = try state.disk.directory(path)
      if state.disk.inodes[inode]?.entries.isEmpty == false { throw .directoryNotEmpty }
      try state.disk.unlink(try state.disk.place(path))
    }
  }

  package func syncDirectory(_ path: FilePath) throws(FileSystemError) {
    try perform(
      .syncDirectory, path,
      failed: { state in
        // Final here too: what was to be made durable never will be.
        if let inode = try? state.disk.directory(path) {
          state.disk.inodes[inode]?.pendingEntries = []
        }
      },
      body: { state throws(Errno) in
        let inode = try state.disk.directory(path)
        state.disk.inodes[inode]?.makeDurable()
      })
  }

  package func syncFileSystem(at path: FilePath) throws(FileSystemError) {
    try perform(
      .syncFileSystem, path,
      failed: { state in
        for inode in state.disk.inodes.keys { state.disk.inodes[inode]?.pendingWrites = [] }
      },
      body: { state throws(Errno) in
        guard try state.disk.place(path).inode != nil else { throw .noSuchFileOrDirectory }
        state.disk.makeAllDurable()
      })
  }

  package func isReadOnly(at directory: FilePath) throws(FileSystemError) -> Bool {
    try perform(.information, directory) { state throws(Errno) in
      _ = try state.disk.directory(directory)
      return state.isReadOnly
    }
  }

  package func freeByteCount(at path: FilePath) throws(FileSystemError) -> UInt64 {
    try perform(.freeByteCount, path) { state throws(Errno) in
      guard try state.disk.place(path).inode != nil else { throw .noSuchFileOrDirectory }
      guard let capacity = state.capacity else { return 1 << 62 }
      return capacity > state.disk.usedByteCount ? capacity - state.disk.usedByteCount : 0
    }
  }
}

extension SimulatedDisk {
  /// A name in a directory, and what stands there; the root has no name.
  struct Place {
    var directory: UInt64
    var name: SimulatedName?
    var inode: UInt64?
  }

  func place(_ path: FilePath) throws(Errno) -> Place {
    if path.isEmpty { throw .noSuchFileOrDirectory }
    var steps: [Place] = [Place(directory: Self.root, name: nil, inode: Self.root)]
    for step in SimulatedStep.steps(of: path) {
      let here = steps[steps.count - 1]
      guard let inode = here.inode else { throw .noSuchFileOrDirectory }
      guard inodes[inode]?.kind == .directory else { throw .notDirectory }
      switch step {
      case .stay: break
      case .leave: if steps.count > 1 { steps.removeLast() }
      case .enter(let name):
        if name.byteCount > SimulatedFileSystem.nameByteCountLimit { throw .fileNameTooLong }
        steps.append(
          Place(directory: inode, name: name, inode: inodes[inode]?.entries[name]))
      }
    }
    return steps[steps.count - 1]
  }

  func directory(_ path: FilePath) throws(Errno) -> UInt64 {
    guard let inode = try place(path).inode else { throw .noSuchFileOrDirectory }
    guard inodes[inode]?.kind == .directory else { throw .notDirectory }
    return inode
  }

  func information(_ number: UInt64) -> FileInformation? {
    inodes[number].map { inode in
      FileInformation(
        kind: inode.kind, byteCount: UInt64(inode.contents.count),
        permissions: inode.permissions, device: 1, inode: number, modified: inode.modified,
        born: inode.born)
    }
  }

  mutating func make(
    _ kind: FileInformation.Kind, _ place: Place, _ permissions: UInt16, _ now: Int64
  ) throws(Errno) -> UInt64 {
    guard let name = place.name else { throw .fileExists }
    let inode = nextInode
    nextInode += 1
    inodes[inode] = Inode(kind: kind, permissions: permissions, born: now)
    inodes[place.directory]?.change(.add(name, inode))
    return inode
  }

  mutating func unlink(_ place: Place) throws(Errno) {
    guard let name = place.name, let inode = place.inode else { throw .resourceBusy }
    inodes[place.directory]?.change(.remove(name, inode))
    inodes[inode]?.isLinked = false
    release(inode)
  }

  /// Gives back the space of a file that has no name and is not open.
  mutating func release(_ number: UInt64) {
    guard let inode = inodes[number], !inode.isLinked, inode.openCount == 0 else { return }
    usedByteCount -= min(usedByteCount, UInt64(inode.contents.count))
  }

  mutating func take(_ count: UInt64, _ capacity: UInt64?) throws(Errno) {
    if let capacity, usedByteCount > capacity || count > capacity - usedByteCount {
      throw .noSpace
    }
    usedByteCount += count
  }

  mutating func rename(_ from: FilePath, _ to: FilePath) throws(Errno) {
    let old = try place(from)
    let new = try place(to)
    guard let inode = old.inode else { throw .noSuchFileOrDirectory }
    guard let oldName = old.name, let newName = new.name else { throw .resourceBusy }
    if new.inode == inode { return }
    let isDirectory = inodes[inode]?.kind == .directory
    if isDirectory && isBelow(new.directory, inode) { throw .invalidArgument }
    if let replaced = new.inode {
      let replacesDirectory = inodes[replaced]?.kind == .directory
      if isDirectory && !replacesDirectory { throw .notDirectory }
      if !isDirectory && replacesDirectory { throw .isDirectory }
      if inodes[replaced]?.entries.isEmpty == false { throw .directoryNotEmpty }
      inodes[replaced]?.isLinked = false
      release(replaced)
    }
    if old.directory == new.directory {
      inodes[old.directory]?.change(.rename(oldName, to: newName, inode))
    } else {
      inodes[new.directory]?.change(.add(newName, inode))
      inodes[old.directory]?.change(.remove(oldName, inode))
    }
  }

  private func isBelow(_ directory: UInt64, _ other: UInt64) -> Bool {
    if directory == other { return true }
    return inodes[other]?.entries.values.contains { child in
      inodes[child]?.kind == .directory && isBelow(directory, child)
    } ?? false
  }
}
