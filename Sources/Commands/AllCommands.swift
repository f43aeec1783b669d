import Language
import Session

/// Every built-in command, in the order in which `help` lists them.
public enum AllCommands {
  public static let families: [CommandFamily] =
    ProcessCommands.families + [
      SeeingCommands.family, RecordCommands.family, ExploreCommands.family,
    ]
    + ChannelCommands.families + [PoolCommands.family, JobCommands.family]
    + Library.families + [LessonCommands.family, MetaCommands.family]

  public static let table = CommandTable(families)

  /// Gives a session what it needs of the commands' folders: how handles of channels travel, and how
  /// processes that are stuck are found.
  public static func prepare(_ session: Session) {
    session.hooks.makeHandleCoder = { ChannelCoder(session) }
    ErrorObject.topic = ErrorTopics.topic
    session.hooks.watchAtGate = ExploredCalls.watch
    session.hooks.beginStuckLook = { SessionStuckLook(session, $0, ownSleep: $1) }
  }

  /// The names that each version since 0.2 brought, for scripts that are written for an older one.
  static let added: [(version: LanguageVersion, names: [String])] = [
    (LanguageVersion(0, 3), ["who", "why", "deadlock"]),
    (LanguageVersion(0, 4), ["sessions"]),
    (LanguageVersion(0, 5), ["csv-parse", "csv-text"]),
    (LanguageVersion(0, 6), ["record", "mark", "blackbox", "timeline", "queue dead"]),
    (LanguageVersion(0, 7), ["top", "pool drain"]),
    (
      LanguageVersion(0, 7),
      [
        "as", "explain", "predict", "lesson", "lesson next", "lesson hint", "lesson check",
        "lesson reset",
        "lesson skip", "lesson show", "lesson quit", "lesson events", "lesson test",
        "lesson report",
      ]
    ),
    (LanguageVersion(0, 7), ["explore", "replay", "check-all", "step"]),
    (LanguageVersion(0, 9), ["lesson shown"]),
  ]

  /// The names that a script does not know that is written for a version.
  ///
  /// - Throws: `missing` for a version that this program does not have yet.
  public static func names(after version: LanguageVersion) throws(ErrorObject) -> Set<String> {
    if let own = LanguageVersion(Version.number[...]), own < version {
      throw ErrorObject(
        .missing, "this is for brood \(version), but the brood that reads it is \(Version.number)",
        help: "install a newer brood, or write #brood \(own) if it needs nothing that is newer")
    }
    return Set(added.filter { $0.version > version }.flatMap(\.names))
  }
}

/// What processes share and send each other.
public enum ChannelCommands {
  /// The families in the order in which `help` lists them.
  public static let families: [CommandFamily] = [
    CommandFamily("Pipes", PipeCommands.all),
    CommandFamily("Queues", QueueCommands.all),
    CommandFamily("Shared memory", SharedCommands.all),
    CommandFamily("Locks and semaphores", LockCommands.all + SemaphoreCommands.all),
    CommandFamily(
      "Events, barriers and conditions",
      EventCommands.all + BarrierCommands.all + ConditionCommands.all),
    CommandFamily("Sockets", SocketCommands.all),
    CommandFamily("Whatever comes first", [SelectCommand.command]),
  ]
}

/// The small library: what ordinary scripts need beside processes and channels.
public enum Library {
  /// Its families in the order in which `help` lists them.
  public static let families: [CommandFamily] = [
    PrintCommands.family, ListCommands.family, LoopCommands.family, OrderCommands.family,
    MapCommands.family, TextCommands.family, ShapeCommands.family, NumberCommands.family,
    ConversionCommands.family, JSONCommands.family, CSVCommands.family, FileCommands.family,
    DirectoryCommands.family, TimeCommands.family, FunctionCommands.family,
  ]
}
