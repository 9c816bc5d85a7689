/// A name of 32 bytes, typed by what it names.
public struct Identifier<Kind>: Hashable, Comparable, Sendable {
  public let digest: Digest

  public init(_ digest: Digest) { self.digest = digest }

  /// Takes exactly 32 bytes; anything else is nil.
  public init?(_ bytes: some Collection<UInt8>) {
    guard let digest = Digest(bytes) else { return nil }
    self.digest = digest
  }

  /// Reads 64 hexadecimal digits; nil for anything else.
  public init?(hex: String) {
    guard let digest = Digest(hex: hex) else { return nil }
    self.digest = digest
  }

  public var bytes: [UInt8] { digest.bytes }
  public var hex: String { digest.hex }

  public static func < (left: Self, right: Self) -> Bool { left.digest < right.digest }
}

extension Identifier: CustomStringConvertible {
  public var description: String { digest.hex }
}

public enum DeviceKind: Sendable {}
/// Names a device: BLAKE2b-256 over its two public keys.
public typealias DeviceID = Identifier<DeviceKind>
