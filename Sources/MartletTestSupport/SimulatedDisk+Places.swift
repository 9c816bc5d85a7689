internal import MartletFileSystem
internal import SystemPackage

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

  func place(_ name: [UInt8], in directory: UInt64) throws(Errno) -> Place {
    guard inodes[directory]?.kind == .directory else { throw .notDirectory }
    if name.count > SimulatedFileSystem.nameByteCountLimit { throw .fileNameTooLong }
    let name = SimulatedName(name)
    return Place(directory: directory, name: name, inode: inodes[directory]?.entries[name])
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
        permissions: inode.metadata.permissions, device: 1, inode: number,
        modified: inode.metadata.modified,
        changed: inode.metadata.changed, born: inode.born)
    }
  }

  mutating func make(
    _ kind: FileInformation.Kind, _ place: Place, _ permissions: UInt16, _ now: Int64
  ) throws(Errno) -> UInt64 {
    guard let name = place.name else { throw .fileExists }
    try checkIsLinked(place.directory)
    let inode = nextInode
    nextInode += 1
    inodes[inode] = Inode(kind: kind, permissions: permissions, born: now)
    inodes[place.directory]?.change(.add(name, inode), now)
    return inode
  }

  /// A directory that was removed while it was open takes nothing any more.
  func checkIsLinked(_ directory: UInt64) throws(Errno) {
    guard inodes[directory]?.isLinked == true else { throw .noSuchFileOrDirectory }
  }

  /// Nothing there is no error.
  mutating func removeFile(_ place: Place, _ now: Int64) throws(Errno) {
    guard let inode = place.inode else { return }
    if inodes[inode]?.kind == .directory { throw .isDirectory }
    try unlink(place, now)
  }

  mutating func removeDirectory(_ place: Place, _ now: Int64) throws(Errno) {
    guard let inode = place.inode else { throw .noSuchFileOrDirectory }
    guard inodes[inode]?.kind == .directory else { throw .notDirectory }
    if inodes[inode]?.entries.isEmpty == false { throw .directoryNotEmpty }
    try unlink(place, now)
  }

  private mutating func unlink(_ place: Place, _ now: Int64) throws(Errno) {
    guard let name = place.name, let inode = place.inode else { throw .resourceBusy }
    inodes[place.directory]?.change(.remove(name, inode), now)
    lose(inode, now)
  }

  /// What happens to an inode when its name is gone.
  private mutating func lose(_ inode: UInt64, _ now: Int64) {
    inodes[inode]?.isLinked = false
    inodes[inode]?.touch(now)
    release(inode)
  }

  mutating func losePendingWrites() {
    for inode in inodes.keys {
      inodes[inode]?.pendingWrites = []
      inodes[inode]?.hasPendingPermissions = false
      inodes[inode]?.hasPendingTimes = false
    }
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

  /// `now` is when both inodes and both directories changed.
  mutating func rename(
    _ old: Place, _ new: Place, _ mode: RenameMode, _ now: Int64
  ) throws(Errno) {
    guard let inode = old.inode else { throw .noSuchFileOrDirectory }
    guard let oldName = old.name, let newName = new.name else { throw .resourceBusy }
    try checkIsLinked(new.directory)
    if mode == .keeping && new.inode != nil { throw .fileExists }
    if new.inode == inode { return }
    let isDirectory = inodes[inode]?.kind == .directory
    if isDirectory && isBelow(new.directory, inode) { throw .invalidArgument }
    if mode == .exchanging {
      guard let other = new.inode else { throw .noSuchFileOrDirectory }
      if inodes[other]?.kind == .directory && isBelow(old.directory, other) {
        throw .invalidArgument
      }
      exchange(old.directory, oldName, inode, new.directory, newName, other, now)
      return
    }
    if let replaced = new.inode {
      let replacesDirectory = inodes[replaced]?.kind == .directory
      if isDirectory && !replacesDirectory { throw .notDirectory }
      if !isDirectory && replacesDirectory { throw .isDirectory }
      if inodes[replaced]?.entries.isEmpty == false { throw .directoryNotEmpty }
      lose(replaced, now)
    }
    if old.directory == new.directory {
      inodes[old.directory]?.change(.rename(oldName, to: newName, inode), now)
    } else {
      inodes[new.directory]?.change(.add(newName, inode), now)
      inodes[old.directory]?.change(.remove(oldName, inode), now)
    }
    inodes[inode]?.touch(now)
  }

  private mutating func exchange(
    _ directory: UInt64, _ name: SimulatedName, _ inode: UInt64,
    _ otherDirectory: UInt64, _ otherName: SimulatedName, _ other: UInt64, _ now: Int64
  ) {
    if directory == otherDirectory {
      inodes[directory]?.change(.exchange(name, other, otherName, inode), now)
    } else {
      inodes[otherDirectory]?.change(.add(otherName, inode), now)
      inodes[directory]?.change(.add(name, other), now)
    }
    inodes[inode]?.touch(now)
    inodes[other]?.touch(now)
  }

  private func isBelow(_ directory: UInt64, _ other: UInt64) -> Bool {
    if directory == other { return true }
    return inodes[other]?.entries.values.contains { child in
      inodes[child]?.kind == .directory && isBelow(directory, child)
    } ?? false
  }
}
