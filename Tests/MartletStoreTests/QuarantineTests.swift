import MartletFileSystem
import MartletStore
import MartletTestSupport
import SystemPackage
import Testing

@Suite("A stranger's bundle")
struct QuarantineTests {
  let disk = SimulatedFileSystem()

  init() throws { try Store.create(at: "/s", on: disk, identity: [], limits: StoreTests.limits) }

  func store(_ access: Store.Access = .writing(wait: false)) throws -> Store {
    try Store(at: "/s", on: disk, for: access, limits: StoreTests.limits)
  }

  func keep(
    _ name: String, _ bytes: [UInt8], in store: Store, byteCount: Int? = nil,
    _ limits: QuarantineLimits = QuarantineLimits()
  ) throws(StoreError) -> Bool {
    var rest = bytes[...]
    return try store.quarantine(
      named: name, byteCount: UInt64(byteCount ?? bytes.count), limits: limits
    ) { (buffer) throws(StoreError) in
      let part = rest.prefix(3)
      buffer.replaceSubrange(0..<part.count, with: part)
      rest = rest.dropFirst(3)
      return part.count
    }
  }

  @Test("is kept whole, listed, read and removed")
  func life() throws {
    let store = try store()
    #expect(try keep("ab12", [1, 2, 3, 4], in: store))
    #expect(try keep("ab12", [9], in: store))
    #expect(try keep("ff", [], in: store))
    #expect(
      try store.quarantined().map { "\($0.name) \($0.byteCount)" } == ["ab12 4", "ff 0"])
    let path = try #require(try store.openQuarantined("ab12"))
    #expect(try disk.readAll(path, limit: 9) == [1, 2, 3, 4])
    #expect(try store.openQuarantined("ab") == nil)
    try store.removeQuarantined("ab12")
    try store.removeQuarantined("ab12")
    #expect(try store.quarantined().map(\.name) == ["ff"])
  }

  @Test("is not kept beyond the limits, nor if it is longer than was said")
  func limits() throws {
    let store = try store()
    var limits = QuarantineLimits()
    limits.byteCount = 10
    limits.fileCount = 3
    #expect(try keep("a", Array(repeating: 1, count: 6), in: store, limits))
    #expect(try !keep("b", Array(repeating: 1, count: 5), in: store, limits))
    #expect(try keep("b", Array(repeating: 1, count: 4), in: store, limits))
    #expect(try keep("c", [], in: store, limits))
    #expect(try !keep("d", [], in: store, limits))
    #expect(try !keep("e", [1, 2, 3], in: store, byteCount: 2))
    #expect(try store.quarantined().map(\.name) == ["a", "b", "c"])
    #expect(try disk.list("/s/tmp").isEmpty)
  }

  @Test(
    "is not kept under a name that is no hash",
    arguments: ["", "A", "g", "../a", "a/b", "a.b", String(repeating: "a", count: 65), "é"])
  func names(name: String) throws {
    let store = try store()
    #expect(throws: StoreError.notAName(name)) { try keep(name, [1], in: store) }
    #expect(throws: StoreError.notAName(name)) { try store.openQuarantined(name) }
    #expect(throws: StoreError.notAName(name)) { try store.removeQuarantined(name) }
  }

  @Test("is not kept by a reader")
  func reader() throws {
    let store = try store(.reading)
    #expect(throws: StoreError.readOnly("/s")) { try keep("a", [1], in: store) }
    #expect(throws: StoreError.readOnly("/s")) { try store.removeQuarantined("a") }
  }

  @Test("is there whole or not at all, wherever the power is cut", arguments: 1...30)
  func everyCall(call: Int) throws {
    let bytes = (0..<7).map { UInt8($0) }
    for seed in 0..<5 as Range<UInt64> {
      var isKept = false
      do {
        let store = try store()
        disk.cutPower(atCall: call)
        isKept = (try? keep("a", bytes, in: store)) ?? false
      }
      let after = disk.powerCut(seed: seed)
      let store = try Store(
        at: "/s", on: after, for: .writing(wait: false), limits: StoreTests.limits)
      let path = try store.openQuarantined("a")
      #expect(path != nil || !isKept, "seed \(seed)")
      if let path { #expect(try after.readAll(path, limit: 99) == bytes, "seed \(seed)") }
      #expect(try keep("a", bytes, in: store))
      disk.restart(seed: seed)
      try self.store().removeQuarantined("a")
    }
  }

  @Test("that cannot be written is not kept", arguments: [Errno.noSpace, .ioError])
  func failures(errno: Errno) throws {
    for call in 1...30 {
      let store = try store()
      disk.fail(nil, number: call, with: errno)
      do throws(StoreError) {
        let isKept = try keep("a", [1, 2, 3, 4], in: store)
        #expect(isKept)
      } catch { #expect(error == .system(try #require(error.failure))) }
      disk.clearFaults()
      #expect(try keep("a", [1, 2, 3, 4], in: store))
      let after = try Store(
        at: "/s", on: disk.powerCut(seed: UInt64(call)), for: .reading,
        limits: StoreTests.limits)
      #expect(try after.quarantined().map(\.byteCount) == [4], "call \(call)")
      try store.removeQuarantined("a")
    }
  }
}

extension StoreError {
  /// The failed call, where there is one.
  var failure: FileSystemError? {
    switch self {
    case .system(let failure), .discarded(let failure), .outcomeUnknown(let failure): failure
    default: nil
    }
  }
}
