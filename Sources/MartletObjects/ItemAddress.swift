internal import MartletSeal
package import MartletWire

/// The name of one item: `ID` of the message that is all its own, or `ID/n` in a batch.
package struct ItemAddress: Hashable, Sendable, CustomStringConvertible {
  package let message: ObjectID
  /// Counts from 0; nil for a message as a whole.
  package let index: Int?

  package init(message: ObjectID, index: Int? = nil) {
    self.message = message
    self.index = index
  }

  /// Reads what ``description`` writes, and upper-case digits; nil for anything else.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let id = ObjectID(hex: String(parts[0])) else {
      return nil
    }
    message = id
    guard parts.count == 2 else {
      index = nil
      return
    }
    guard let number = Int(parts[1]), number >= 0, String(number) == parts[1],
      number < DataContent.itemLimit
    else { return nil }
    index = number
  }

  package var description: String {
    if let index { "\(message)/\(index)" } else { "\(message)" }
  }

  /// The item of that address in the body of its message.
  ///
  /// - Returns: nil unless the index is one of the batch's, or left out where there is one item.
  package func item(in content: DataContent) -> [UInt8]? {
    guard case .items(let items, _) = content else { return nil }
    if let index { return items.indices.contains(index) ? items[index] : nil }
    return items.count == 1 ? items[0] : nil
  }
}
