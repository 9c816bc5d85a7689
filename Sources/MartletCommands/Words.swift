/// Numbers as people read them.
enum Words {
  /// `1 message`, `2 messages`.
  static func count(_ count: UInt64, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
  }

  static func count(_ count: Int, _ noun: String) -> String {
    self.count(UInt64(max(0, count)), noun)
  }

  /// `512 bytes`, `34.5 kB`, in thousands.
  static func bytes(_ count: UInt64) -> String {
    if count < 1000 { return self.count(count, "byte") }
    var unit = 0
    var scale: UInt64 = 1000
    let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
    while unit + 1 < units.count, count / scale >= 1000 {
      scale *= 1000
      unit += 1
    }
    return "\(count / scale).\(count / (scale / 10) % 10) \(units[unit])"
  }

  /// `1.250 s` as `1.2 s`.
  static func seconds(milliseconds: UInt64) -> String {
    "\(milliseconds / 1000).\(milliseconds / 100 % 10) s"
  }

  /// `clinic`, `clinic and laptop`, `a, b and c`; escaped.
  static func list(_ names: [String]) -> String {
    let shown = names.map { Escape.text($0) }
    guard let last = shown.last, shown.count > 1 else { return shown.first ?? "nobody" }
    return shown.dropLast().joined(separator: ", ") + " and " + last
  }

  /// Rows with their columns one under the other, and nothing behind the last.
  static func table(_ rows: [[String]]) -> [String] {
    var widths: [Int] = []
    for row in rows {
      for (column, cell) in row.enumerated() {
        if column == widths.count { widths.append(0) }
        widths[column] = max(widths[column], cell.count)
      }
    }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        line += cell
        if column + 1 < row.count {
          line += String(repeating: " ", count: widths[column] - cell.count + 2)
        }
      }
      while line.hasSuffix(" ") { line.removeLast() }
      return line
    }
  }
}
