internal import ArgumentParser
internal import MartletFileSystem
internal import SystemPackage

struct ScheduleShowVerb: Verb {
  static let configuration = CommandConfiguration.verb(
    "show", "Prints what makes this store sync by itself: a crontab line, and a systemd timer.",
    "Nothing is installed: put one of them where it says.",
    examples: "martlet schedule show /media/stick\nmartlet schedule show /media/stick --every 60")

  @Argument(help: ArgumentHelp("The directory to sync (default: /media/stick).", valueName: "dir"))
  var directory: PathArgument?
  @Option(name: .customLong("every"), help: ArgumentHelp("Minutes between.", valueName: "minutes"))
  var minutes = 15
  @OptionGroup(title: "Options everywhere") var common: CommonOptions

  func validate() throws {
    // Cron begins anew with each hour and day, so only what divides them comes evenly.
    guard
      (1...1440).contains(minutes),
      minutes < 60 ? 60 % minutes == 0 : minutes % 60 == 0 && 1440 % minutes == 0
    else {
      throw ValidationError(
        "--every takes minutes that divide an hour, or whole hours that divide a day")
    }
  }

  func execute(on console: Console) throws(Failure) -> ExitStatus {
    let program = ThisProcess.programPath ?? "/usr/local/bin/martlet"
    let arguments =
      [program.bytes, Array("sync".utf8), Array("--quiet".utf8), Array("--store".utf8)]
      + [absolute(try console.storePath()), absolute(directory?.path ?? "/media/stick")].map(
        \.bytes)
    guard arguments.allSatisfy({ !$0.contains(0x0A) && !$0.contains(0x0D) }) else {
      throw Failure(.usage, "a path with a line break cannot stand in a crontab or a unit")
    }
    let cron = Schedule.cronLine(arguments, minutes: minutes)
    let service = Schedule.service(arguments)
    let timer = Schedule.timer(minutes: minutes)
    if console.options.isJSON {
      console.output.line(
        JSON.object([
          ("type", "schedule"), JSON.member("cron", cron), JSON.member("service", service),
          ("timer", .string(timer)),
        ]).text)
      return .done
    }
    console.output.line("# for `crontab -e`:")
    console.output.write(cron + [0x0A])
    console.output.line("\n# or, as ~/.config/systemd/user/martlet.service:")
    console.output.write(service)
    console.output.line("\n# and ~/.config/systemd/user/martlet.timer:")
    console.output.write(timer)
    console.output.line("\n# then: systemctl --user enable --now martlet.timer")
    return .done
  }

  private func absolute(_ path: FilePath) -> FilePath {
    guard path.isRelative, let directory = ThisProcess.currentDirectory else { return path }
    return directory.pushing(path).lexicallyNormalized()
  }
}

/// The texts that other programs read; bytes, since paths are.
package enum Schedule {
  /// `*/15 * * * * 'martlet' 'sync' ...`
  package static func cronLine(_ arguments: [[UInt8]], minutes: Int) -> [UInt8] {
    let when =
      if minutes < 60 { minutes == 1 ? "* * * * *" : "*/\(minutes) * * * *" } else if minutes < 1440
      {
        minutes == 60 ? "0 * * * *" : "0 */\(minutes / 60) * * *"
      } else { "0 0 * * *" }
    var line = Array(when.utf8)
    for argument in arguments {
      line.append(0x20)
      // In a crontab % is a line break, within quotes too.
      for byte in shellQuoted(argument) { line += byte == 0x25 ? [0x5C, 0x25] : [byte] }
    }
    return line
  }

  /// In single quotes unless there is nothing to quote.
  static func shellQuoted(_ argument: [UInt8]) -> [UInt8] {
    let isPlain = argument.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x2F, 0x5F: true
      default: false
      }
    }
    if isPlain, !argument.isEmpty { return argument }
    var quoted: [UInt8] = [0x27]
    for byte in argument { quoted += byte == 0x27 ? Array("'\\''".utf8) : [byte] }
    return quoted + [0x27]
  }

  package static func service(_ arguments: [[UInt8]]) -> [UInt8] {
    var unit = Array(
      "[Unit]\nDescription=Sync with Martlet\n\n[Service]\nType=oneshot\n".utf8)
    // Somebody else at work, or no medium, is not a failure of this machine.
    unit += Array("SuccessExitStatus=69 75\nExecStart=".utf8)
    for (index, argument) in arguments.enumerated() {
      if index > 0 { unit.append(0x20) }
      unit += systemdQuoted(argument)
    }
    return unit + [0x0A]
  }

  /// In double quotes, with what systemd replaces doubled.
  static func systemdQuoted(_ argument: [UInt8]) -> [UInt8] {
    var quoted: [UInt8] = [0x22]
    for byte in argument {
      switch byte {
      case 0x22, 0x5C: quoted += [0x5C, byte]
      case 0x25, 0x24: quoted += [byte, byte]
      default: quoted.append(byte)
      }
    }
    return quoted + [0x22]
  }

  package static func timer(minutes: Int) -> String {
    """
    [Unit]
    Description=Sync with Martlet every \(minutes) minutes

    [Timer]
    OnStartupSec=2min
    OnUnitActiveSec=\(minutes)min

    [Install]
    WantedBy=timers.target

    """
  }
}
