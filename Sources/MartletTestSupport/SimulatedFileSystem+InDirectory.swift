package import MartletFileSystem
package import SystemPackage

extension SimulatedFileSystem {
  package func openDirectory(_ path: FilePath) throws(FileSystemError) -> FileNumber {
    try perform(.openDirectory, path) { state throws(Errno) in
      state.open(try state.disk.directory(path), .path(path), isWritable: false)
    }
  }

  package func openDirectory(
    _ path: [UInt8], beneath directory: FileNumber
  ) throws(FileSystemError) -> FileNumber {
    let place = OpenPlace.below(place(of: directory), path)
    if let failure = EntryName.failure(ofBeneath: path) {
      throw FileSystemError(.openDirectory, place.path, failure)
    }
    return try perform(.openDirectory, place.path) { state throws(Errno) in
      var inode = try state.directory(directory)
      for name in EntryName.names(ofBeneath: path) {
        guard let next = try state.disk.place(name, in: inode).inode
        else { throw .noSuchFileOrDirectory }
        switch state.disk.inodes[next]?.kind {
        case .directory: inode = next
        case .link: throw .tooManySymbolicLinkLevels
        default: throw .notDirectory
        }
      }
      return state.open(inode, place, isWritable: false)
    }
  }

  package func entries(of directory: FileNumber) throws(FileSystemError) -> [DirectoryEntry] {
    try perform(.list, path(of: directory)) { state throws(Errno) in
      let inode = try state.directory(directory)
      return (state.disk.inodes[inode]?.entries ?? [:]).map { name, inode in
        DirectoryEntry(
          name: name.bytes, kind: state.tellsKinds ? state.disk.inodes[inode]?.kind : nil)
      }
    }
  }

  package func information(
    _ name: [UInt8], in directory: FileNumber
  ) throws(FileSystemError) -> FileInformation? {
    try perform(.information, name, in: directory) { state, place throws(Errno) in
      place.inode.flatMap { state.disk.information($0) }
    }
  }

  package func open(
    _ name: [UInt8], in directory: FileNumber, _ mode: OpenMode
  ) throws(FileSystemError) -> FileNumber {
    let openPlace = OpenPlace.below(place(of: directory), name)
    return try perform(.open, name, in: directory) { state, place throws(Errno) in
      try state.open(place, mode, openPlace)
    }
  }

  package func linkTarget(
    _ name: [UInt8], in directory: FileNumber
  ) throws(FileSystemError) -> [UInt8] {
    try perform(.linkTarget, name, in: directory) { state, place throws(Errno) in
      guard let inode = place.inode.flatMap({ state.disk.inodes[$0] })
      else { throw .noSuchFileOrDirectory }
      guard inode.kind == .link else { throw .invalidArgument }
      return inode.contents
    }
  }

  package func makeLink(
    _ name: [UInt8], in directory: FileNumber, to target: [UInt8]
  ) throws(FileSystemError) {
    try check(.makeLink, name, in: directory, EntryName.failure(ofTarget: target))
    try perform(.makeLink, name, in: directory) { state, place throws(Errno) in
      if place.inode != nil { throw .fileExists }
      try state.disk.checkIsLinked(place.directory)
      try state.disk.take(UInt64(target.count), state.capacity)
      let inode = try state.disk.make(.link, place, 0o777, state.tick())
      state.disk.inodes[inode]?.contents = target
      state.disk.inodes[inode]?.durableContents = target
    }
  }

  package func makeDirectory(
    _ name: [UInt8], in directory: FileNumber, permissions: UInt16
  ) throws(FileSystemError) {
    try perform(.makeDirectory, name, in: directory) { state, place throws(Errno) in
      if place.inode != nil { throw .fileExists }
      _ = try state.disk.make(.directory, place, permissions, state.tick())
    }
  }

  package func rename(
    _ name: [UInt8], in directory: FileNumber, to newName: [UInt8], in newDirectory: FileNumber,
    _ mode: RenameMode
  ) throws(FileSystemError) {
    try check(.rename, newName, in: newDirectory, EntryName.failure(of: newName))
    try perform(.rename, name, in: directory) { state, old throws(Errno) in
      let new = try state.disk.place(newName, in: try state.directory(newDirectory))
      try state.disk.rename(old, new, mode, state.tick())
    }
  }

  package func remove(_ name: [UInt8], in directory: FileNumber) throws(FileSystemError) {
    try perform(.remove, name, in: directory) { state, place throws(Errno) in
      try state.disk.removeFile(place, state.tick())
    }
  }

  package func removeDirectory(
    _ name: [UInt8], in directory: FileNumber
  ) throws(FileSystemError) {
    try perform(.removeDirectory, name, in: directory) { state, place throws(Errno) in
      try state.disk.removeDirectory(place, state.tick())
    }
  }

  package func setPermissions(
    _ file: FileNumber, _ permissions: UInt16
  ) throws(FileSystemError) {
    try perform(.setPermissions, path(of: file)) { state throws(Errno) in
      guard let inode = state.open[file]?.inode else { throw .badFileDescriptor }
      let now = state.tick()
      state.disk.inodes[inode]?.setPermissions(permissions, now)
    }
  }

  package func setModified(_ file: FileNumber, _ modified: Int64) throws(FileSystemError) {
    try perform(.setModified, path(of: file)) { state throws(Errno) in
      guard let inode = state.open[file]?.inode else { throw .badFileDescriptor }
      let now = state.tick()
      state.disk.inodes[inode]?.setModified(modified, now)
    }
  }

  package func syncFileSystem(of file: FileNumber) throws(FileSystemError) {
    try perform(
      .syncFileSystem, path(of: file),
      failed: { state in state.disk.losePendingWrites() },
      body: { state throws(Errno) in
        guard state.open[file] != nil else { throw .badFileDescriptor }
        state.disk.makeAllDurable()
      })
  }

  /// Performs a call on what a name stands for in an open directory.
  private func perform<Result: Sendable>(
    _ call: FileSystemCall, _ name: [UInt8], in directory: FileNumber,
    body: (inout State, SimulatedDisk.Place) throws(Errno) -> Result
  ) throws(FileSystemError) -> Result {
    try check(call, name, in: directory, EntryName.failure(of: name))
    return try perform(call, OpenPlace.below(place(of: directory), name).path) {
      state throws(Errno) in
      try body(&state, try state.disk.place(name, in: try state.directory(directory)))
    }
  }

  /// Throws what the system is not even asked for.
  private func check(
    _ call: FileSystemCall, _ name: [UInt8], in directory: FileNumber, _ failure: Errno?
  ) throws(FileSystemError) {
    guard let failure else { return }
    throw FileSystemError(call, OpenPlace.below(place(of: directory), name).path, failure)
  }
}

extension SimulatedFileSystem.State {
  func directory(_ file: FileNumber) throws(Errno) -> UInt64 {
    guard let inode = open[file]?.inode else { throw .badFileDescriptor }
    guard disk.inodes[inode]?.kind == .directory else { throw .notDirectory }
    return inode
  }
}
