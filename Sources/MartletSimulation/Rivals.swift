internal import MartletTestSupport

/// Other ways to get messages across mail that loses and is slow, as plain models: no stores, no
/// bundles as such, only what is sent when. They stand beside our own figures in a table.
///
/// One device sends to another, which answers every so often; both mails are lost independently
/// and take a time within a range. Both write mail once an interval, if they have anything to say.
package enum Rival: String, Sendable, CaseIterable {
  /// Each message goes again after a time that doubles, until it is acknowledged.
  case backOff = "timer with back-off"
  /// Each message goes again after a fixed time, until it is acknowledged.
  case fixedTimer = "fixed timer"
  /// Each message goes three times, in three mails that follow each other, and never again.
  case copies = "three copies"
  /// Every mail has everything in it that is not acknowledged.
  case cumulative = "cumulative"

  /// The mail between the two, in seconds.
  package struct Mail: Sendable {
    package var loss = 0.3
    package var latency: ClosedRange<UInt64> = (7 * 86_400)...(9 * 86_400)
    /// Between two mails of one device.
    package var interval: UInt64 = 86_400
    /// After which a timer goes off the first time.
    package var timer: UInt64 = 20 * 86_400

    package init() {}
  }

  /// What came of it.
  package struct Outcome: Equatable, Sendable {
    /// Messages sent, of all copies.
    package var carried = 0
    package var delivered = 0
    package var messages = 0
    /// Seconds from the writing of a message to its arrival, ascending.
    package var delays: [UInt64] = []

    package init() {}

    package var copies: Double { Double(carried) / Double(max(1, delivered)) }

    package func delay(percentile: Double) -> UInt64? {
      guard !delays.isEmpty else { return nil }
      let index = Int((Double(delays.count) * percentile / 100).rounded(.up)) - 1
      return delays[max(0, min(index, delays.count - 1))]
    }
  }

  private struct Message {
    var written: UInt64
    var lastSent: UInt64?
    var count: UInt64 = 0
    var isHeld = false
    var isKnown = false
  }

  /// Runs one seed.
  ///
  /// - Parameters:
  ///   - count: Messages, written at random times before `until`.
  ///   - length: Seconds after which nothing is looked at any more.
  package func run(
    _ mail: Mail, count: Int, until: UInt64, length: UInt64, seed: UInt64
  ) -> Outcome {
    let random = SeededRandom(seed: seed)
    var messages = (0..<count).map { _ in random.next() % max(1, until) }.sorted()
      .map { Message(written: $0) }
    var outcome = Outcome()
    outcome.messages = count
    // Under way: when it arrives, and which messages it brings or acknowledges.
    var there: [(time: UInt64, messages: [Int])] = []
    var back: [(time: UInt64, messages: [Int])] = []
    func under() -> UInt64 {
      mail.latency.lowerBound
        + random.next() % (mail.latency.upperBound - mail.latency.lowerBound + 1)
    }
    for now in stride(from: 0, to: length, by: Int(mail.interval)) {
      for arrived in there where arrived.time <= now {
        for index in arrived.messages where !messages[index].isHeld {
          messages[index].isHeld = true
          outcome.delivered += 1
          outcome.delays.append(arrived.time - messages[index].written)
        }
      }
      there.removeAll { $0.time <= now }
      for arrived in back where arrived.time <= now {
        for index in arrived.messages { messages[index].isKnown = true }
      }
      back.removeAll { $0.time <= now }
      if messages.allSatisfy(\.isKnown) { break }
      var sending: [Int] = []
      for index in messages.indices where messages[index].written <= now {
        guard isDue(messages[index], now, mail) else { continue }
        sending.append(index)
        messages[index].lastSent = now
        messages[index].count += 1
      }
      if !sending.isEmpty {
        outcome.carried += sending.count
        if !random.chance(mail.loss) { there.append((now + under(), sending)) }
      }
      // An acknowledgement says everything that is held: whoever loses one has the next.
      let held = messages.indices.filter { messages[$0].isHeld && !messages[$0].isKnown }
      if !held.isEmpty, !random.chance(mail.loss) { back.append((now + under(), held)) }
    }
    outcome.delays.sort()
    return outcome
  }

  private func isDue(_ message: Message, _ now: UInt64, _ mail: Mail) -> Bool {
    guard let last = message.lastSent else { return true }
    switch self {
    case .copies: return message.count < 3
    case .cumulative: return !message.isKnown
    case .fixedTimer: return !message.isKnown && now - last >= mail.timer
    case .backOff:
      return !message.isKnown && now - last >= mail.timer << min(20, message.count - 1)
    }
  }
}
