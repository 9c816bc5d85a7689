/// A time, absolute and in UTC: `2026-11-23T12:45:58Z`.
package struct Timestamp: Hashable, Sendable, CustomStringConvertible {
  private let seconds: UInt64

  /// Since 1970. Any number is a time; years past 9999 have more digits.
  package init(seconds: UInt64) { self.seconds = seconds }
  package init(milliseconds: UInt64) { self.init(seconds: milliseconds / 1000) }

  package var description: String {
    let (year, month, day) = Self.date(daysSince1970: seconds / 86400)
    let second = seconds % 86400
    let time = [second / 3600, second / 60 % 60, second % 60].map { Self.two($0) }
    let digits = String(year)
    let padded = String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    return "\(padded)-\(Self.two(month))-\(Self.two(day))T\(time.joined(separator: ":"))Z"
  }

  /// The Gregorian date, counted in eras of 400 years that start on the first of March.
  private static func date(daysSince1970 days: UInt64) -> (year: UInt64, UInt64, UInt64) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  private static func two(_ number: UInt64) -> String { (number < 10 ? "0" : "") + String(number) }
}
