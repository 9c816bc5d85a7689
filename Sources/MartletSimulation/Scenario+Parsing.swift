/// Why a scenario cannot be read.
package struct ScenarioError: Error, Equatable, CustomStringConvertible {
  package var line: Int
  package var reason: String

  package var description: String { line == 0 ? reason : "line \(line): \(reason)" }
}

extension Scenario {
  /// Longer than this is no scenario, in bytes.
  package static let textByteCountLimit = 1 << 20
  package static let deviceLimit = 1000

  /// Reads the text form: one statement a line, words between spaces, comments after `#`.
  package init(name: String, text: String) throws(ScenarioError) {
    self.init(name: name)
    guard text.utf8.count <= Self.textByteCountLimit else {
      throw ScenarioError(line: 0, reason: "too long")
    }
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
      guard let first = words.first else { continue }
      var statement = Statement(words: words.dropFirst(), line: index + 1)
      try read(first, &statement)
      if let rest = statement.words.first { throw statement.error("what is \"\(rest)\"?") }
    }
    guard length > 0 else { throw ScenarioError(line: 0, reason: "no length") }
    guard !devices.isEmpty || variety != nil else {
      throw ScenarioError(line: 0, reason: "no device")
    }
  }

  private mutating func read(
    _ word: String, _ statement: inout Statement
  ) throws(ScenarioError) {
    switch word {
    case "length": length = try statement.duration()
    case "tick": tick = max(1, try statement.duration())
    case "round-trip": roundTrip = try statement.duration()
    case "unhealed": settles = false
    case "device": try readDevices(&statement)
    case "link": try readLinks(&statement)
    case "meetings":
      var meetings = Meetings(carrier: try statement.carrier(), interval: 0)
      try statement.expect("every")
      meetings.interval = max(1, try statement.duration())
      meetings.mishaps = try statement.mishaps()
      self.meetings = meetings
    case "group":
      let name = try statement.word("a name")
      var members: [Int] = []
      while !statement.words.isEmpty { members += try indexes(try statement.word(""), statement) }
      guard members.count > 1, Set(members).count == members.count else {
        throw statement.error("a group has two members or more, each once")
      }
      groups.append(Group(name: name, members: members))
    case "write": try readWriting(&statement)
    case "fault":
      let name = try statement.word("a fault")
      guard let kind = FaultKind(rawValue: name) else {
        throw statement.error("there is no fault \(name)")
      }
      faults.append(Fault(kind: kind, perYear: try statement.number()))
      try statement.expect("a-year")
    case "random":
      try statement.expect("devices")
      let least = try statement.count()
      let most = try statement.count()
      guard (2...Self.deviceLimit).contains(least), least <= most, most <= Self.deviceLimit else {
        throw statement.error("between 2 and \(Self.deviceLimit) devices")
      }
      try statement.expect("contacts")
      let contacts = try statement.count()
      try statement.expect("messages")
      variety = Variety(
        devices: least...most, contacts: contacts, messages: try statement.count())
    default: throw statement.error("there is no statement \(word)")
    }
  }

  private mutating func readDevices(_ statement: inout Statement) throws(ScenarioError) {
    let names = try statement.names()
    var availability = Availability.always
    if statement.take("on") {
      let on = try statement.duration()
      try statement.expect("off")
      let off = try statement.duration()
      guard on > 0 else { throw statement.error("never on") }
      let from = statement.take("from") ? try statement.duration() : 0
      availability = .periods(on: on, off: off, from: from)
    } else if statement.take("up") {
      let fraction = try statement.number()
      try statement.expect("in")
      let length = try statement.duration()
      guard fraction > 0, fraction <= 1, length > 0 else {
        throw statement.error("up a fraction, above 0 and at most 1, in windows of a length")
      }
      availability = .windows(fraction: fraction, length: length)
    }
    for name in names {
      guard !devices.contains(where: { $0.name == name }) else {
        throw statement.error("\(name) is there twice")
      }
      devices.append(Device(name: name, availability: availability))
    }
    guard devices.count <= Self.deviceLimit else {
      throw statement.error("more than \(Self.deviceLimit) devices")
    }
  }

  private mutating func readLinks(_ statement: inout Statement) throws(ScenarioError) {
    let ones = try indexes(try statement.word("a device"), statement)
    let others = try indexes(try statement.word("a device"), statement)
    let carrier = try statement.carrier()
    let isRandom = statement.take("about")
    try statement.expect("every")
    let interval = max(1, try statement.duration())
    let mishaps = try statement.mishaps()
    for one in ones {
      for other in others where one != other {
        links.append(
          Link(
            one: one, other: other, carrier: carrier, interval: interval, isRandom: isRandom,
            mishaps: mishaps))
      }
    }
  }

  private mutating func readWriting(_ statement: inout Statement) throws(ScenarioError) {
    let authors = try indexes(try statement.word("a device"), statement)
    let name = try statement.word("a group")
    guard let group = groups.firstIndex(where: { $0.name == name }) else {
      throw statement.error("there is no group \(name)")
    }
    let occasion: Writing.Occasion
    if statement.take("at") {
      occasion = .at(try statement.duration())
    } else {
      let count = try statement.count()
      try statement.expect("before")
      occasion = .times(count, until: try statement.duration())
    }
    for author in authors {
      guard groups[group].members.contains(author) else {
        throw statement.error("\(devices[author].name) is no member of \(name)")
      }
      writings.append(Writing(author: author, group: group, occasion: occasion))
    }
  }

  /// The devices that a word means: one, a row such as `v1..20`, or `all`.
  private func indexes(_ word: String, _ statement: Statement) throws(ScenarioError) -> [Int] {
    if word == "all" { return Array(devices.indices) }
    var result: [Int] = []
    for name in try Statement.row(word, statement) {
      guard let index = devices.firstIndex(where: { $0.name == name }) else {
        throw statement.error("there is no device \(name)")
      }
      result.append(index)
    }
    return result
  }
}

/// The words of one line that were not read yet.
private struct Statement {
  var words: ArraySlice<String>
  let line: Int

  func error(_ reason: String) -> ScenarioError { ScenarioError(line: line, reason: reason) }

  mutating func take(_ word: String) -> Bool {
    guard words.first == word else { return false }
    words.removeFirst()
    return true
  }

  mutating func expect(_ word: String) throws(ScenarioError) {
    guard take(word) else { throw error("\"\(word)\" is missing") }
  }

  mutating func word(_ what: String) throws(ScenarioError) -> String {
    guard let word = words.popFirst() else { throw error("\(what) is missing") }
    return word
  }

  mutating func number() throws(ScenarioError) -> Double {
    let text = try word("a number")
    guard let number = Double(text), number >= 0, number.isFinite, number < 1e9 else {
      throw error("\(text) is no number")
    }
    return number
  }

  mutating func count() throws(ScenarioError) -> Int {
    let text = try word("a number")
    guard let count = Int(text), (0...1_000_000).contains(count) else {
      throw error("\(text) is no number up to 1000000")
    }
    return count
  }

  /// Such as `30s`, `5m`, `2h`, `7d` or `1y`, in seconds.
  mutating func duration() throws(ScenarioError) -> UInt64 {
    let text = try word("a time")
    let units: [Character: UInt64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "y": 365 * 86_400]
    guard let unit = text.last.flatMap({ units[$0] }), let count = UInt64(text.dropLast()),
      count <= 1_000_000
    else { throw error("\(text) is no time such as 30s, 5m, 2h, 7d or 1y") }
    return count * unit
  }

  mutating func carrier() throws(ScenarioError) -> Scenario.Carrier {
    let text = try word("a carrier")
    guard let carrier = Scenario.Carrier(rawValue: text) else {
      throw error("there is no carrier \(text)")
    }
    return carrier
  }

  mutating func probability() throws(ScenarioError) -> Double {
    let number = try number()
    guard number <= 1 else { throw error("\(number) is no probability") }
    return number
  }

  mutating func mishaps() throws(ScenarioError) -> Scenario.Mishaps {
    var mishaps = Scenario.Mishaps()
    while let kind = words.popFirst() {
      switch kind {
      case "lose": mishaps.loss = try probability()
      case "repeat": mishaps.copy = try probability()
      case "cut": mishaps.cut = try probability()
      case "flip": mishaps.flip = try probability()
      case "replay": mishaps.replay = try probability()
      case "takes":
        let least = try duration()
        let most = take("to") ? try duration() : least
        guard least <= most else { throw error("from less to more") }
        mishaps.latency = least...most
      default: throw error("there is no mishap \(kind)")
      }
    }
    return mishaps
  }

  mutating func names() throws(ScenarioError) -> [String] {
    var names = try Self.row(try word("a name"), self)
    while let next = words.first, !["on", "up"].contains(next) {
      words.removeFirst()
      names += try Self.row(next, self)
    }
    return names
  }

  /// `v1..3` is v1 v2 v3; anything else is itself.
  static func row(_ word: String, _ statement: Statement) throws(ScenarioError) -> [String] {
    let parts = word.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[1].isEmpty else { return [word] }
    let stem = parts[0].reversed().drop { $0.isASCII && $0.isNumber }.reversed()
    guard let lower = Int(parts[0].dropFirst(stem.count)), let upper = Int(parts[2]),
      lower >= 0, lower <= upper, upper - lower < Scenario.deviceLimit
    else { throw statement.error("\(word) is no row such as v1..20") }
    return (lower...upper).map { String(stem) + String($0) }
  }
}
