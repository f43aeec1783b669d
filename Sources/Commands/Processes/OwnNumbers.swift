import Language
import Posix

/// `getpid` and `getppid`, which no variable can hide.
enum OwnNumbers {
  static let pid = Command(
    "getpid", "Yield the number of this process",
    details: "As $pid, which a variable of that name hides: after `let pid = fork` it is that one.",
    traits: .pure,
    examples: [
      Example("print ((getpid) == $pid)", "true"),
      Example("let p = fork { getpid }\nprint ((wait $p).value == $p.pid)", "true"),
    ]
  ) { _ in .int(Int(Process.pid)) }

  static let parent = Command(
    "getppid", "Yield the number of this process's parent",
    details: "As $ppid. When the parent has ended, it is that of the process that adopted it.",
    traits: .pure,
    examples: [
      Example("let parent = $pid\nprint (wait (fork { (getppid) == $parent })).value", "true")
    ]
  ) { _ in .int(Int(Process.parentPid)) }
}
