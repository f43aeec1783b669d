import Language
import Posix
import Processes
import Session

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

/// `ps`.
enum ListCommand {
  static let command = Command(
    "ps", "List the session's processes, as the kernel sees them now",
    details: """
      Fields: name pid ppid state flags word nice age waits command. The state is a letter: R \
      running or ready to run, S waiting, D waiting for a device, T stopped, Z zombie. Flags: \
      < and N for high and low priority, s leads a session, l has several threads, + is in the \
      terminal's foreground.

      Where pools have machines, those of their agents are listed, too, and each record has `host`.
      """,
    flags: [Flag("all", nil, "every process of the machine"), FarLooks.host],
    rules: [.exclusive(["all", "host"])], traits: .reports,
    examples: [
      Example(
        "let p = fork --name ghost { }\nwait $p --peek\n"
          + "for r in (ps |> filter { |r| $r.state == \"Z\" }) { print $r.name $r.word }\nwait $p",
        "ghost zombie"),
      Example("ps", "name …\nbrood …"),
    ]
  ) { call in
    try call.session.output.flush()
    if FarLooks.isElsewhere(call) {
      return call.shown(try FarLooks.added(to: nil, FarQuestion(.list), call))
    }
    let survey = try ProcessSurvey.whole(call.session)
    let pids =
      call.isSet("all")
      ? survey.tree.processes.keys.sorted() : survey.members
    let rows = pids.compactMap { survey.row($0) }
    var report = LookReport(records: rows.map(\.record), text: "")
    // A value needs no text, and the text of a thousand rows takes time.
    if !call.site.wantsValue {
      report.text = ProcessListing(rows, width: ReportWidth.columns).text
    }
    if !call.isSet("all") { report = try FarLooks.added(to: report, FarQuestion(.list), call) }
    return call.shown(report)
  }
}

/// `getpid` and `getppid`, which no variable can hide.
enum OwnNumbers {
  static let pid = Command(
    "getpid", "Yield the pid of this process",
    details: "As $pid, which a variable of that name hides: after `let pid = fork` it is that one.",
    traits: .pure,
    examples: [
      Example("print ((getpid) == $pid)", "true"),
      Example("let p = fork { getpid }\nprint ((wait $p).value == $p.pid)", "true"),
    ]
  ) { _ in .int(Int(Process.pid)) }

  static let parent = Command(
    "getppid", "Yield the pid of this process's parent",
    details: "As $ppid. When the parent has ended, it is that of the process that adopted it.",
    traits: .pure,
    examples: [
      Example("let parent = $pid\nprint (wait (fork { (getppid) == $parent })).value", "true")
    ]
  ) { call in .int(Int(call.session.parentPid)) }
}

/// Letting time pass, and being told when it has.
enum SleepCommands {
  static let sleep = Command(
    "sleep", "Sleep for a given time",
    details: """
      A plain number counts as seconds. Signal handlers run meanwhile. A negative time, as what is \
      left until a moment that has passed, is over at once.
      """,
    parameters: [Parameter("duration", .duration)],
    examples: [Example("sleep 10ms\nsleep 0.01\nprint awake", "awake")]
  ) { call in
    let deadline = Clock.deadline(after: Int64(call.int(0)))
    _ = try call.session.pause(call.interpreter, until: deadline) { false }
    return .null
  }

  static let alarm = Command(
    "alarm", "Have the kernel send ALRM to this process after a while",
    details: """
      There is one alarm per process: a new one replaces the old, 0 only takes it back. Yields \
      what was left of the old one, null if there was none. Forked children do not inherit it. A \
      negative time is over at once.

      Without `signal on ALRM` the signal ends the process.
      """,
    parameters: [Parameter("duration", .duration)],
    examples: [
      Example("signal on ALRM { print ring }\nalarm 10ms\nsleep 50ms", "ring")
    ]
  ) { call in
    let left = try mapErrors("cannot set the alarm") {
      // In microseconds, of which none would take the alarm back.
      try Attention.alarm(after: call.int(0) < 0 ? 1000 : Int64(call.int(0)))
    }
    return left > 0 ? .duration(Int(left)) : .null
  }
}

/// `state`.
enum StateCommands {
  static let state = Command(
    "state", "Show a process's state as a letter and a word",
    details: """
      R running (on a CPU or ready for one), S and D waiting, T stopped, Z zombie: ended, but not \
      waited for. X ended: it was waited for. ? unknown: there is no descriptor left to look with.
      """,
    parameters: [Parameter("process", .process)], traits: .reports,
    examples: [
      Example(
        "let p = fork { }\nwait $p --peek\nstate $p\nwait $p\nstate $p", "Z zombie\nX ended")
    ]
  ) { call in
    try call.session.output.flush()
    let target = try ProcessTarget(call, 0)
    if let handle = target.handle { return .text(handle.state.text) }
    do {
      return .text(ProcessState(try target.stat(call.session)).text)
    } catch let error as ErrorObject {
      throw call.at(0, error)
    }
  }
}
