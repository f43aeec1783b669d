import Glibc
import Language
import Machines
import Posix
import Processes
import Session
import ShellHost

/// `brood --worker`, which a session starts on another machine, and `brood --wire`.
public enum AgentLine {
  /// What an agent talks to its session by.
  public struct Streams {
    let input: Int32
    let output: Int32
    let watchdog: Watchdog?
    let step: AllocationStep?
  }

  /// What a host has of its own; all else that the launcher left is no matter of tasks.
  private static let kept = ["PATH", "HOME", "USER", "SHELL", "BROOD_TEST_FAR_SPEED"]

  /// To be called before anything else of the process: nil if it is no agent.
  public static func prepare(_ arguments: [String]) -> Streams? {
    switch arguments.dropFirst().first {
    case "--wire" where arguments.count == 2:
      try? Transfer.writeAll(1, "\(Frame.version)\n")
      Process.exitNow(0)
    case "--worker" where arguments.count == 2: break
    default: return nil
    }
    // Whatever writes to standard output from now on does not get between frames.
    let input = fcntl(0, F_DUPFD_CLOEXEC, 10)
    let output = fcntl(1, F_DUPFD_CLOEXEC, 10)
    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    guard input >= 0, output >= 0, null >= 0 else { Process.exitNow(1) }
    dup2(null, 0)
    dup2(null, 1)
    close(null)
    let values = kept.compactMap { name in getenv(name).map { (name, String(cString: $0)) } }
    let step = AllocationStep { name in getenv(name).map { String(cString: $0) } }
    clearenv()
    for (name, value) in values { setenv(name, value, 1) }
    return Streams(
      input: input, output: output, watchdog: try? Watchdog(timeout: FarAgent.timeout),
      step: step)
  }

  /// Serves the session until it ends this.
  public static func run(
    _ streams: Streams, _ interpreter: Interpreter, _ host: BroodHost
  ) throws {
    let agent = FarAgent(
      host.session, interpreter,
      input: try mapErrors { try Descriptors.makePrivate(streams.input) },
      output: try mapErrors { try Descriptors.makePrivate(streams.output) },
      watchdog: streams.watchdog, step: streams.step,
      answer: { FarLooks.answer($0, host.session) }
    ) { try host.setEnvironment($0, .text($1)) }
    try agent.run(program: Version.number)
  }

}
