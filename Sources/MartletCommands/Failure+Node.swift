package import MartletFileSystem
package import MartletNode
internal import MartletSeal
internal import MartletStore
internal import SystemPackage

// One table: what each error of the library ends with, what it says, and what to do about it.

extension Failure {
  /// - Parameter signal: The one that came, for ``NodeError/interrupted``.
  package init(_ error: NodeError, signal: Int32? = nil) {
    switch error {
    case .store(let error): self = Failure(error)
    case .file(let error) where error.errno == .interrupted:
      self = Failure(.interrupted, signal: signal)
    case .file(let error): self = Failure(error)
    case .passphraseNeeded(let path):
      self.init(
        .notForUs, "\(Escape.text(path)) is locked with a passphrase, and none was given",
        hint: "give --passphrase-file FILE", path: path)
    case .badPassphrase:
      self.init(.usage, "a passphrase has 1 to 1024 bytes")
    case .wrongPassphrase(let path):
      self.init(
        .notForUs, "the passphrase does not open \(Escape.text(path))",
        hint: "the first line of the file is the passphrase, without its end", path: path)
    case .identityDamaged(let path):
      self.init(
        .inputOutput, "the identity in \(Escape.text(path)) cannot be read; nothing was changed",
        hint: "put this one file back from a backup", path: path)
    case .copied(let path, let sign):
      self.init(
        .failed, "the store at \(Escape.text(path)) \(Self.words(sign)); nothing was changed",
        hint: "`martlet adopt` if the original is gone, "
          + "`martlet adopt --as-new NAME` if it lives on", path: path)
    case .stateDamaged(let what):
      self.init(
        .inputOutput, "cannot read what the store holds of \(Escape.text(what))",
        hint: "`martlet verify` names what is damaged")
    case .card(let error):
      self.init(
        .damagedInput,
        error == .badName ? error.description : "cannot use the card: \(error.description)",
        hint: error == .badName ? nil : "ask for it again: `martlet card` prints it on one line")
    case .ownCard:
      self.init(.failed, "this is this device's own card", hint: "swap cards with the other device")
    case .nameTaken(let name):
      self.init(
        .failed, "a peer or group is named \(Escape.text(name)) already; it was left alone",
        hint: "choose another name; `martlet status` shows those in use")
    case .unknownPeer(let name):
      self.init(
        .failed, "no peer is named \(Escape.text(name))",
        hint: "`martlet peer list` shows the peers, `martlet peer add` adds one")
    case .unknownGroup(let name):
      self.init(
        .failed, "no group or peer is named \(Escape.text(name))",
        hint: "`martlet group list` shows the groups")
    case .ambiguousGroup(let name):
      self.init(
        .failed, "more than one group is named \(Escape.text(name))",
        hint: "name it by the first digits of its id; `martlet group list` shows them")
    case .notGranted(let name):
      self.init(
        .failed, "the key of the group \(Escape.text(name)) has not come yet",
        hint: "it comes with a bundle of a member; sync with one")
    case .archived(let name):
      self.init(
        .failed,
        "the group \(Escape.text(name)) belongs to an identity that this device had before; "
          + "nothing can be added to it",
        hint: "`martlet get` and `martlet log` still read it")
    case .notAccepted(let name):
      self.init(
        .failed, "the group \(Escape.text(name)) is not accepted yet",
        hint: "`martlet group accept \(Escape.text(name))`")
    case .unknownObject(let address):
      self.init(
        .failed, "nothing here has the id \(Escape.text(address))",
        hint: "`martlet log GROUP` shows what is here; of an id, six digits or more do")
    case .ambiguousObject(let address):
      self.init(
        .failed, "more than one id starts with \(Escape.text(address))", hint: "give more digits")
    case .incomplete(let address, let missingBlobs, let missingByteCount):
      self.init(
        .partial,
        "\(Escape.text(address)) is not whole yet: \(Words.count(missingBlobs, "blob")) "
          + "(\(Words.bytes(missingByteCount))) missing",
        hint: "the rest comes with a later bundle; sync with its author")
    case .tooLarge(let byteCount, let limit):
      self.init(.doesNotFit, "too long: \(Words.bytes(byteCount)), and \(Words.bytes(limit)) fit")
    case .badText:
      self.init(
        .damagedInput, "the text is empty or not UTF-8; nothing was sent",
        hint: "`martlet put` takes any bytes")
    case .badBundle(let path, let reason):
      self.init(
        .damagedInput,
        "cannot read \(Escape.text(path)): \(Escape.text(reason)); nothing was changed",
        hint: "get the file again from where it came", path: path)
    case .notForUs(let path):
      self.init(
        .notForUs, "\(Escape.text(path)) is not for this device; nothing was changed",
        hint: "its sender has to export with --to this device", path: path)
    case .doesNotReadBack(let path):
      self.init(
        .inputOutput,
        "what was written to \(Escape.text(path)) does not read back as it was; it was removed",
        hint: "the medium is broken or lies: use another", path: path)
    case .noDirectory(let path):
      self.init(
        .carrierUnavailable, "\(Escape.text(path)) is not there, or no directory",
        hint: "is the medium plugged in and mounted?", path: path)
    case .gone(let path):
      self.init(
        .carrierUnavailable, "\(Escape.text(path)) went away; what was reported before is kept",
        hint: "plug the medium in again, and do it again", path: path)
    case .readOnlyMedium(let path):
      self.init(
        .carrierUnavailable, "\(Escape.text(path)) is read-only; nothing was written",
        hint: "mount it for writing, or use another medium", path: path)
    case .full(let path, let needed):
      self.init(
        .doesNotFit,
        "no space left at \(Escape.text(path))"
          + (needed.map { ": \(Words.bytes($0)) are needed" } ?? "")
          + "; what was written of it was removed",
        hint: "free some space or use another medium, then do it again", path: path)
    case .noRoom(let limit, let needed):
      self.init(
        .doesNotFit,
        "\(Words.bytes(limit)) hold nothing of what is to be said; all of it takes "
          + "\(Words.bytes(needed)), and nothing was written",
        hint: "give a larger --max-size")
    case .exists(let path):
      self.init(
        .failed, "something stands at \(Escape.text(path)) already; it was left alone",
        hint: "name another file", path: path)
    case .engine(let rule):
      self.init(
        .failed, "a rule was broken: \(Escape.text(rule)); nothing more was done",
        hint: "run `martlet verify`; if it finds nothing, this is a defect: please report it")
    case .interrupted:
      self.init(
        .interrupted(by: signal ?? 2), "interrupted; nothing half-written was left",
        hint: "do it again to go on")
    }
  }

  private static func words(_ sign: NodeError.CopySign) -> String {
    switch sign {
    case .moved: "was moved or copied"
    case .restored: "was copied, or put back from a backup"
    case .otherMachine: "comes from another machine"
    }
  }
}

extension Failure {
  init(_ error: StoreError) {
    switch error {
    case .notAStore(let path):
      self.init(
        .failed, "there is no store at \(Escape.text(path))",
        hint: "make one with `martlet init`, or name yours with --store", path: path)
    case .alreadyAStore(let path):
      self.init(
        .failed, "a store stands at \(Escape.text(path)) already; it was left alone", path: path)
    case .unsupportedFormat(let path):
      self.init(
        .failed, "\(Escape.text(path)) names a format that this version does not know",
        hint: "use the version of martlet that wrote it, or a newer one", path: path)
    case .busy(let path):
      self.init(
        .busy, "somebody else is writing to the store (\(Escape.text(path)) is locked)",
        hint: "try again later, or give --wait", path: path)
    case .readOnly(let path):
      self.init(
        .failed, "the store at \(Escape.text(path)) is open for reading only", path: path)
    case .inTransaction(let path):
      self.init(
        .failed, "the store at \(Escape.text(path)) is in a transaction already", path: path)
    case .system(let error): self = Failure(error, kept: "what was there before stands")
    case .discarded(let error): self = Failure(error, kept: "the store is as it was before")
    case .outcomeUnknown(let error):
      self = Failure(error, kept: "the store holds all of it or nothing, as `martlet status` tells")
    case .mustReopen(let path):
      self.init(
        .inputOutput,
        "the store at \(Escape.text(path)) takes nothing more after a write that failed",
        hint: "run the command again", path: path)
    case .damaged(let path, let offset):
      self.init(
        .inputOutput, "\(Escape.text(path)) is damaged at byte \(offset); nothing was cut",
        hint: "`martlet verify` names all damage", path: path)
    case .missing(let id):
      self.init(
        .inputOutput, "object \(id.hex) should be in the store and is not",
        hint: "`martlet verify` names all damage; what peers hold is asked for again")
    case .objectDamaged(let id, let path):
      self.init(
        .inputOutput, "object \(id.hex) in \(Escape.text(path)) is damaged",
        hint: "`martlet verify` moves it aside, and it is asked for again from peers", path: path)
    case .notAName(let name):
      self.init(.failed, "\(Escape.text(name)) is not a name that may be written in a store")
    case .tooLarge(let byteCount, let limit):
      self.init(.doesNotFit, "too long: \(Words.bytes(byteCount)), and \(Words.bytes(limit)) fit")
    }
  }

  /// - Parameter kept: What stands in spite of it.
  package init(_ error: FileSystemError, kept: String? = nil) {
    let status: ExitStatus =
      switch error.category {
      case .noSpace: .doesNotFit
      default: .inputOutput
      }
    let place =
      error.path == "-"
      ? "standard \(error.action == "read" ? "input" : "output")" : Escape.text(error.path)
    let failure = "cannot \(error.action) \(place): \(error.reason)"
    self.init(
      status, kept.map { "\(failure); \($0)" } ?? failure, hint: error.remedy, path: error.path)
  }
}
