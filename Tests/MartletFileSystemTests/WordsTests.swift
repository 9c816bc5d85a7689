import MartletFileSystem
import SystemPackage
import Testing

@Suite("The words of a failed call")
struct WordsTests {
  @Test("name the call, the path, and what to do", arguments: FileSystemCall.allCases)
  func sentence(call: FileSystemCall) {
    for number in 1...133 as ClosedRange<Int32> {
      let error = FileSystemError(call, "store/commit", Errno(rawValue: number))
      #expect(error.description.hasPrefix("cannot \(call.rawValue) store/commit: "))
      #expect(!error.description.hasSuffix("."))
      #expect((error.remedy == nil) == (error.category == .other))
    }
    #expect(FileSystemError(call, "a", .noSpace).category == .noSpace)
    #expect(FileSystemError(call, "a", .diskQuotaExceeded).category == .noSpace)
    #expect(FileSystemError(call, "a", .operationNotSupportedByDevice).category == .gone)
    #expect(FileSystemError(call, "a", .permissionDenied).category == .denied)
    #expect(FileSystemError(call, "a", .resourceBusy).category == .busy)
    #expect(FileSystemError(call, "a", .ioError).category == .io)
  }

  @Test("depend on the call where the number does")
  func perCall() {
    #expect(FileSystemError(.write, "a", .fileTooLarge).category == .noSpace)
    #expect(FileSystemError(.read, "a", .fileTooLarge).category == .unfit)
    #expect(FileSystemError(.syncDirectory, "a", .invalidArgument).category == .unsupported)
    #expect(FileSystemError(.linkTarget, "a", .invalidArgument).category == .unfit)
    #expect(FileSystemError(.openDirectory, "a", .improperLink).category == .unfit)
    #expect(FileSystemError(.open, "a", .tooManySymbolicLinkLevels).category == .unfit)
    #expect(
      FileSystemError(.write, "usb/a", .noSpace).description
        == "cannot write usb/a: no space left; free some space or use another disk, then try again")
  }

  @Test("show no control characters of a name")
  func control() {
    let error = FileSystemError(.open, "a\u{1b}[2J\n", .permissionDenied)
    #expect(error.description.hasPrefix("cannot open a?[2J?: permission denied"))
  }
}
