package import SystemPackage

/// Why a command ends early, in words that are safe to show.
package struct Failure: Error, Equatable, Sendable {
  package var status: ExitStatus
  /// Lower case, no full stop.
  package var sentence: String
  /// What to do about it.
  package var hint: String?
  /// What it is about, where that is a file.
  package var path: FilePath?

  package init(
    _ status: ExitStatus, _ sentence: String, hint: String? = nil, path: FilePath? = nil
  ) {
    self.status = status
    self.sentence = sentence
    self.hint = hint
    self.path = path
  }

  var json: JSON {
    var members: [(String, JSON)] = [
      ("type", .string("error")), ("code", .number(UInt64(max(0, status.rawValue)))),
      ("message", .string(sentence)),
    ]
    if let hint { members.append(("hint", .string(hint))) }
    if let path { members.append(JSON.member("path", path)) }
    return .object(members)
  }
}
