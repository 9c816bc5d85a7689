public import MartletNode

/// Takes change messages; what they say is put together when a folder is scanned or applied.
public struct FolderClient: Client {
  public init() {}
  public var type: String { FolderChange.client }

  public func validate(_ message: ClientMessage) -> Validation {
    (try? FolderChange(decoding: message.body)) == nil ? .reject : .accept
  }

  public func deliver(_ message: ClientMessage, state: inout [UInt8]) {}
}
