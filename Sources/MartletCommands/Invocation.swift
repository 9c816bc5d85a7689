internal import ArgumentParser
internal import MartletFileSystem
internal import SystemPackage

/// One call of the program, from its arguments to its exit status.
package enum Invocation {
  /// Runs the command that the arguments name, prints what there is to print, and returns what to
  /// exit with. Nothing that can be in the arguments traps.
  package static func run(_ arguments: [[UInt8]], on console: Console) -> Int32 {
    let words = arguments.map { ArgumentBytes.encode($0) }
    // Errors in the arguments themselves are to come as asked for, too.
    console.options.isJSON = words.prefix { $0 != "--" }.contains("--json")
    let status: ExitStatus
    do {
      status = try perform(words, on: console)
    } catch {
      status = end(error, on: console)
    }
    console.clearProgress()
    return finish(status, on: console).rawValue
  }

  private static func perform(
    _ arguments: [String], on console: Console
  ) throws(Failure) -> ExitStatus {
    if arguments.first == "--version" {
      printVersion(on: console)
      return .done
    }
    let words = hoist(arguments)
    guard let operation = parse(words) else { return try explain(words, on: console) }
    console.options = operation.options
    return try operation.execute(on: console)
  }

  /// What the words name, read by itself; nil if there is no such verb or it does not parse.
  static func parse(_ words: [String]) -> (any Operation)? {
    guard let first = words.first else { return nil }
    switch first {
    case "status": if let status = StatusOperation(words.dropFirst()) { return status }
    case "export": if let export = ExportOperation(words.dropFirst()) { return export }
    default: break
    }
    for (name, type) in Martlet.verbs where name[0] == first {
      guard name.count == 1 || words.dropFirst().first == name[1] else { continue }
      return try? type.parse(Array(words.dropFirst(name.count)))
    }
    return nil
  }

  /// Help, or what is wrong with the arguments, from the whole tree.
  private static func explain(
    _ words: [String], on console: Console
  ) throws(Failure) -> ExitStatus {
    do {
      var command = try Martlet.parseAsRoot(words)
      let type = type(of: command)
      let subcommands = type.configuration.subcommands
      guard subcommands.isEmpty else {
        if type == Martlet.self, !console.options.isJSON {
          console.words.line(Martlet.helpMessage())
        }
        let names = subcommands.compactMap { $0.configuration.commandName }
        throw Failure(
          .usage, "a command is missing", hint: "one of \(names.joined(separator: ", "))")
      }
      // Only help is left; asking for it is an error to the parser, and running does that.
      try command.run()
      return .done
    } catch let failure as Failure {
      throw failure
    } catch {
      guard Martlet.exitCode(for: error).isSuccess else {
        throw Failure(.usage, sentence(Martlet.message(for: error)), hint: hint(words))
      }
      console.output.write(Martlet.fullMessage(for: error))
      console.output.write("\n")
      return .done
    }
  }

  private static func sentence(_ message: String) -> String {
    let lines = message.split(separator: "\n").map { line in
      Escape.text(ArgumentBytes.decode(String(line)).drop { $0 == 0x20 })
    }
    var sentence = lines.joined(separator: "; ")
    if sentence.hasSuffix(".") { sentence.removeLast() }
    return sentence.prefix(1).lowercased() + sentence.dropFirst()
  }

  private static func hint(_ words: [String]) -> String {
    let known = Martlet.verbs.map(\.words)
    var path: [String] = []
    for word in words.prefix(2) {
      let longer = path + [word]
      guard known.contains(where: { $0.starts(with: longer) }) else { break }
      path = longer
    }
    return "see `\((["martlet"] + path + ["--help"]).joined(separator: " "))`"
  }

  /// Options that stand before the verb, moved behind it.
  static func hoist(_ arguments: [String]) -> [String] {
    // The common case, without a look at the verbs.
    guard let first = arguments.first, first.hasPrefix("-") else { return arguments }
    var options: [String] = []
    var rest = arguments[...]
    while let first = rest.first, first.hasPrefix("-"), first != "-", first != "--" {
      let takesValue = first == "--store" || first == "--passphrase-file"
      let isOurs =
        takesValue || ["--json", "--quiet", "-q", "--wait"].contains(first)
        || first.hasPrefix("--store=") || first.hasPrefix("--passphrase-file=")
      guard isOurs else { return arguments }
      options.append(rest.removeFirst())
      if takesValue, let value = rest.popFirst() { options.append(value) }
    }
    guard let verb = rest.first else { return arguments }
    let isPair = Martlet.verbs.contains { $0.words.count == 2 && $0.words[0] == verb }
    let count = isPair ? min(2, rest.count) : 1
    return rest.prefix(count) + options + rest.dropFirst(count)
  }

  private static func printVersion(on console: Console) {
    let formats = [("bundle", "MARTLET1"), ("object", "MOB1"), ("card", "MCD1"), ("store", "1")]
    console.answer(
      .object(
        [("type", "version"), ("version", .string(Martlet.version))]
          + formats.map { ($0.0 + "_format", .string($0.1)) }),
      "martlet \(Martlet.version)\nformats: "
        + formats.map { "\($0.0) \($0.1)" }.joined(separator: ", "))
  }

  private static func end(_ failure: Failure, on console: Console) -> ExitStatus {
    // Nobody reads any more, and that is all there is to it.
    if console.output.isClosed { return .done }
    console.output.flush()
    console.show(failure)
    return failure.status
  }

  /// What was printed has to have arrived, or the command did not do what it says.
  private static func finish(_ status: ExitStatus, on console: Console) -> ExitStatus {
    console.output.flush()
    guard let errno = console.output.failure, !console.output.isClosed else { return status }
    let failure = Failure(
      FileSystemError(action: "write", path: "standard output", errno: errno))
    console.show(failure)
    return status == .done ? failure.status : status
  }
}
