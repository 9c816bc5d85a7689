public import MartletSeal
public import MartletWire

// The words of this library, where another module has the same ones for something else.

/// Names a device: BLAKE2b-256 over its two public keys.
public typealias DeviceID = MartletSeal.DeviceID
/// Names a group.
public typealias GroupID = MartletWire.GroupID
/// Names an object: BLAKE2b-256 of its bytes.
public typealias ObjectID = MartletWire.ObjectID
/// A device's public keys and name, signed by itself.
public typealias Card = MartletSeal.Card
