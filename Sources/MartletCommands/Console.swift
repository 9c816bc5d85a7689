internal import MartletChat
internal import MartletFileSystem
internal import MartletFolders
internal import MartletNode
internal import MartletStore
package import SystemPackage

/// What a command has of the world around it: where data and words go, what the environment says,
/// whether it is to stop. Tests hand in their own.
package final class Console {
  /// Data, for the next program or for reading.
  package let output: Output
  /// Words, for people: errors, hints, notes, progress.
  package let words: Output
  package let input: FileDescriptor
  /// Whether somebody would have to type.
  package let inputIsTerminal: Bool
  package let environment: (String) -> [UInt8]?
  /// The signal that came; nil if none did.
  package let signal: () -> Int32?
  /// Milliseconds that only grow.
  package let uptime: () -> UInt64
  /// Unix milliseconds by this device's clock.
  package var now: () -> UInt64 = { Machine.now() }
  package var options = CommonOptions.Values()
  private var bar: ProgressBar?

  package init(
    output: Output, words: Output, input: FileDescriptor, inputIsTerminal: Bool,
    environment: @escaping (String) -> [UInt8]?, signal: @escaping () -> Int32?,
    uptime: @escaping () -> UInt64
  ) {
    self.output = output
    self.words = words
    self.input = input
    self.inputIsTerminal = inputIsTerminal
    self.environment = environment
    self.signal = signal
    self.uptime = uptime
  }

  /// This process. Asks what is a terminal only of what may be one.
  package static func ofThisProcess() -> Console {
    Console(
      output: Output(.standardOutput, width: Terminal.width(of: .standardOutput)),
      words: Output(.standardError, width: Terminal.width(of: .standardError)),
      input: .standardInput, inputIsTerminal: Terminal.width(of: .standardInput) != nil,
      environment: { ThisProcess.environment($0) }, signal: { StopSignals.caught },
      uptime: { ThisProcess.uptime })
  }
}

// MARK: - Printing

extension Console {
  /// A line of data: an object with --json, the text without; of the text nothing with --quiet.
  func print(_ json: @autoclosure () -> JSON, _ text: @autoclosure () -> String) {
    if options.isJSON {
      output.line(json().text)
    } else if !options.isQuiet {
      output.line(text())
    }
  }

  /// A line of data that --quiet does not keep back, since it is what was asked for.
  func answer(_ json: @autoclosure () -> JSON, _ text: @autoclosure () -> String) {
    output.line(options.isJSON ? json().text : text())
  }

  /// What would be done but for --dry-run, in words that continue "would".
  func plan(_ sentence: @autoclosure () -> String) {
    print(
      .object([("type", "plan"), ("message", .string("would " + sentence()))]),
      "would " + sentence())
  }

  /// A line for people that a program does not need.
  func note(_ text: @autoclosure () -> String) {
    guard !options.isQuiet, !options.isJSON else { return }
    begin()
    words.line("martlet: \(text())")
    words.flush()
  }

  /// Something that a person has to see, --quiet or not, and that ends nothing.
  func warn(_ sentence: String, hint: String? = nil) {
    begin()
    if options.isJSON {
      var members: [(String, JSON)] = [("type", "warning"), ("message", .string(sentence))]
      if let hint { members.append(("hint", .string(hint))) }
      words.line(JSON.object(members).text)
    } else {
      words.line("martlet: warning: \(sentence)")
      if let hint { words.line("martlet: hint: \(hint)") }
    }
    words.flush()
  }

  /// Before words: what was printed until now stands above them.
  private func begin() {
    clearProgress()
    output.flush()
  }

  func show(_ failure: Failure) {
    begin()
    if options.isJSON {
      words.line(failure.json.text)
    } else {
      words.line("martlet: error: \(failure.sentence)")
      if let hint = failure.hint { words.line("martlet: hint: \(hint)") }
    }
    words.flush()
  }
}

// MARK: - The store

extension Console {
  /// Where the store is: --store, `MARTLET_STORE`, `$XDG_DATA_HOME/martlet`, `~/.local/share/martlet`.
  func storePath() throws(Failure) -> FilePath {
    if let path = options.store { return path }
    if let path = environment("MARTLET_STORE") { return FilePath(bytes: path) }
    // A relative one is to be ignored, says the specification of these directories.
    if let data = environment("XDG_DATA_HOME"), data.first == 0x2F {
      return FilePath(bytes: data).appending("martlet")
    }
    guard let home = environment("HOME") else {
      throw Failure(
        .usage, "cannot tell where the store is: HOME is not set",
        hint: "give --store DIR or set MARTLET_STORE")
    }
    return FilePath(bytes: home).appending(".local/share/martlet")
  }

  /// Opens the store, and waits for another writer if --wait was given.
  func open(writing: Bool) throws(Failure) -> Node {
    let path = try storePath()
    let passphrase = try passphrase()
    while true {
      do {
        let node = try Node(
          at: path, for: writing ? .writing(wait: false) : .reading, passphrase: passphrase,
          clients: [ChatClient(), FolderClient()])
        attend(node)
        if writing { checkClock() }
        return node
      } catch .store(.busy(let path)) {
        // Waited for here and not in the lock, where Ctrl-C would not reach us.
        guard options.waits else { throw Failure(.store(.busy(path))) }
        Terminal.pause(milliseconds: 50)
        if let signal = signal() { throw Failure(.interrupted, signal: signal) }
      } catch {
        throw failure(error)
      }
    }
  }

  /// Times decide nothing, but people read them.
  private func checkClock() {
    let year2020: UInt64 = 1_577_836_800_000
    let year2100: UInt64 = 4_102_444_800_000
    let now = now()
    guard !(year2020..<year2100).contains(now) else { return }
    warn(
      "this device's clock says \(Timestamp(milliseconds: now)): what is written bears that time",
      hint: "set the clock")
  }

  /// Runs calls to the library, with its errors as failures.
  func attempt<Result>(
    _ body: () throws(NodeError) -> Result
  ) throws(Failure) -> Result {
    do { return try body() } catch { throw failure(error) }
  }

  func failure(_ error: NodeError) -> Failure { Failure(error, signal: signal()) }

  /// The first line of the file that --passphrase-file names.
  func passphrase() throws(Failure) -> [UInt8]? {
    guard let file = options.passphraseFile else { return nil }
    let bytes = try read(file, limit: 4096)
    let line = bytes.prefix { $0 != 0x0A && $0 != 0x0D }
    guard !line.isEmpty else {
      throw Failure(
        .usage, "the first line of \(Escape.text(file.bytes)) is empty",
        hint: "it has to be the passphrase")
    }
    return Array(line)
  }

  private func attend(_ node: Node) {
    let signal = signal
    node.shouldStop = { signal() != nil }
    guard words.isTerminal, !options.isQuiet, !options.isJSON else { return }
    let bar = ProgressBar(on: words, uptime: uptime)
    self.bar = bar
    node.progress = { bar.show($0) }
  }

  func clearProgress() { bar?.clear() }
}

// MARK: - Input

extension Console {
  /// All of a file, or of standard input for `-`, up to a limit. Pipes will do.
  func read(_ argument: PathArgument, limit: Int) throws(Failure) -> [UInt8] {
    if argument.isStandard { return try readInput(limit: limit) }
    let file: FileDescriptor
    do {
      file = try FileDescriptor.open(argument.path, .readOnly, options: .closeOnExec)
    } catch {
      throw Failure(
        FileSystemError(action: "open", path: argument.path, errno: error as? Errno ?? .ioError))
    }
    defer { try? file.close() }
    return try read(file, argument.path, limit: limit)
  }

  /// All of standard input, up to a limit.
  func readInput(limit: Int) throws(Failure) -> [UInt8] {
    try refuseTerminalInput()
    return try read(input, "standard input", limit: limit)
  }

  /// A signal ends the wait for what is not there yet.
  private func read(
    _ file: FileDescriptor, _ path: FilePath, limit: Int
  ) throws(Failure) -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      while !Terminal.hasInput(file, milliseconds: 200) {
        if let signal = signal() { throw Failure(.interrupted, signal: signal) }
      }
      do {
        let piece = try Terminal.read(file)
        if piece.isEmpty { return bytes }
        bytes += piece
      } catch {
        throw Failure(FileSystemError(action: "read", path: path, errno: error))
      }
      guard bytes.count <= limit else {
        throw Failure(
          .doesNotFit, "\(Escape.text(path)) has more than \(Words.bytes(UInt64(max(0, limit))))",
          path: path)
      }
    }
  }

  /// Nobody is ever asked to type: what is to be read comes from a pipe or a file.
  func refuseTerminalInput() throws(Failure) {
    guard inputIsTerminal else { return }
    throw Failure(
      .usage, "standard input is a terminal", hint: "pipe something into it, or name a file")
  }
}
