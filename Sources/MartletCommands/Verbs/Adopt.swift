internal import ArgumentParser
internal import MartletNode
internal import SystemPackage

struct AdoptVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "adopt", "Goes on with a store that was copied or put back from a backup.",
    """
    Such a store refuses to write, since two devices with one identity would confuse their peers. \
    If the original is gone, adopt lets this one take its place. If it lives on, --as-new makes \
    this one a device of its own, whose card has to be given to peers again.
    """,
    examples: "martlet adopt\nmartlet adopt --as-new laptop-2")

  @Option(
    name: .customLong("as-new"),
    help: ArgumentHelp("The original lives: become a device of this name.", valueName: "name"))
  var newName: NameArgument?
  @Flag(name: .customLong("dry-run"), help: "Only say what would be done.")
  var isDryRun = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let path = try console.storePath()
    let passphrase = try console.passphrase()
    if isDryRun {
      console.plan(
        newName.map { "make \(Escape.text(path)) a new device \(Escape.text($0.text))" }
          ?? "go on with \(Escape.text(path)) in the place of the original")
      return .done
    }
    try console.attempt { () throws(NodeError) in
      if let newName {
        try Node.adoptAsNew(at: path, name: newName.text, passphrase: passphrase)
      } else {
        try Node.adopt(at: path, passphrase: passphrase)
      }
    }
    console.print(
      .object([
        ("type", "adopted"), JSON.member("store", path), ("name", .optional(newName?.text)),
      ]),
      newName.map { "\(Escape.text(path)) is the device \(Escape.text($0.text)) now" }
        ?? "\(Escape.text(path)) goes on in the place of the original")
    return .done
  }
}
