import Language
import Posix
import Session

/// `state`.
enum StateCommands {
  static let state = Command(
    "state", "Tell a process's state in a letter and a word",
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
