internal import MartletFileSystem
internal import MartletNode

extension Folders {
  /// All folders: kept here, removed, and those that peers share and wait to be accepted.
  public func list() throws(FolderError) -> [FolderReport] {
    var reports: [FolderReport] = []
    let known = Set(node.groups(of: FolderChange.client))
    for group in try nodeCall({ () throws(NodeError) in try node.groups() }) {
      if known.contains(group.id) {
        reports.append(try report(folder(group.id), members: group.members))
      } else if !group.isAccepted, node.speaks(FolderChange.client, in: group.id) {
        reports.append(
          FolderReport(
            name: group.name, id: group.id, standing: .waiting, root: nil,
            members: group.members, offers: false, fileCount: 0, byteCount: 0, conflicts: [],
            waiting: [], waitingByteCount: 0))
      }
    }
    return reports
  }

  private func report(
    _ folder: OpenFolder, members: [String]
  ) throws(FolderError) -> FolderReport {
    var report = FolderReport(
      name: folder.name, id: folder.group, standing: folder.state.root == nil ? .removed : .kept,
      root: folder.state.root?.path, members: members, offers: folder.state.offers, fileCount: 0,
      byteCount: 0, conflicts: [], waiting: [], waitingByteCount: 0)
    for shown in folder.state.shown.values {
      if shown.content.holdsBytes { report.fileCount += 1 }
      if case .file(_, let byteCount, _) = shown.content { report.byteCount &+= byteCount }
    }
    guard folder.state.root != nil else { return report }
    // With everything shown, only conflicts are left to be told.
    let length = try nodeCall { () throws(NodeError) in try node.messageCount(in: folder.group) }
    if folder.state.applied == length, folder.state.shown.values.allSatisfy({ $0.copyOf == nil }) {
      return report
    }
    let placement = try folder.placement()
    report.conflicts = placement.conflicts.map(\.bytes)
    let plan = try ApplyPlan(folder, placement)
    report.waiting = plan.waiting.map(\.path.bytes)
    report.waitingByteCount = try HeldContents(folder, folder.catalogue()).missingByteCount(
      of: plan.waiting)
    return report
  }
}
