import Language
import Posix
import Session

/// Letting time pass, and being told when it has.
enum SleepCommands {
  static let sleep = Command(
    "sleep", "Do nothing for a while",
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
    let left = try asking("cannot set the alarm") {
      // In microseconds, of which none would take the alarm back.
      try Attention.alarm(after: call.int(0) < 0 ? 1000 : Int64(call.int(0)))
    }
    return left > 0 ? .duration(Int(left)) : .null
  }
}
