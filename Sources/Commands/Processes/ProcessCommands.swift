import Language

/// Making, watching, signalling and reaping processes.
public enum ProcessCommands {
  /// The families in the order in which `help` lists them.
  public static let families: [CommandFamily] = [
    CommandFamily(
      "Processes",
      [
        ForkCommand.command, SpawnCommand.command, WaitCommand.command, KillCommand.command,
        StopCommands.stop, StopCommands.resume, StopCommands.terminate, PriorityCommands.nice,
        PriorityCommands.detach, ListCommand.command, TreeCommand.command, StateCommands.state,
        InfoCommand.command, OwnNumbers.pid, OwnNumbers.parent, LeaveCommands.exec,
        LeaveCommands.exit, LeaveCommands.exitNow,
        LeaveCommands.onExit, SleepCommands.sleep,
      ]),
    CommandFamily("Process objects", ObjectCommands.all),
    CommandFamily("Signals", SignalCommands.all + [SleepCommands.alarm]),
  ]
}
