import Language

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
