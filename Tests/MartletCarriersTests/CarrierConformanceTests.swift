import MartletCarriers
import SystemPackage
import Testing

@Suite("Every carrier", .serialized)
struct CarrierConformanceTests {
  @Test("gives back what was put, of every length", arguments: MediumKind.allCases)
  func roundTrip(kind: MediumKind) throws {
    let medium = try kind.make()
    #expect(try medium.list().isEmpty)
    for count in [0, 1, 511, 512, 513, 70_000] {
      let bytes = bytes(count, seed: UInt64(count))
      try medium.put(names[0], bytes)
      #expect(try medium.list() == [names[0]])
      #expect(try medium.get(names[0]) == bytes)
      try medium.remove(names[0])
      #expect(try medium.list().isEmpty)
    }
  }

  @Test("lists bundles by name, and nothing else", arguments: MediumKind.allCases)
  func listing(kind: MediumKind) throws {
    let medium = try kind.make()
    let strangers = [
      "notes.txt", ".martlet", "abcdefghijklm.MARTLET", "Abcdefghijklm.martlet",
      "abcdefghijkl1.martlet", "abcdefghijklmn.martlet", "abcdefghijklm.martlet.part",
    ]
    for name in strangers { try medium.plant(name, [7]) }
    for name in names.reversed() { try medium.put(name, [1]) }
    #expect(try medium.list() == names.sorted())
    for name in names { try medium.remove(name) }
    #expect(
      try medium.contents() == [String: [UInt8]](uniqueKeysWithValues: strangers.map { ($0, [7]) }))
  }

  @Test("refuses a name that is taken, and leaves it as it was", arguments: MediumKind.allCases)
  func duplicate(kind: MediumKind) throws {
    let medium = try kind.make()
    try medium.put(names[0], [1, 2, 3])
    guard case .exists(let path)? = failure({ try medium.put(names[0], [4]) }) else {
      Issue.record("it was put twice")
      return
    }
    #expect(path.lastComponent?.string == names[0])
    #expect(try medium.contents() == [names[0]: [1, 2, 3]])
  }

  @Test(
    "removes what is not there without a word, and no other names", arguments: MediumKind.allCases)
  func removal(kind: MediumKind) throws {
    let medium = try kind.make()
    try medium.plant("notes.txt", [7])
    try medium.remove(names[0])
    for name in ["notes.txt", "", ".", "..", "../\(names[0])", "x/\(names[0])"] {
      #expect(failure { try medium.remove(name) } != nil, "\(name)")
      #expect(failure { try medium.put(name, [1]) } != nil, "\(name)")
    }
    #expect(try medium.contents() == ["notes.txt": [7]])
  }

  @Test("hands out a file that somebody left in part as it is", arguments: MediumKind.allCases)
  func partial(kind: MediumKind) throws {
    let medium = try kind.make()
    try medium.plant(names[0], [1, 2])
    try medium.plant(names[1], [])
    #expect(try medium.list() == [names[0], names[1]].sorted())
    #expect(try medium.get(names[0]) == [1, 2])
    #expect(try medium.get(names[1]).isEmpty)
  }

  @Test("shows a reader a beginning while a slow writer is at work", arguments: MediumKind.allCases)
  func slow(kind: MediumKind) throws {
    let medium = try kind.make()
    let whole = bytes(5000, seed: 1)
    let pieces = stride(from: 0, to: 5000, by: 500).map { Array(whole[$0..<$0 + 500]) }
    var seen = 0
    try medium.put(
      names[0], pieces,
      meanwhile: {
        guard let found = try? medium.get(names[0]) else { return }
        #expect(whole.starts(with: found))
        seen += 1
      })
    #expect(seen > 0)
    #expect(try medium.get(names[0]) == whole)
  }

  @Test("says that it is full, leaves nothing half-written, and goes on once there is room")
  func full() throws {
    for kind in MediumKind.allCases {
      let medium = try kind.make()
      try medium.put(names[0], bytes(300, seed: 1))
      for room in stride(from: 0 as UInt64, to: 1000, by: 125) {
        guard medium.limit(toFree: room) else { break }
        let before = try medium.contents()
        let pieces = (0..<4).map { bytes(250, seed: $0) }
        let failure = failure { try medium.put(names[1], pieces, meanwhile: {}) }
        guard case .full(let path, let needed)? = failure else {
          Issue.record("\(String(describing: failure))")
          return
        }
        #expect(path.lastComponent?.string == names[1])
        #expect(needed.map { $0 > room && $0 <= 1000 } == true)
        #expect(try medium.contents() == before)
      }
      _ = medium.limit(toFree: 1000)
      try medium.put(names[1], bytes(1000, seed: 2))
      #expect(try medium.get(names[1]) == bytes(1000, seed: 2))
    }
  }

  @Test("says that it is gone", arguments: MediumKind.allCases)
  func gone(kind: MediumKind) throws {
    let medium = try kind.make()
    try medium.put(names[0], [1])
    try medium.pull()
    func isGone(_ body: () throws -> Void) -> Bool {
      if case .gone? = failure(body) { true } else { false }
    }
    #expect(isGone { _ = try medium.list() })
    #expect(isGone { _ = try medium.get(names[0]) })
    #expect(isGone { try medium.remove(names[0]) })
    #expect(isGone { try medium.put(names[1], [1]) })
  }

  @Test("says that it is gone when it is pulled while writing", arguments: MediumKind.allCases)
  func pulled(kind: MediumKind) throws {
    let medium = try kind.make()
    let failure = failure {
      try medium.put(names[0], [[1], [2]], meanwhile: { try? medium.pull() })
    }
    if case .gone? = failure { return }
    Issue.record("\(String(describing: failure))")
  }
}
