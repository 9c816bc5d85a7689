internal import ArgumentParser

/// One command: what it takes, and what it does.
protocol Verb: ParsableCommand {
  var common: CommonOptions { get }

  /// Does it. What was done before an error is printed, and stands.
  func execute(on console: Console) throws(Failure) -> ExitStatus
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
