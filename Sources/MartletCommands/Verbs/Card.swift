internal import ArgumentParser
internal import MartletNode
internal import MartletSeal

struct CardVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "card", "Prints this device's card: its name and public keys, on one line.",
    "There is no secret in it. Two devices that have each other's card are peers.",
    examples: "martlet card > laptop.card")

  @Flag(name: .customLong("qr"), help: "Not built yet.")
  var isQR = false
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    if isQR {
      throw Failure(
        .usage, "this version cannot draw a card as a QR code",
        hint: "`martlet card | qrencode -t ANSIUTF8` does, where qrencode is installed")
    }
    let node = try console.open(writing: false)
    let card = node.card
    console.answer(
      .object([
        ("type", "card"), ("name", .string(card.name)), ("device", .string(card.deviceID.hex)),
        ("card", .string(card.text)),
      ]), card.text)
    return .done
  }
}
