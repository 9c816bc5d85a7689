internal import ArgumentParser
internal import MartletFileSystem
internal import MartletNode
internal import MartletSeal
internal import MartletStore
internal import SystemPackage

struct InitVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "init", "Makes a store with a new identity.",
    "A person with two machines has two devices, each with a store and a name of its own.",
    examples: """
      martlet init --name laptop
      martlet init --name clinic --passphrase-file ~/secret --store /srv/martlet
      """)

  @Option(name: .customLong("name"), help: "What others see (default: the name of the machine).")
  var name: NameArgument?
  @Flag(name: .customLong("dry-run"), help: "Only say what would be made.")
  var isDryRun = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let path = try console.storePath()
    let passphrase = try console.passphrase()
    let name = name?.text ?? ThisProcess.hostName ?? "device"
    guard Card.isGood(name: Array(name.utf8)) else {
      throw Failure(.usage, "cannot use that name: \(CardError.badName)", hint: "give --name NAME")
    }
    if isDryRun {
      let formatFile: FileInformation?
      do {
        formatFile = try LocalFileSystem().information(at: path.appending("format"))
      } catch {
        throw Failure(error)
      }
      if formatFile != nil { throw Failure(.store(.alreadyAStore(path))) }
      console.plan("make device \(Escape.text(name)) at \(Escape.text(path))")
      return .done
    }
    do {
      try Self.makeDirectories(upTo: path.removingLastComponent(), on: LocalFileSystem())
    } catch {
      throw Failure(error)
    }
    try console.attempt { () throws(NodeError) in
      try Node.create(at: path, name: name, passphrase: passphrase)
    }
    console.print(
      .object([
        ("type", "device"), ("name", .string(name)), JSON.member("store", path),
      ]),
      "made device \(Escape.text(name)) in \(Escape.text(path))")
    console.note("give the others your card: `martlet card`")
    return .done
  }

  /// `~/.local/share` is not there on a new machine; directories of data are for their owner alone.
  private static func makeDirectories(
    upTo path: FilePath, on disk: LocalFileSystem
  ) throws(FileSystemError) {
    guard !path.components.isEmpty, try !disk.isDirectory(path) else { return }
    try makeDirectories(upTo: path.removingLastComponent(), on: disk)
    try disk.makeDirectory(path, permissions: 0o700)
  }
}
