import Language

/// Every built-in command, in the order in which `help` lists them.
public enum AllCommands {
  public static let families: [CommandFamily] =
    ProcessCommands.families + [SeeingCommands.family] + ChannelCommands.families + [PoolCommands.family, JobCommands.family]
    + Library.families + [MetaCommands.family]

  public static let table = CommandTable(families)
}
