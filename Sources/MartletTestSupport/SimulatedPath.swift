internal import Synchronization
internal import SystemPackage

/// A name in a simulated directory: bytes, quick to compare.
struct SimulatedName: Hashable, Sendable {
  let component: FilePath.Component
  /// A character for each byte, so that names that are not UTF-8 differ too.
  let key: String

  init(_ component: FilePath.Component) {
    self.component = component
    let bytes = component.withPlatformString { start in
      var bytes: [UInt16] = []
      var next = start
      while next.pointee != 0 {
        bytes.append(UInt16(UInt8(bitPattern: next.pointee)))
        next += 1
      }
      return bytes
    }
    key = String(decoding: bytes, as: UTF16.self)
    byteCount = bytes.count
  }

  let byteCount: Int

  static func == (left: Self, right: Self) -> Bool { left.key == right.key }
  func hash(into hasher: inout Hasher) { hasher.combine(key) }
}

/// What a path says to do, one directory after the other.
enum SimulatedStep: Sendable {
  case stay
  case leave
  case enter(SimulatedName)

  /// Paths seen before: taking one apart costs more than all else that a simulated call does.
  private static let known = Mutex<[FilePath: [SimulatedStep]]>([:])

  static func steps(of path: FilePath) -> [SimulatedStep] {
    if let steps = known.withLock({ $0[path] }) { return steps }
    let steps = path.components.map { component -> SimulatedStep in
      switch component.kind {
      case .currentDirectory: .stay
      case .parentDirectory: .leave
      case .regular: .enter(SimulatedName(component))
      }
    }
    known.withLock { known in
      if known.count >= 10_000 { known = [:] }
      known[path] = steps
    }
    return steps
  }
}
