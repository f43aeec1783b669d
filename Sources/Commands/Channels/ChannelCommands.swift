import Language

/// What processes share and send each other.
public enum ChannelCommands {
  /// The families in the order in which `help` lists them.
  public static let families: [CommandFamily] = [
    CommandFamily("Queues", QueueCommands.all)
  ]
}
