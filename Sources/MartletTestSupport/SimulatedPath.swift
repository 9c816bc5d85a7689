internal import MartletFileSystem
internal import Synchronization
internal import SystemPackage

/// A name in a simulated directory: bytes, quick to compare.
struct SimulatedName: Hashable, Sendable {
  /// A character for each byte, so that names that are not UTF-8 differ too.
  let key: String
  let byteCount: Int

  init(_ component: FilePath.Component) {
    self.init(FilePath(root: nil, [component]).bytes)
  }

  init(_ bytes: [UInt8]) {
    key = String(decoding: bytes.map { UInt16($0) }, as: UTF16.self)
    byteCount = bytes.count
  }

  var bytes: [UInt8] { key.utf16.map { UInt8(truncatingIfNeeded: $0) } }

  /// Nil if it is no name in a path.
  var component: FilePath.Component? {
    if let component = Self.known.withLock({ $0[key] }) { return component }
    let component = FilePath(bytes: bytes).lastComponent
    Self.known.withLock { known in
      if known.count >= 100_000 { known = [:] }
      known[key] = component
    }
    return component
  }

  /// Names seen before: making a component costs more than all else that a simulated call does.
  private static let known = Mutex<[String: FilePath.Component]>([:])

  static func == (left: Self, right: Self) -> Bool { left.key == right.key }
  func hash(into hasher: inout Hasher) { hasher.combine(key) }
}

/// What a path says to do, one directory after the other.
enum SimulatedStep: Sendable {
  case stay
  case leave
  case enter(SimulatedName)

  /// Paths seen before, by their text: taking one apart costs more than all else that a simulated
  /// call does.
  private static let known = Mutex<[String: [SimulatedStep]]>([:])

  static func steps(of path: FilePath) -> [SimulatedStep] {
    let text = path.withPlatformString { String(validatingCString: $0) }
    if let text, let steps = known.withLock({ $0[text] }) { return steps }
    let steps = takeApart(text.map { Array($0.utf8) } ?? path.bytes)
    if let text {
      known.withLock { known in
        if known.count >= 100_000 { known = [:] }
        known[text] = steps
      }
    }
    return steps
  }

  private static func takeApart(_ bytes: [UInt8]) -> [SimulatedStep] {
    var steps: [SimulatedStep] = []
    var start = 0
    for end in 0...bytes.count where end == bytes.count || bytes[end] == 0x2F {
      if end > start {
        let name = Array(bytes[start..<end])
        switch name {
        case [0x2E]: steps.append(.stay)
        case [0x2E, 0x2E]: steps.append(.leave)
        default: steps.append(.enter(SimulatedName(name)))
        }
      }
      start = end + 1
    }
    return steps
  }
}
