package import ArgumentParser

/// The whole command line, as help shows it. Running a verb does not need it: ``Invocation`` goes
/// straight to the verb, since building this tree takes longer than most commands.
package struct Martlet: ParsableCommand {
  package static let version = "0.1.0"

  package static let configuration = CommandConfiguration(
    commandName: "martlet",
    abstract: "Keeps conversations and files in sync between devices that are rarely online.",
    discussion: """
      What a peer lacks goes into one sealed file, a bundle, and any way to move a file will do.

      EXAMPLE:
        martlet init --name laptop
        martlet card > laptop.card            # for the others; take theirs
        martlet peer add clinic clinic.card
        martlet chat send clinic "the scans are on the stick"
        martlet folder add ~/scans --with clinic
        martlet sync /media/stick             # then the same over there
        martlet status
      """,
    version: version,
    subcommands: [
      InitVerb.self, CardVerb.self, PeerVerbs.self, ChatVerbs.self, GroupVerbs.self,
      FolderVerbs.self, PutVerb.self, GetVerb.self, LogVerb.self, ExportVerb.self, ImportVerb.self,
      SyncVerb.self, RequestVerb.self,
      StatusVerb.self, InspectVerb.self, VerifyVerb.self, AdoptVerb.self, ScheduleVerbs.self,
    ])

  package init() {}

  /// Every verb that does something, with the words that call it.
  static let verbs: [(words: [String], type: any Verb.Type)] = [
    (["init"], InitVerb.self), (["card"], CardVerb.self),
    (["peer", "add"], PeerAddVerb.self), (["peer", "list"], PeerListVerb.self),
    (["peer", "verify"], PeerVerifyVerb.self), (["peer", "remove"], PeerRemoveVerb.self),
    (["chat", "send"], ChatSendVerb.self), (["chat", "log"], ChatLogVerb.self),
    (["group", "create"], GroupCreateVerb.self), (["group", "accept"], GroupAcceptVerb.self),
    (["group", "list"], GroupListVerb.self), (["group", "show"], GroupShowVerb.self),
    (["folder", "add"], FolderAddVerb.self), (["folder", "accept"], FolderAcceptVerb.self),
    (["folder", "scan"], FolderScanVerb.self), (["folder", "list"], FolderListVerb.self),
    (["folder", "log"], FolderLogVerb.self), (["folder", "restore"], FolderRestoreVerb.self),
    (["folder", "resolve"], FolderResolveVerb.self),
    (["folder", "request"], FolderRequestVerb.self),
    (["folder", "remove"], FolderRemoveVerb.self),
    (["put"], PutVerb.self), (["get"], GetVerb.self), (["log"], LogVerb.self),
    (["export"], ExportVerb.self), (["import"], ImportVerb.self), (["sync"], SyncVerb.self),
    (["request"], RequestVerb.self),
    (["status"], StatusVerb.self), (["inspect"], InspectVerb.self),
    (["verify"], VerifyVerb.self), (["adopt"], AdoptVerb.self),
    (["schedule", "show"], ScheduleShowVerb.self),
  ]
}

extension Martlet {
  /// The words of every command, for tests.
  package static var commandWords: [[String]] { verbs.map(\.words) }
}

/// `martlet peer ...`
struct PeerVerbs: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "peer", "The devices that bundles are exchanged with.",
    examples: "martlet peer add clinic clinic.card\nmartlet peer list"
  ).with([PeerAddVerb.self, PeerListVerb.self, PeerVerifyVerb.self, PeerRemoveVerb.self])
}

/// `martlet chat ...`
struct ChatVerbs: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "chat", "Texts to a peer or a group.",
    examples: "martlet chat send clinic \"got them\"\nmartlet chat log clinic"
  ).with([ChatSendVerb.self, ChatLogVerb.self])
}

/// `martlet group ...`
struct GroupVerbs: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "group", "Who shares what. The group with one peer is there by itself, under the peer's name.",
    examples: "martlet group create village --with clinic school\nmartlet group list"
  ).with([GroupCreateVerb.self, GroupAcceptVerb.self, GroupListVerb.self, GroupShowVerb.self])
}

/// `martlet folder ...`
struct FolderVerbs: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "folder", "Directories that are kept in sync between devices.",
    examples: "martlet folder add ~/scans --with clinic\nmartlet folder accept scans ~/scans"
  ).with([
    FolderAddVerb.self, FolderAcceptVerb.self, FolderScanVerb.self, FolderListVerb.self,
    FolderLogVerb.self, FolderRestoreVerb.self, FolderResolveVerb.self, FolderRequestVerb.self,
    FolderRemoveVerb.self,
  ])
}

/// `martlet schedule ...`
struct ScheduleVerbs: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "schedule", "What syncs by itself.", examples: "martlet schedule show /media/stick"
  ).with([ScheduleShowVerb.self])
}

extension CommandConfiguration {
  fileprivate func with(_ subcommands: [any ParsableCommand.Type]) -> CommandConfiguration {
    var configuration = self
    configuration.subcommands = subcommands
    return configuration
  }
}
