import Glibc
import Language
import Machines
import Posix
import Processes

/// What an agent is in an allocation of Slurm, which it cancels when its session is gone.
///
/// It may be that only the link to this node is gone: then other nodes have steps that go on, or the
/// session has begun another step here. So a node leaves it to one whose step is younger, and the
/// youngest cancels when no other step is left. Another agent may learn by silence alone that the
/// session is gone, so that is waited for longer than an agent bears silence.
public struct AllocationStep {
  private let number: String
  /// The allocation, if it is the session's own.
  let ownJob: String?
  /// For the programs of Slurm, and not for tasks.
  private let environment: [String]

  /// - Parameter variable: yields a variable of the environment.
  public init?(_ variable: (String) -> String?) {
    guard let number = variable("SLURM_STEP_ID") else { return nil }
    self.number = number
    ownJob = variable(LaunchLine.ownJob)
    environment = variable("SLURM_CONF").map { ["SLURM_CONF=\($0)"] } ?? []
  }

  private static let script = """
    sleep 1
    tries=0
    while [ "$tries" -lt 50 ]; do
      if all=$(squeue -s -h -o %i -j "$1" 2>/dev/null); then
        others=
        for step in $all; do
          number=${step##*.}
          case $number in "$2" | *[!0-9]*) continue ;; esac
          [ "$number" -gt "$2" ] && exit 0
          others=1
        done
        [ -n "$others" ] || exec scancel -Q "$1"
      fi
      sleep 0.5
      tries=$((tries + 1))
    done
    """

  /// - Parameter done: told when that is decided and done.
  func cancel(
    job: String, _ interpreter: Interpreter, done: @escaping () -> Void
  ) throws {
    guard let host = interpreter.host as? any ProgramFinder else { return done() }
    var request = SpawnRequest(
      path: try host.findProgram("sh"),
      arguments: ["sh", "-c", AllocationStep.script, "sh", job, number],
      environment: host.environmentEntries + environment)
    let null = try mapErrors { try Descriptors.open("/dev/null", O_RDWR) }
    defer { Descriptors.close(null) }
    request.descriptors = [(null, 0), (null, 1), (null, 2)]
    request.group = .session
    request.task = 0
    let (pid, pidfd) = try mapErrors { try Processes.spawn(request) }
    Session.current.noteDetached(pid)
    _ = try mapErrors { try Session.current.loop.watchExit(pidfd) { done() } }
  }
}
