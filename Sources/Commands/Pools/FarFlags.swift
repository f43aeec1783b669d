import Glibc
import Language
import Machines
import Posix
import Session
import ShellHost

/// The flags that say on which machines workers and programs are.
enum FarFlags {
  static let all: [Flag] = [
    Flag(
      "via", .text,
      "on other machines: ssh:4/NODE1,USER@NODE2:PORT, 4/ being how many there; or a command that "
        + "connects standard input and output, as 'podman exec -i box'"),
    Flag("slurm", nil, "on the nodes of the Slurm allocation that this is in, or of a new one"),
    Flag("nodes", .int.atLeast(1), "how many nodes to allocate; 1 by default"),
    Flag(
      "allocate", .any, "words for salloc, as [-p, short, -t, 30], or in one text: '-p short -t 30'"
    ),
    Flag("install", nil, "put this program into ~/.cache/brood of a host that has none"),
    Flag("cwd", .text, "the directory there; by default this one's path"),
    Flag(
      "env", .text, "a variable that tasks there have as it is here", isRepeatable: true),
    Flag("lost", .count, "make an attempt that went with its host again, so often; 3 by default"),
    Flag("wait-hosts", .duration, "how long to try when no host is left; 5m by default"),
  ]

  static let rules: [FlagRule] =
    [.exclusive(["via", "slurm"])]
    + ["install", "cwd", "env", "lost", "wait-hosts"].map { .needs($0, anyOf: ["via", "slurm"]) }
    + ["nodes", "allocate"].map { .needs($0, anyOf: ["slurm"]) }

  /// What needs to be on this machine.
  static let rulesOfPrograms: [FlagRule] = [
    .excludes(["via", "slurm"], ["detach", "tty", "pipe", "pipepart", "load", "mem-free"])
  ]

  static let detailsOfPrograms = """
    With --via the programs run on other machines, as workers of `pool new --via` do: see there. \
    Their files are those of these machines.
    """

  static let details = """
    --via ssh:HOSTS connects to each host once and starts `brood --worker` there, with as many \
    workers as the number in front of / says, or one for each CPU that may be used there. Of ssh the \
    user's settings and agent hold, but nothing is asked: a key and the host's own key must be known. \
    Tasks run in the same directory if it is there, else --cwd names one. They have PATH, HOME, USER \
    and SHELL of the host, and LANG, TZ and what --env names of this session, nothing else. What a \
    function captures goes along; a queue or lock of this machine does not.

    --slurm starts one agent on each node of the allocation that this session is in (SLURM_JOB_ID), \
    with a worker for each CPU of it. Outside of one it asks for --nodes N by salloc, with the words of \
    --allocate, tells what it waits for, and cancels the allocation when the session ends in any way. \
    90 seconds before the end of the allocation its nodes begin nothing further.

    A task that went with its host or link is made again elsewhere, up to --lost times, which is told, \
    and counts for nothing else; with --retries 0 it is not. A host that is lost is tried again. When \
    none is left that is told at once, and after --wait-hosts what is left fails. Nothing is left on a \
    host when this process has ended, in whatever way: at the latest 15 seconds after its link is cut.
    """

  /// The machines that a call names; nil for this one.
  ///
  /// - Parameter workers: how many in all, where the call says so.
  static func placement(_ call: borrowing Call, workers: Int?) throws -> FarPlacement? {
    let via = call.flag("via")?.asText
    guard via != nil || call.isSet("slurm"), let host = call.interpreter.host as? BroodHost else {
      return nil
    }
    var placement = FarPlacement([])
    placement.environment = host.environmentEntries.filter {
      !$0.hasPrefix("BROOD_REDIS_PASSWORD=")
    }
    placement.find = { name in
      do throws(SystemError) {
        return try host.findProgram(name)
      } catch {
        throw error.code == ENOENT
          ? ErrorObject(.missing, "there is no program '\(name)' here") : error.asError()
      }
    }
    placement.settings.directory = try call.flag("cwd")?.asText ?? call.at(0) { try directory() }
    var names = ["LANG", "TZ"]
    if case .list(let list)? = call.flag("env") { names += list.items.map(\.asText) }
    for name in names {
      guard let value = host.environmentVariable(name) else {
        if name == "LANG" || name == "TZ" { continue }
        throw call.error(.missing, "there is no variable '\(name)' to send", flag: "env")
      }
      placement.settings.environment.append("\(name)=\(value)")
    }
    if let wait = call.nanoseconds("wait-hosts") { placement.waitHosts = Int64(wait) }
    if case .int(let lost)? = call.flag("lost") { placement.losses = lost }
    var hash: String?
    if call.isSet("install") {
      let (session, interpreter) = (call.session, call.interpreter)
      hash = try call.at(flag: "install") {
        try session.hashOfProgram(placement, interpreter)
      }
      placement.installs = FarInstall(path: "/proc/self/exe")
    }
    if let via {
      placement.places = try places(via, call, workers, line(hash))
    } else {
      try allocate(&placement, call, host, line(hash))
    }
    return placement
  }

  private static func allocate(
    _ placement: inout FarPlacement, _ call: borrowing Call, _ host: BroodHost, _ command: String
  ) throws {
    var nodes: [String]
    let job: String
    let current = FarAllocation.current { host.environmentVariable($0) }
    if let current, call.flag("allocate") == nil {
      (job, nodes) = (current.job, current.nodes)
      if case .int(let count)? = call.flag("nodes") { nodes = Array(nodes.prefix(count)) }
    } else {
      var words: [String] = []
      switch call.flag("allocate") {
      case .list(let list)?: words = list.items.map(\.asText)
      case nil: break
      case let text?: words = text.asText.split(separator: " ").map(String.init)
      }
      var count = 1
      if case .int(let number)? = call.flag("nodes") { count = number }
      let (grant, granted) = try call.session.allocate(
        LaunchLine.salloc(nodes: count, words: words), placement, call.interpreter
      ) { Session.say("\(call.command.name): \($0)") }
      placement.grant = grant
      (job, nodes) = (grant.job, granted)
    }
    placement.places = nodes.map {
      FarPlacement.Place(
        $0, workers: nil, words: LaunchLine.srun(node: $0, job: job, command: command))
    }
  }

  private static func directory() throws -> String {
    do throws(SystemError) {
      return try Directory.current()
    } catch {
      throw error.asError("cannot tell the directory")
    }
  }

  private static func places(
    _ via: String, _ call: borrowing Call, _ workers: Int?, _ command: String
  ) throws -> [FarPlacement.Place] {
    if via.hasPrefix("ssh:") {
      let list: HostList
      do throws(HostList.Wrong) {
        list = try HostList(String(via.dropFirst(4)))
      } catch {
        throw call.error(
          .range, "--via: \(error.reason)", flag: "via",
          help: "as: --via ssh:4/node1,alice@node2:2222")
      }
      return list.places.map {
        FarPlacement.Place(
          $0.name, workers: $0.workers, words: LaunchLine.ssh($0, command: command))
      }
    }
    guard let name = via.split(separator: " ").first else {
      throw call.error(.range, "--via names no machine", flag: "via")
    }
    return [
      FarPlacement.Place(
        String(name), workers: workers, words: ["sh", "-c", "\(via) brood --worker"])
    ]
  }

  /// What the shell of a host is told.
  ///
  /// - Parameter hash: of this program, where it may be put there.
  private static func line(_ hash: String?) -> String {
    LaunchLine.agent(
      key: "\(Version.number)-\(hash?.prefix(16) ?? "none")", hash: hash ?? "",
      wire: Frame.version, installs: hash != nil)
  }
}
