import MartletCommands
import Testing

@Suite("What syncs by itself")
struct ScheduleTests {
  let arguments = ["/usr/bin/martlet", "sync", "/media/it's 50% $x\"\\"].map { Array($0.utf8) }

  @Test("is a line for cron, with quotes that a shell takes away again")
  func cron() {
    let line = String(decoding: Schedule.cronLine(arguments, minutes: 15), as: UTF8.self)
    #expect(line == #"*/15 * * * * /usr/bin/martlet sync '/media/it'\''s 50\% $x"\'"#)
  }

  @Test(
    "comes as often as asked",
    arguments: [
      (1, "* * * * * "), (30, "*/30 * * * * "), (60, "0 * * * * "), (120, "0 */2 * * * "),
      (1440, "0 0 * * * "),
    ])
  func often(minutes: Int, expected: String) {
    let line = String(decoding: Schedule.cronLine([[0x78]], minutes: minutes), as: UTF8.self)
    #expect(line == expected + "x")
  }

  @Test("is a systemd service, with quotes that systemd takes away again")
  func systemd() {
    let unit = String(decoding: Schedule.service(arguments), as: UTF8.self)
    #expect(
      unit.hasSuffix(
        #"ExecStart="/usr/bin/martlet" "sync" "/media/it's 50%% $$x\"\\""# + "\n"))
    #expect(Schedule.timer(minutes: 15).contains("OnUnitActiveSec=15min\n"))
  }

  @Test("names the program and the store by absolute paths")
  func absolute() throws {
    let command = try Command("schedule", "show", "stick", "--store", "store")
    #expect(command.status == 0)
    let line = try #require(command.lines.first { $0.hasPrefix("*/15") })
    let paths = line.split(separator: " ").dropFirst(5).filter { $0.contains("/") }
    #expect(paths.count == 3)
    #expect(paths.allSatisfy { $0.drop(while: { $0 == "'" }).hasPrefix("/") })
  }
}
