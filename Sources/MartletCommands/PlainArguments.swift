/// Arguments that need no parser: known options, each at most once, and words.
///
/// The parser takes longer than all of what `status` or an export of nothing does, so these two
/// are read here first; whatever is not plain goes to the parser, which has the last word.
struct PlainArguments {
  private(set) var common = CommonOptions.Values()
  private(set) var flags: [String] = []
  /// Of options that may be repeated, in their order.
  private(set) var values: [String] = []
  private(set) var words: [String] = []

  /// Nil if there is anything that is not plain.
  ///
  /// - Parameters:
  ///   - flags: The verb's own flags.
  ///   - option: An option of the verb that takes a value and may be repeated.
  init?(_ arguments: [String], flags known: [String], option: String? = nil) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--json" where !common.isJSON: common.isJSON = true
      case "--quiet" where !common.isQuiet, "-q" where !common.isQuiet: common.isQuiet = true
      case "--wait" where !common.waits: common.waits = true
      case "--store":
        guard common.store == nil, let path = Self.value(&rest) else { return nil }
        common.store = PathArgument(argument: path)?.path
      case "--passphrase-file":
        guard common.passphraseFile == nil, let path = Self.value(&rest) else { return nil }
        common.passphraseFile = PathArgument(argument: path)
      case option:
        guard let value = Self.value(&rest) else { return nil }
        values.append(value)
      case _ where known.contains(argument):
        guard !flags.contains(argument) else { return nil }
        flags.append(argument)
      case _ where argument.hasPrefix("-") && argument != "-" || argument.isEmpty: return nil
      default: words.append(argument)
      }
    }
  }

  private static func value(_ rest: inout ArraySlice<String>) -> String? {
    guard let value = rest.popFirst(), !value.hasPrefix("-"), !value.isEmpty else { return nil }
    return value
  }
}
