import Glibc
import Language
import Posix
import Processes
import Session

/// Priorities, and letting go of a process.
enum PriorityCommands {
  static let nice = Command(
    "nice", "Show or set a process's priority",
    details: "From -20, which gets the most of a CPU, to 19, which gets the least; 0 is usual.",
    parameters: [
      Parameter("process", .process),
      Parameter("priority", .niceness, .optional, "the new one; shown without it"),
    ],
    traits: .reports,
    examples: [
      Example("let p = fork { sleep 10 }\nnice $p 10\nnice $p\nkill $p\nwait $p", "10")
    ]
  ) { call in
    let target = try ProcessTarget(call, 0, isLive: true)
    if call.has(1) { try call.at(0) { try target.requireSingle() } }
    do throws(SystemError) {
      if call.has(1) {
        try Process.setNiceness(of: target.pid, to: Int32(call.int(1)))
        return .null
      }
      return .int(Int(try Process.niceness(of: target.pid)))
    } catch {
      throw failure(error, target, call)
    }
  }

  private static func failure(
    _ error: SystemError, _ target: ProcessTarget, _ call: borrowing Call
  ) -> ErrorObject {
    switch error.code {
    case ESRCH: call.at(0, SignalDelivery.failure(error, target))
    case EACCES:
      call.error(
        .system, "the priority of \(target.shown) may only be made less: not permitted", at: 1,
        help: "only root may lower a nice value")
    case EPERM:
      call.error(
        .system, "\(target.shown) belongs to another user: not permitted", at: 0,
        help: "only its owner and root may change it")
    default: call.at(0, error.asError("cannot change the priority of \(target.shown)"))
    }
  }

  static let detach = Command(
    "detach", "Let a process and its descendants outlive the session",
    details: "The session neither waits for it at its end nor ends it.",
    parameters: [Parameter("process", .process)],
    examples: [
      Example(
        "let p = fork { sleep 10 }\ndetach $p\nprint (info $p).detached\nkill $p\nwait $p", "true")
    ]
  ) { call in
    let target = try ProcessTarget(call, 0, isLive: true)
    let session = call.session
    if target.pid == session.rootPid {
      throw call.error(
        .range, "process \(target.pid) is the session itself", at: 0,
        help: "detach those of its processes that shall outlive it")
    }
    guard !Guardian.isMarked || Guardian.isMember(target.pid) else {
      throw call.error(
        .missing, "\(target.shown) is no process of this session", at: 0,
        help: session.liveProcesses)
    }
    do throws(SystemError) {
      if Guardian.isMarked { try Guardian.detach(target.pid) }
    } catch {
      throw failure(error, target, call)
    }
    session.noteDetached(target.pid)
    target.handle?.noteDetached()
    return .null
  }
}
