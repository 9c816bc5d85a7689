package import MartletFileSystem
internal import Synchronization
package import SystemPackage

extension SimulatedFileSystem {
  package func open(_ path: FilePath, _ mode: OpenMode) throws(FileSystemError) -> FileNumber {
    try perform(.open, path) { state throws(Errno) in
      try state.open(try state.disk.place(path), mode, .path(path))
    }
  }

  package func close(_ file: FileNumber) {
    state.withLock { state in
      guard let entry = state.open.removeValue(forKey: file) else { return }
      if state.locks[entry.inode] == file { state.locks[entry.inode] = nil }
      state.disk.inodes[entry.inode]?.openCount -= 1
      state.disk.release(entry.inode)
    }
  }

  package func read(
    _ file: FileNumber, at offset: UInt64, into buffer: inout MutableRawSpan
  ) throws(FileSystemError) -> Int {
    let wanted = buffer.byteCount
    let bytes = try perform(.read, path(of: file)) { state throws(Errno) -> ArraySlice<UInt8> in
      let inode = try state.inode(of: file)
      if inode.kind == .directory { throw .isDirectory }
      guard offset < UInt64(inode.contents.count) else { return [] }
      return inode.contents[Int(offset)...].prefix(wanted)
    }
    buffer.withUnsafeMutableBytes { $0.copyBytes(from: bytes) }
    return bytes.count
  }

  package func write(
    _ file: FileNumber, at offset: UInt64, _ bytes: RawSpan
  ) throws(FileSystemError) {
    let bytes = bytes.withUnsafeBytes { Array($0) }
    try perform(
      .write, path(of: file),
      failed: { state in
        let part = Array(bytes.prefix(state.random.below(bytes.count + 1)))
        try? state.write(file, offset, part)
      },
      body: { state throws(Errno) in try state.write(file, offset, bytes) })
  }

  package func truncate(_ file: FileNumber, to byteCount: UInt64) throws(FileSystemError) {
    try perform(.truncate, path(of: file)) { state throws(Errno) in
      let (inode, number) = try state.writable(file)
      guard byteCount <= UInt64(Self.fileByteCountLimit) else { throw .fileTooLarge }
      let old = UInt64(inode.contents.count)
      if byteCount > old { try state.disk.take(byteCount - old, state.capacity) }
      if byteCount < old {
        state.disk.usedByteCount -= min(state.disk.usedByteCount, old - byteCount)
      }
      let now = state.tick()
      state.disk.inodes[number]?.write(.truncate(to: Int(byteCount)), now)
    }
  }

  package func sync(_ file: FileNumber) throws(FileSystemError) {
    try perform(
      .sync, path(of: file),
      failed: { state in
        guard let inode = state.open[file]?.inode else { return }
        state.disk.inodes[inode]?.losePending()
      },
      body: { state throws(Errno) in
        guard let inode = state.open[file]?.inode else { throw .badFileDescriptor }
        // Its names, if it is a directory, like its bytes.
        state.disk.inodes[inode]?.makeDurable()
      })
  }

  package func information(_ file: FileNumber) throws(FileSystemError) -> FileInformation {
    try perform(.information, path(of: file)) { state throws(Errno) in
      guard let inode = state.open[file]?.inode, let found = state.disk.information(inode)
      else { throw .badFileDescriptor }
      return found
    }
  }

  package func dropCache(_ file: FileNumber) {
    state.withLock { state in
      guard let inode = state.open[file]?.inode, !state.isOff else { return }
      state.disk.inodes[inode]?.dropCleanPages()
    }
  }

  /// Nothing: what is written past the cache is no more durable than through it.
  package func bypassCache(_ file: FileNumber) {}

  /// - Throws: `EDEADLK` where it would have to wait: nobody else runs in a simulation.
  package func lock(_ file: FileNumber, wait: Bool) throws(FileSystemError) -> Bool {
    try perform(.lock, path(of: file)) { state throws(Errno) in
      guard let inode = state.open[file]?.inode else { throw .badFileDescriptor }
      if let holder = state.locks[inode], holder != file {
        if wait { throw .deadlock }
        return false
      }
      state.locks[inode] = file
      return true
    }
  }
}

extension SimulatedFileSystem.State {
  /// Opens what stands at a place, or makes it; a link is not followed.
  mutating func open(
    _ place: SimulatedDisk.Place, _ mode: OpenMode, _ openPlace: OpenPlace
  ) throws(Errno) -> FileNumber {
    if isReadOnly && mode != .read { throw .readOnlyFileSystem }
    let kind = place.inode.flatMap { disk.inodes[$0]?.kind }
    let inode: UInt64
    switch (mode, place.inode) {
    case (.createNew, .some): throw .fileExists
    case (_, .some(let found)):
      if kind == .link { throw .tooManySymbolicLinkLevels }
      if kind == .directory && mode != .read { throw .isDirectory }
      inode = found
    case (.createNew(let permissions), nil), (.readWriteOrCreate(let permissions), nil):
      inode = try disk.make(.file, place, permissions, tick())
    default: throw .noSuchFileOrDirectory
    }
    return open(inode, openPlace, isWritable: mode != .read)
  }

  mutating func open(_ inode: UInt64, _ place: OpenPlace, isWritable: Bool) -> FileNumber {
    let file = FileNumber(rawValue: nextFile)
    nextFile += 1
    open[file] = SimulatedFileSystem.OpenEntry(
      inode: inode, place: place, isWritable: isWritable)
    disk.inodes[inode]?.openCount += 1
    return file
  }

  func inode(of file: FileNumber) throws(Errno) -> SimulatedDisk.Inode {
    guard let entry = open[file], let inode = disk.inodes[entry.inode]
    else { throw .badFileDescriptor }
    return inode
  }

  func writable(_ file: FileNumber) throws(Errno) -> (SimulatedDisk.Inode, UInt64) {
    guard let entry = open[file], entry.isWritable else { throw .badFileDescriptor }
    return (try inode(of: file), entry.inode)
  }

  /// Writes what there is room for, and throws if that was not all.
  mutating func write(
    _ file: FileNumber, _ offset: UInt64, _ bytes: [UInt8]
  ) throws(Errno) {
    guard let entry = open[file], entry.isWritable else { throw .badFileDescriptor }
    let limit = SimulatedFileSystem.fileByteCountLimit
    guard let start = Int(exactly: offset), start <= limit, bytes.count <= limit - start
    else { throw .fileTooLarge }
    guard !bytes.isEmpty else { return }
    let old = disk.inodes[entry.inode]?.contents.count ?? 0
    var written = bytes
    let growth = max(0, start + bytes.count - old)
    let room = capacity.map { $0 > disk.usedByteCount ? $0 - disk.usedByteCount : 0 } ?? .max
    if UInt64(growth) > room {
      written.removeLast(min(bytes.count, growth - Int(room)))
    }
    if !written.isEmpty {
      disk.usedByteCount += UInt64(max(0, start + written.count - old))
      let now = tick()
      disk.inodes[entry.inode]?.write(.bytes(written, at: start), now)
    }
    if written.count < bytes.count { throw .noSpace }
  }
}
