package import MartletSeal
package import MartletWire

/// The keys of groups that this device was given, by their names.
package struct GroupKeys: Sendable {
  private var keys: [KeyID: SecretKey] = [:]

  package init() {}

  package init(_ keys: some Sequence<SecretKey>) {
    for key in keys { insert(key) }
  }

  /// The name of a key: a labelled hash of it.
  package static func id(of key: SecretKey) -> KeyID {
    KeyID(Hash.labelled(.keyID, key.exposedBytes()))
  }

  @discardableResult
  package mutating func insert(_ key: SecretKey) -> KeyID {
    let id = GroupKeys.id(of: key)
    keys[id] = key
    return id
  }

  package subscript(id: KeyID) -> SecretKey? { keys[id] }

  package var ids: [KeyID] { keys.keys.sorted() }

  /// The key of that name.
  ///
  /// - Throws: ``ObjectError/keyMissing(_:)``.
  func key(_ id: KeyID) throws(ObjectError) -> SecretKey {
    guard let key = keys[id] else { throw .keyMissing(id) }
    return key
  }
}
