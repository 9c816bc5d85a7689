internal import ArgumentParser

/// One command with all that it was given.
protocol Operation {
  var options: CommonOptions.Values { get }

  /// Does it. What was done before an error is printed, and stands.
  func execute(on console: Console) throws(Failure) -> ExitStatus
}

/// A command as the parser knows it.
protocol Verb: ParsableCommand, Operation {
  var common: CommonOptions { get }
}

extension Verb {
  var options: CommonOptions.Values { common.values }
}

extension CommandConfiguration {
  /// Of a command whose help ends with examples, a line each.
  static func verb(
    _ name: String, _ abstract: String, _ discussion: String = "", examples: String
  ) -> CommandConfiguration {
    let lines = examples.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
    return CommandConfiguration(
      commandName: name, abstract: abstract,
      discussion: (discussion.isEmpty ? "" : discussion + "\n\n") + "EXAMPLE:\n" + lines)
  }
}
