/// The calls of a ``FileSystem`` that can fail; the words continue "cannot".
package enum FileSystemCall: String, CaseIterable, Hashable, Sendable {
  case open
  case read
  case write
  case truncate
  case sync
  case information = "inspect"
  case lock
  case list
  case makeDirectory = "make directory"
  case rename
  case remove
  case removeDirectory = "remove directory"
  case syncDirectory = "sync directory"
  case syncFileSystem = "sync the file system of"
  case freeByteCount = "measure the free space at"
  case openDirectory = "open directory"
  case linkTarget = "read the link"
  case makeLink = "make the link"
  case setPermissions = "set the permissions of"
  case setModified = "set the time of"
}
