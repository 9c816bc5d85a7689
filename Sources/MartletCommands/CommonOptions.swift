package import ArgumentParser
package import SystemPackage

/// What every command takes.
package struct CommonOptions: ParsableArguments {
  @Option(
    name: .customLong("store"),
    help: ArgumentHelp(
      "The directory of the store (default: $MARTLET_STORE, or $XDG_DATA_HOME/martlet).",
      valueName: "dir"))
  package var store: PathArgument?

  @Option(
    name: .customLong("passphrase-file"),
    help: ArgumentHelp(
      "A file whose first line is the passphrase of the identity; - for standard input.",
      valueName: "file"))
  package var passphraseFile: PathArgument?

  @Flag(name: .customLong("json"), help: "Print one JSON object a line, errors too.")
  package var isJSON = false

  @Flag(
    name: [.customLong("quiet"), .customShort("q")],
    help: "Print only what was asked for and what needs a person.")
  package var isQuiet = false

  @Flag(name: .customLong("wait"), help: "Wait while somebody else writes to the store.")
  package var waits = false

  package init() {}

  /// The same, without the parser.
  package struct Values: Sendable {
    package var store: FilePath?
    package var passphraseFile: PathArgument?
    package var isJSON = false
    package var isQuiet = false
    package var waits = false
    package init() {}
  }

  var values: Values {
    var values = Values()
    values.store = store?.path
    values.passphraseFile = passphraseFile
    values.isJSON = isJSON
    values.isQuiet = isQuiet
    values.waits = waits
    return values
  }
}
