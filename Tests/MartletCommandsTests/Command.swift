import MartletCommands
import MartletFileSystem
import SystemPackage

/// One run of a command within the test's own process.
struct Command {
  let status: Int32
  let output: [UInt8]
  let words: String

  var text: String { String(decoding: output, as: UTF8.self) }
  var lines: [String] { text.split(separator: "\n").map(String.init) }

  /// - Parameters:
  ///   - input: What standard input holds.
  ///   - width: Columns of the terminal that output and words go to; nil if they go to pipes.
  init(
    _ arguments: [[UInt8]], environment: [String: String] = [:], input: [UInt8] = [],
    width: Int? = nil, signal: Int32? = nil, now: UInt64? = nil
  ) throws {
    let output = Output(width: width)
    let words = Output(width: width)
    let (reader, writer) = try FileDescriptor.pipe()
    defer { try? reader.close() }
    // Small enough for the pipe to hold it.
    _ = try writer.writeAll(input)
    try writer.close()
    let console = Console(
      output: output, words: words, input: reader, inputIsTerminal: false,
      environment: { environment[$0].map { Array($0.utf8) } }, signal: { signal }, uptime: { 0 })
    if let now { console.now = { now } }
    status = Invocation.run(arguments, on: console)
    output.flush()
    words.flush()
    self.output = output.kept
    self.words = String(decoding: words.kept, as: UTF8.self)
  }

  init(
    _ arguments: String..., environment: [String: String] = [:], input: String = "",
    width: Int? = nil, signal: Int32? = nil
  ) throws {
    try self.init(
      arguments.map { Array($0.utf8) }, environment: environment, input: Array(input.utf8),
      width: width, signal: signal)
  }
}
