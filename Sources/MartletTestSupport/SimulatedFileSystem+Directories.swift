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
      // In one order: a seed replays what is done with each.
      return (state.disk.inodes[inode]?.entries.keys).map { names in
        names.sorted { $0.key < $1.key }.compactMap(\.component)
      } ?? []
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
    try perform(.rename, from) { state throws(Errno) in
      let (old, new) = (try state.disk.place(from), try state.disk.place(to))
      try state.disk.rename(old, new, .replacing, state.tick())
    }
  }

  package func remove(_ path: FilePath) throws(FileSystemError) {
    try perform(.remove, path) { state throws(Errno) in
      let place: SimulatedDisk.Place
      do throws(Errno) { place = try state.disk.place(path) } catch {
        if error == .noSuchFileOrDirectory || error == .notDirectory { return }
        throw error
      }
      try state.disk.removeFile(place, state.tick())
    }
  }

  package func removeDirectory(_ path: FilePath) throws(FileSystemError) {
    try perform(.removeDirectory, path) { state throws(Errno) in
      try state.disk.removeDirectory(try state.disk.place(path), state.tick())
    }
  }

  package func syncDirectory(_ path: FilePath) throws(FileSystemError) {
    try perform(
      .syncDirectory, path,
      failed: { state in
        // Final here too: what was to be made durable never will be.
        if let inode = try? state.disk.directory(path) {
          state.disk.inodes[inode]?.losePending()
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
      failed: { state in state.disk.losePendingWrites() },
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
