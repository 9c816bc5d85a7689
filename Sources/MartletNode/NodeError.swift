internal import MartletCarriers
public import MartletFileSystem
public import MartletSeal
public import MartletStore
public import SystemPackage

/// A reason a node cannot do what was asked. Each says what was kept.
@nonexhaustive
public enum NodeError: Error, Equatable, Sendable {
  /// The store cannot be opened, read or changed.
  case store(StoreError)
  /// A file outside the store cannot be read or written.
  case file(FileSystemError)
  /// The identity file is locked, and no passphrase was given.
  case passphraseNeeded(FilePath)
  /// A passphrase has 1 to 1024 bytes.
  case badPassphrase
  /// The passphrase is not the identity's.
  case wrongPassphrase(FilePath)
  /// The identity file cannot be read.
  case identityDamaged(FilePath)
  /// The store was copied or restored: another instance of it may be alive.
  case copied(FilePath, CopySign)
  /// What the node keeps of itself, a group or a peer cannot be read.
  case stateDamaged(String)
  /// The card cannot be made or read.
  case card(CardError)
  /// It is this device's own card.
  case ownCard
  /// A peer of that name, with another card, or a group of that name is here already.
  case nameTaken(String)
  /// No peer has that name.
  case unknownPeer(String)
  /// No group has that name.
  case unknownGroup(String)
  /// More than one group has that name; name it by the first digits of its id.
  case ambiguousGroup(String)
  /// The group's key has not come yet.
  case notGranted(String)
  /// The group belongs to an identity that this device had before.
  case archived(String)
  /// The group is not accepted yet.
  case notAccepted(String)
  /// No object of that id is here.
  case unknownObject(String)
  /// More than one object starts with these digits.
  case ambiguousObject(String)
  /// A content is not whole yet: so many of its blobs are missing.
  case incomplete(String, missingBlobs: Int, missingByteCount: UInt64)
  /// A content or text is too long, in bytes.
  case tooLarge(byteCount: UInt64, limit: UInt64)
  /// The text is not UTF-8, or empty.
  case badText
  /// The bundle cannot be read; nothing was changed.
  case badBundle(FilePath, String)
  /// The bundle is for somebody else.
  case notForUs(FilePath)
  /// What was written does not read back as it was; the medium lies or is broken. It was removed.
  case doesNotReadBack(FilePath)
  /// No directory stands there.
  case noDirectory(FilePath)
  /// The medium is mounted read-only.
  case readOnlyMedium(FilePath)
  /// The bundle does not fit; what was written of it was removed.
  case full(FilePath, needed: UInt64?)
  /// Not even what has to be said fits into a bundle of so many bytes; nothing was written.
  case noRoom(limit: UInt64, needed: UInt64)
  /// The medium or the file went away.
  case gone(FilePath)
  /// Something that is not ours to replace stands there.
  case exists(FilePath)
  /// A rule of the engine was broken: a defect, or a damaged store.
  case engine(String)
  /// It was asked to stop.
  case interrupted

  /// By what a store is recognised as a copy.
  public enum CopySign: String, Hashable, Sendable {
    case moved, restored, otherMachine
  }
}

extension NodeError {
  init(_ error: CarrierError) {
    switch error {
    case .noDirectory(let path): self = .noDirectory(path)
    case .readOnly(let path): self = .readOnlyMedium(path)
    case .full(let path, let needed): self = .full(path, needed: needed)
    case .gone(let path): self = .gone(path)
    case .system(let error): self = .file(error)
    case .doesNotReadBack(let path): self = .doesNotReadBack(path)
    case .exists(let path): self = .exists(path)
    }
  }
}
