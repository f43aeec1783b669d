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
      "send", .text,
      "a file or directory that is to be there at the same path; for programs also with places",
      isRepeatable: true),
    Flag(
      "env", .text, "a variable that tasks there have as it is here", isRepeatable: true),
    Flag(
      "lost", .count,
      "make an attempt again that was lost with its host, up to this many times; 3 by default"),
    Flag("wait-hosts", .duration, "how long to try when no host is left; 5m by default"),
  ]

  static let rules: [FlagRule] =
    [.exclusive(["via", "slurm"])]
    + ["install", "send", "lost", "wait-hosts"].map { .needs($0, anyOf: ["via", "slurm"]) }
    + [
      .needs(
        "cwd", anyOf: ["via", "slurm"],
        help:
          "it is for other machines; here a program runs in another directory by: env -C DIR "
          + "PROGRAM"),
      .needs(
        "env", anyOf: ["via", "slurm"],
        help:
          "leave it out: it is for other machines, and here all have the environment of this "
          + "shell"),
    ]
    + ["nodes", "allocate"].map { .needs($0, anyOf: ["slurm"]) }

  /// Of programs alone.
  static let fetch = Flag(
    "fetch", .text, "a file that a program makes there, brought to the same path here; with places",
    isRepeatable: true)

  /// What needs to be on this machine.
  static let rulesOfPrograms: [FlagRule] = [
    .excludes(["via", "slurm"], ["detach", "tty", "pipe", "pipepart", "load", "mem-free"]),
    .needs("fetch", anyOf: ["via", "slurm"]),
  ]

  static let rulesOfTasks = FlagRule.excludes(["via", "slurm"], ["load", "mem-free"])

  static let detailsOfPrograms = """
    With --via the programs run on other machines, as workers of `pool new --via` do: see there. \
    Their files are those of these machines. --send FILE has a file of this one there, at the same \
    path: below the directory there, or as it is if it begins with /; of a directory all files below it. \
    Without a place it is sent once to each host, unless it is there with this content. With places, as --send {}, it is sent for \
    each program and removed after it; another file of that name is not replaced, and one that was \
    there stays. --fetch {.}.gz brings what a program that succeeded has made to the same path here; \
    one that has not made it has failed. What is fetched stays there, too.
    """

  static let details = """
    --via ssh:HOSTS connects to each host once and starts `brood --worker` there, with as many \
    workers as the number in front of / says, or one for each CPU that may be used there. Of ssh the \
    user's settings and agent hold, but nothing is asked: a key and the host's own key must be known. \
    Tasks run in the same directory if it is there, else --cwd names one. They have PATH, HOME, USER \
    and SHELL of the host, and LANG, TZ and what --env names of this session, nothing else. What a \
    function captures goes along; a queue or lock of this machine does not.

    --install brings this program to a host without one of its kind, and is not needed for that host \
    later. A launcher of your own must hand words on as they are for that, as `podman exec -i box` does.

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
    placement.followsDirectory = call.flag("cwd") == nil
    for name in ["LANG", "TZ"] + words("env", call) {
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
      placement.places = try places(via, call, workers, line(hash), installs: hash != nil) {
        [placement] name in (try? placement.find(name)) != nil
      }
    } else {
      try allocate(&placement, call, host, line(hash))
    }
    return placement
  }

  /// The words of a flag that may be given several times.
  private static func words(_ name: String, _ call: borrowing Call) -> [String] {
    guard case .list(let list)? = call.flag(name) else { return [] }
    return list.items.map(\.asText)
  }

  /// Files that go there and back, by the inputs of programs.
  ///
  /// - Parameter columns: the names of an input's parts.
  static func addFiles(
    _ call: borrowing Call, columns: [String], to options: inout ProgramRun.Options
  ) throws {
    guard options.placement != nil else { return }
    var paths: [ProgramTemplate] = []
    for word in words("send", call) {
      let template = try self.template(word, columns, call, "send")
      if template.hasInputPlace || template.hasNumber {
        paths.append(template)
      } else {
        try addFile(word, call, to: &options.placement)
      }
    }
    if !paths.isEmpty {
      options.sends = { input, index, slot in
        try paths.flatMap { try $0.words(for: input, index: index, slot: slot) }
      }
    }
    let made = try words("fetch", call).map { try template($0, columns, call, "fetch") }
    if made.isEmpty { return }
    options.fetches = { input, index, slot in
      try made.flatMap { try $0.words(for: input, index: index, slot: slot) }
    }
  }

  private static func template(
    _ word: String, _ columns: [String], _ call: borrowing Call, _ flag: String
  ) throws -> ProgramTemplate {
    let template = ProgramTemplate([word], columns: columns, takesInput: false)
    try InputCalls.checkNames(template, columns, call, flag: flag)
    return template
  }

  /// Files that are there before any task begins.
  static func addFiles(_ call: borrowing Call, to placement: inout FarPlacement?) throws {
    for word in words("send", call) {
      let template = ProgramTemplate([word], takesInput: false)
      if template.hasInputPlace || template.hasNumber {
        throw call.error(
          .arity, "'\(word)' has a place for the input of a program, and a pool runs blocks",
          flag: "send", help: "a file for all tasks: --send NAME; a task can get a file's content")
      }
      try addFile(word, call, to: &placement)
    }
  }

  private static func addFile(
    _ path: String, _ call: borrowing Call, to placement: inout FarPlacement?
  ) throws {
    try call.at(flag: "send") {
      let files = try SentFile.all(at: Array(path.utf8))
      placement?.files += files
    }
  }

  private static func allocate(
    _ placement: inout FarPlacement, _ call: borrowing Call, _ host: BroodHost, _ command: String
  ) throws {
    var nodes: [String]
    let job: String
    guard (try? placement.find("srun")) != nil else {
      throw call.error(
        .missing, "Slurm is not here: there is no program 'srun'", flag: "slurm",
        help: "start this on a machine of the cluster, or name its machines: --via ssh:NODE1,NODE2")
    }
    let current = FarAllocation.current { host.environmentVariable($0) }
    if let current, call.flag("allocate") == nil {
      (job, nodes) = (current.job, current.nodes)
      placement.isForeignAllocation = true
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
    let isOwn = placement.grant != nil
    placement.places = nodes.map {
      let words = LaunchLine.srun(node: $0, job: job, isOwn: isOwn, command: command)
      return FarPlacement.Place($0, workers: nil, words: words)
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
    _ via: String, _ call: borrowing Call, _ workers: Int?, _ command: String, installs: Bool,
    isProgram: (String) -> Bool
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
      return list.places.map { host in
        var place = FarPlacement.Place(
          host.name, workers: host.workers, words: LaunchLine.ssh(host, command: command))
        place.login = LaunchLine.login(host)
        return place
      }
    }
    let words = via.split(separator: " ")
    guard let name = words.first else {
      throw call.error(.range, "--via names no machine", flag: "via")
    }
    // With more words it may be anything that sh understands.
    if words.count == 1, !isProgram(via) {
      // As of shh:node1; what is a port is none.
      let parts = via.split(separator: ":")
      let machine = parts.count == 2 && Int(parts[1]) == nil ? String(parts[1]) : via
      throw call.error(
        .missing, "there is no program '\(via)' here that could start an agent", flag: "via",
        help: "machines stand behind ssh: as --via ssh:\(machine)")
    }
    let agent = installs ? "sh -c '\(command)'" : "brood --worker"
    var place = FarPlacement.Place(
      String(name), workers: workers, words: ["sh", "-c", "\(via) \(agent)"])
    place.isCommand = true
    return [place]
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
