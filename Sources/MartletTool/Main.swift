internal import MartletCommands
internal import MartletFileSystem

#if canImport(Darwin)
  internal import Darwin
#else
  internal import Glibc
#endif

@main
enum Main {
  static func main() {
    ThisProcess.keepStandardFiles()
    ThisProcess.reuseMemory()
    StopSignals.catch()
    exit(Invocation.run(ThisProcess.arguments, on: .ofThisProcess()))
  }
}
