import MartletCommands
import MartletFileSystem
import MartletSeal
import MartletTestSupport
import Testing

@Suite("Arguments as bytes")
struct ArgumentTests {
  @Test("come through the parser as they went in, 1,000 random ones")
  func random() {
    let random = SeededRandom(seed: 11)
    for _ in 0..<1000 {
      let bytes = random.bytes(Int(random.next() % 30)).map { $0 == 0 ? 1 : $0 }
      let text = ArgumentBytes.encode(bytes)
      #expect(ArgumentBytes.decode(text) == bytes)
      #expect(PathArgument(bytes: bytes).path.bytes.count <= bytes.count)
    }
  }

  @Test("come through where they have the scalars that stand for bytes", arguments: 0...255)
  func stand(offset: Int) throws {
    let scalar = try #require(Unicode.Scalar(0x10_FF00 + UInt32(offset)))
    let bytes = Array(String(scalar).utf8)
    #expect(ArgumentBytes.decode(ArgumentBytes.encode(bytes)) == bytes)
    #expect(ArgumentBytes.encode(bytes) != String(scalar))
  }

  @Test("name a file whose name is not UTF-8")
  func path() throws {
    let argument = try #require(PathArgument(argument: ArgumentBytes.encode([0x2F, 0xFF, 0x61])))
    #expect(argument.path.bytes == [0x2F, 0xFF, 0x61])
    let command = try Command([
      Array("import".utf8), Array("--store".utf8), Array("/none".utf8), [0x2F, 0xFF, 0x61],
    ])
    #expect(command.status == 1)
  }

  @Test("that are names have to be UTF-8")
  func name() {
    #expect(NameArgument(argument: ArgumentBytes.encode([0xFF])) == nil)
    #expect(NameArgument(argument: "") == nil)
    #expect(
      NameArgument(argument: ArgumentBytes.encode(Array("é\u{10FF41}".utf8)))?.text == "é\u{10FF41}"
    )
  }

  @Test("never trap the program, 500 random ones")
  func fuzz() throws {
    let random = SeededRandom(seed: 5)
    let words = Martlet.commandWords.flatMap { $0 }
    for _ in 0..<500 {
      var arguments: [[UInt8]] = []
      for _ in 0..<(random.next() % 6) {
        switch random.next() % 5 {
        case 0: arguments.append(random.bytes(Int(random.next() % 12)).filter { $0 != 0 })
        case 1:
          arguments.append(
            Array(["--json", "--store", "-", "--", "--lines"][Int(random.next() % 5)].utf8))
        default: arguments.append(Array(words[Int(random.next() % UInt64(words.count))].utf8))
        }
      }
      let command = try Command(arguments, environment: ["MARTLET_STORE": "/dev/null/store"])
      #expect([0, 1, 2, 64, 65, 69, 74].contains(command.status), "\(arguments)")
      #expect(!command.words.unicodeScalars.contains { $0 != "\n" && Escape.isDangerous($0) })
    }
  }
}
