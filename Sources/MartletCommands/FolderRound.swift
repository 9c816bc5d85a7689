internal import MartletFileSystem
internal import MartletFolders
internal import MartletNode
internal import MartletSeal

/// Scanning and applying folders within one command: what is printed, and what it ends with.
///
/// A folder that fails is shown and left alone, and does not keep the others from going on.
final class FolderRound {
  private let folders: Folders
  private let console: Console
  /// Whether just this was asked for: then it is also said that nothing changed, and it is not all
  /// done while something waits.
  private let isAsked: Bool
  /// Those that were shown to fail; they are left alone.
  private var failed: Set<GroupID> = []
  private var isRootMissing = false
  private var isPartial = false
  private var saysHowToResolve = true

  init(_ folders: Folders, isAsked: Bool = false, on console: Console) {
    self.folders = folders
    self.isAsked = isAsked
    self.console = console
  }

  /// What the command ends with, if there are only these folders.
  var status: ExitStatus { isRootMissing ? .inputOutput : isPartial ? .partial : .done }

  /// What it ends with, if the rest of the command would end with another status.
  func status(with other: ExitStatus) -> ExitStatus { status == .done ? other : status }

  /// - Parameter name: One folder, whose failure is thrown; all that are kept here if nil.
  func scan(
    _ name: String? = nil, confirmsDeletions: Bool = false, isDryRun: Bool = false
  ) throws(Failure) {
    try each(name) { name, done throws(FolderError) in
      try self.folders.scan(name, confirmsDeletions: confirmsDeletions, isDryRun: isDryRun) {
        done($0.folder)
        self.show($0, isDryRun: isDryRun, always: self.isAsked)
      }
    }
  }

  /// Not those whose scan failed: what stands there is not known.
  func apply(_ name: String? = nil) throws(Failure) {
    try each(name) { name, done throws(FolderError) in
      try self.folders.apply(name) {
        done($0.folder)
        self.show($0)
      }
    }
  }

  /// All in one call; and where one fails, those that are not done by themselves, to tell what is
  /// wrong with each.
  private func each(
    _ name: String?, _ body: (String?, (String) -> Void) throws(FolderError) -> Void
  ) throws(Failure) {
    // Two folders may have one name.
    var done: [String: Int] = [:]
    var first: FolderError?
    if failed.isEmpty || name != nil {
      do throws(FolderError) {
        try body(name) { done[$0, default: 0] += 1 }
        return
      } catch {
        if name != nil || error.isOfDevice { throw console.failure(error) }
        first = error
      }
    }
    let kept = try console.attempt { () throws(FolderError) in try folders.list() }
      .filter { $0.standing == .kept }
    for folder in kept where !failed.contains(folder.id) {
      guard kept.count(where: { $0.name == folder.name }) > done[folder.name] ?? 0 else { continue }
      do throws(FolderError) {
        try body(folder.id.hex) { _ in }
      } catch {
        if error.isOfDevice { throw console.failure(error) }
        failed.insert(folder.id)
        show(error)
        first = nil
      }
    }
    if let first { show(first) }
  }

  private func show(_ error: FolderError) {
    if error.isOfRoot { isRootMissing = true }
    isPartial = true
    console.show(console.failure(error))
  }

  /// - Parameter always: Whether to show one by which nothing changed.
  func show(_ report: ScanReport, isDryRun: Bool = false, always: Bool = false) {
    console.clearProgress()
    if always || !report.isUnchanged {
      console.print(JSON(report, isDryRun: isDryRun), Words.line(report, isDryRun: isDryRun))
    }
    for refusal in report.passedOver {
      let sentence =
        "\(Escape.text(report.folder)): \(Escape.text(refusal.path)) was passed over: "
        + Escape.text(refusal.reason)
      if refusal.isForGood {
        console.note(sentence)
      } else {
        console.warn(sentence)
        isPartial = true
      }
    }
  }

  /// - Parameter always: Whether to show one by which nothing changed.
  func show(_ report: ApplyReport, always: Bool = false) {
    console.clearProgress()
    let folder = Escape.text(report.folder)
    if always || !report.isUnchanged || report.waitingCount > 0 {
      console.print(JSON(report), Words.line(report))
    }
    // A person has to see to it, --quiet or not.
    if !console.options.isJSON {
      for path in report.conflicts {
        console.output.line("\(folder): conflict at \(Escape.text(path)): both versions are there")
      }
    }
    if !report.conflicts.isEmpty, saysHowToResolve {
      saysHowToResolve = false
      console.note("take what you need of the copies, then `martlet folder resolve PATH`")
    }
    for refusal in report.refused {
      console.warn(
        "\(folder): \(Escape.text(refusal.path)) was not written: \(Escape.text(refusal.reason))")
      isPartial = true
    }
    if isAsked, report.waitingCount > 0 { isPartial = true }
  }
}

extension FolderRefusal {
  /// Whether no later scan will take it: what no folder may hold, a pipe, a socket or a device,
  /// another disk, or the store.
  var isForGood: Bool {
    if FolderRules.objection(to: RelativePath(path)) != nil { return true }
    return [
      "a pipe, socket or device", "another disk is mounted there", "this device's own store",
    ].contains(reason)
  }
}

extension Console {
  /// Runs calls to the library of folders, with its errors as failures.
  func attempt<Result>(
    _ body: () throws(FolderError) -> Result
  ) throws(Failure) -> Result {
    do { return try body() } catch { throw failure(error) }
  }

  func failure(_ error: FolderError) -> Failure { Failure(error, signal: signal()) }
}
