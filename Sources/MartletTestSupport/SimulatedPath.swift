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
      if known.count >= 10_000 { known = [:] }
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

  /// Paths seen before: taking one apart costs more than all else that a simulated call does.
  /// By their text, which is hashed faster; those that are none are taken apart each time.
  private static let known = Mutex<[String: [SimulatedStep]]>([:])

  static func steps(of path: FilePath) -> [SimulatedStep] {
    guard let text = path.withPlatformString({ String(validatingCString: $0) }) else {
      return takeApart(path)
    }
    if let steps = known.withLock({ $0[text] }) { return steps }
    let steps = takeApart(path)
    known.withLock { known in
      if known.count >= 10_000 { known = [:] }
      known[text] = steps
    }
    return steps
  }

  private static func takeApart(_ path: FilePath) -> [SimulatedStep] {
    path.components.map { component -> SimulatedStep in
      switch component.kind {
      case .currentDirectory: .stay
      case .parentDirectory: .leave
      case .regular: .enter(SimulatedName(component))
      }
    }
  }
}
