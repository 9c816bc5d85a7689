internal import MartletFileSystem
internal import MartletSeal
internal import SystemPackage

/// The directory `.martlet` in a folder's root, where files stand until they are whole, and for a
/// moment when they are replaced. It goes when nothing stands in it any more.
final class WorkPlace: Sendable {
  let directory: Directory
  private let root: FolderRoot

  /// Finds it, or makes it.
  init(in root: FolderRoot) throws(FileSystemError) {
    self.root = root
    do throws(FileSystemError) {
      directory = try root.open(RelativePath(FolderRules.ownName))
    } catch {
      guard error.errno == .noSuchFileOrDirectory else { throw error }
      try root.system.makeDirectory(
        FolderRules.ownName, in: root.directory.number, permissions: 0o700)
      directory = try root.open(RelativePath(FolderRules.ownName))
    }
  }

  /// Where it stands already; nil if it does not.
  init?(standingIn root: FolderRoot) throws(FileSystemError) {
    self.root = root
    do throws(FileSystemError) {
      directory = try root.open(RelativePath(FolderRules.ownName))
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw error
    }
  }

  /// The name of a file that is being written: it may go at any time.
  static func newName(_ number: Int) -> [UInt8] { Array("new-\(number)".utf8) }

  /// The name of a directory that is being made: it may go at any time.
  static func treeName(_ number: Int) -> [UInt8] { Array("tree-\(number)".utf8) }

  /// The name of a file that takes another's place, and of that one afterwards: it goes only if what
  /// is in it is kept elsewhere.
  static func oldName(_ number: Int, of name: [UInt8]) -> [UInt8] {
    let start = Array("old-\(number)-".utf8)
    return start + name.prefix(RelativePath.nameByteLimit - start.count)
  }

  /// What an old one was called; nil for any other name.
  static func original(of name: [UInt8]) -> [UInt8]? {
    let parts = name.split(separator: 0x2D, maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].elementsEqual("old".utf8) else { return nil }
    return Array(parts[2])
  }

  /// Removes a directory with all that is in it, however deep: one is held open at a time.
  func removeTree(_ name: [UInt8]) throws(FileSystemError) {
    let system = root.system
    let top = RelativePath(FolderRules.ownName).appending(name)
    var paths = [top]
    var index = 0
    while index < paths.count {
      let path = paths[index]
      index += 1
      let directory = try root.open(path)
      for entry in try system.entries(of: directory.number) {
        if try system.information(entry.name, in: directory.number)?.kind == .directory {
          paths.append(path.appending(entry.name))
        } else {
          try system.remove(entry.name, in: directory.number)
        }
      }
    }
    for path in paths.reversed() {
      let parent = try root.open(path.parent ?? .root)
      try system.removeDirectory(path.name, in: parent.number)
    }
  }

  /// Whether a file here keeps the owner's permissions that it is given.
  func holdsPermissions() -> Bool {
    let system = root.system
    let name = Self.newName(0)
    defer { try? system.remove(name, in: directory.number) }
    do throws(FileSystemError) {
      let file = Directory(
        system, try system.open(name, in: directory.number, .createNew(permissions: 0o600)))
      for permissions in [0o500, 0o600] as [UInt16] {
        try system.setPermissions(file.number, permissions)
        let found = try system.information(name, in: directory.number)
        guard found?.ownerPermissions == UInt8(permissions >> 6) else { return false }
      }
      return true
    } catch { return false }
  }

  /// Removes it if it is empty.
  func removeIfEmpty() {
    try? root.system.removeDirectory(FolderRules.ownName, in: root.directory.number)
  }
}

extension WorkPlace {
  private static let trashName: [UInt8] = Array("trash".utf8)
  /// The trash holds what no store does: it is emptied by age, and beyond so many bytes.
  static let trashByteLimit: UInt64 = 1 << 30
  static let trashAge: Int64 = 30 * 86_400_000_000_000

  /// Moves a file of the work place into the trash: its content is kept nowhere else.
  func trash(_ name: [UInt8], as original: [UInt8], random: any RandomSource)
    throws(FileSystemError)
  {
    let system = root.system
    do throws(FileSystemError) {
      try system.makeDirectory(Self.trashName, in: directory.number, permissions: 0o700)
    } catch {
      if error.errno != .fileExists { throw error }
    }
    let trash = Directory(
      system, try system.openDirectory(Self.trashName, beneath: directory.number))
    let digits = ObjectDigits.text(random.bytes(4))
    let mark = Array("\(digits) ".utf8)
    let kept = mark + original.prefix(RelativePath.nameByteLimit - mark.count)
    try root.renameKeeping(name, in: directory, to: kept, in: trash)
    try empty(trash)
  }

  /// Removes what is old, and the oldest beyond the limit.
  private func empty(_ trash: Directory) throws(FileSystemError) {
    let system = root.system
    var kept: [(name: [UInt8], information: FileInformation)] = []
    for entry in try system.entries(of: trash.number) {
      if let information = try system.information(entry.name, in: trash.number) {
        kept.append((entry.name, information))
      }
    }
    kept.sort { $0.information.changed > $1.information.changed }
    guard let newest = kept.first?.information.changed else { return }
    var sum: UInt64 = 0
    for (index, file) in kept.enumerated() {
      let (next, isTooLarge) = sum.addingReportingOverflow(file.information.byteCount)
      sum = isTooLarge ? .max : next
      let age = newest.subtractingReportingOverflow(file.information.changed)
      let isOld = age.overflow || age.partialValue > Self.trashAge
      if index > 0, isOld || sum > Self.trashByteLimit {
        try system.remove(file.name, in: trash.number)
      }
    }
  }
}

/// Bytes in hexadecimal digits.
enum ObjectDigits {
  static func text(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }
}
