import Glibc
import Language
import Posix
import Processes
import Session
import ShellHost

/// `spawn`: a program in the background.
enum SpawnCommand {
  static let command = Command(
    "spawn", "Start a program in the background",
    details: """
      Yields the process. All words behind the program's name are its arguments.

      With --detach it outlives the session, as does what it starts: it has a session of its own, \
      and /dev/null where it would have the terminal.

      With --ready `wait P --ready` waits until the process can be used: until a line of its output, \
      which goes where it would go, holds a text, until a port takes connections, or until a block \
      yields true, which is asked after 10ms, 20ms … 1s.
      """,
    parameters: [
      Parameter("program", .program, .required, "its name or path"),
      Parameter("argument", .text, .rest),
    ],
    flags: [
      Flag("name", .text, "the process's name; made of the program's name without it"),
      Flag("daemon", nil, "end it with the session instead of waiting for it"),
      Flag("cwd", .path, "the directory it starts in, from which a relative path of it is taken"),
      Flag("nice", .niceness, "its priority, from -20 (most) to 19 (least)"),
      Flag("detach", nil, "let it outlive the session"), ReadyFlag.flag,
    ],
    rules: [.exclusive(["daemon", "detach"]), .exclusive(["ready", "detach"])],
    traits: .passesWords,
    examples: [
      Example("let p = spawn sh -c \"exit 7\"\nprint (wait $p).exit", "7"),
      Example("spawn --name nap sleep 100\nkill nap\nprint (wait nap).signal", "TERM"),
      Example("let p = spawn --daemon --cwd / sleep 100\nprint (info $p).daemon", "true"),
      Example("let p = spawn --nice 5 sleep 100\nnice $p\nkill $p\nwait $p", "5"),
      Example(
        "let p = pipe new --raw\nspawn echo hello > $p.w\nprint (pipe read $p.r --line)", "hello"),
      Example(
        "let p = spawn --ready listening sh -c 'echo listening; exec sleep 100'\n"
          + "print (wait $p --ready)\nkill $p", "listening\ntrue"),
      Example(
        "let p = spawn --detach sleep 100\nprint (info $p).detached\nkill $p", "true"),
    ]
  ) { call in
    let session = call.session
    let name = call.text(0)
    if let name = call.flag("name")?.asText {
      try call.at(flag: "name") { try session.names.check(name) }
    }
    let directory = try directory(call)
    var request = try programRequest(call, directory: directory)
    let ready = try ReadyFlag.wish(call)
    if case .int(let nice)? = call.flag("nice") {
      return try fork(request, Int32(nice), ready, call)
    }
    var terminal: Int32?
    var null: Int32 = -1
    defer { Descriptors.close(null) }
    if call.isSet("detach") {
      null = try mapErrors("cannot detach") { try Descriptors.open("/dev/null", O_RDWR) }
      request.descriptors = [0, 1, 2].filter { isatty($0) == 1 }.map { (from: null, to: $0) }
      request.group = .session
      request.task = 0
    } else if session.isInteractive {
      request.group = .new
      terminal = try session.hooks.backgroundOutput?.open()
      if let terminal {
        // What was redirected stays so.
        request.descriptors = [1, 2].filter { isatty($0) == 1 }.map { (from: terminal, to: $0) }
      }
    }
    do {
      let relay = try ready?.relay(request.descriptors)
      defer { relay?.close() }
      if let relay { request.descriptors = relay.descriptors }
      let command = request.arguments.joined(separator: " ")
      let ticket = try session.prepareSpawn(
        name: call.flag("name")?.asText, prefix: namePrefix(name), command: command)
      let process: ProcessHandle
      do throws(SystemError) {
        let (pid, pidfd) = try Processes.spawn(request)
        process = session.register(
          ticket, pid: pid, pidfd: pidfd, command: command, kind: .spawn,
          group: session.isInteractive || null >= 0 ? pid : 0, isDetached: null >= 0,
          isDaemon: call.isSet("daemon"))
      } catch {
        session.abandon(ticket)
        throw programError(error, request, call)
      }
      try ready?.begin(process, relay, session)
      if let terminal { session.hooks.backgroundOutput?.attach(terminal, to: process) }
      return .handle(process)
    } catch {
      if let terminal { session.hooks.backgroundOutput?.abandon(terminal) }
      throw error
    }
  }

  /// Where the program is to start, as an absolute path.
  private static func directory(_ call: borrowing Call) throws -> String? {
    guard let given = call.flag("cwd")?.asText else { return nil }
    let path = given == "~" || given.hasPrefix("~/") ? try call.home() + given.dropFirst() : given
    do throws(SystemError) {
      if path.utf8.contains(0) { throw SystemError(call: "chdir", code: EINVAL, detail: path) }
      guard try FileStatus(path).kind == .directory else {
        throw SystemError(call: "chdir", code: ENOTDIR, detail: path)
      }
      if access(path, X_OK) != 0 { throw SystemError(call: "chdir", code: errno, detail: path) }
      if path.hasPrefix("/") { return path }
      return "\(try Directory.current())/\(path)"
    } catch {
      let reason = error.message.prefix(1).lowercased() + error.message.dropFirst()
      throw call.error(
        error.code == ENOENT ? .missing : .system,
        "cannot start '\(call.text(0))' in '\(given)': \(reason)", flag: "cwd")
    }
  }

  /// By a fork, since a program has its priority from its first instruction on only if the process
  /// has it before.
  private static func fork(
    _ request: SpawnRequest, _ nice: Int32, _ ready: ReadyFlag.Wish?, _ call: borrowing Call
  ) throws -> Value {
    try ForkCommand.requireRight(to: nice, call)
    let relay = try ready?.relay([])
    defer { relay?.close() }
    var options = ForkOptions(
      name: call.flag("name")?.asText, kind: .spawn,
      command: request.arguments.joined(separator: " "))
    options.prefix = namePrefix(request.arguments[0])
    options.nice = nice
    options.isDaemon = call.isSet("daemon")
    options.isDetached = call.isSet("detach")
    options.isForProgram = true
    if let relay {
      options.prepare = {
        try mapErrors {
          for (from, to) in relay.descriptors { try Descriptors.copy(from, onto: to) }
        }
      }
    }
    let (session, interpreter, place) = (call.session, call.interpreter, call.location(0))
    let process = try session.fork(options, interpreter) {
      do {
        if let directory = request.directory { try Directory.change(to: directory) }
        try session.become(request, interpreter)
      } catch let error as SystemError {
        throw error.asProgramError(
          request.arguments[0], arguments: request.arguments, environment: request.environment,
          at: place)
      }
    }
    try ready?.begin(process, relay, session)
    return .handle(process)
  }

  private static func namePrefix(_ program: String) -> String {
    let name = program.split(separator: "/").last.map(String.init) ?? program
    return Names.isValid(name) ? name : "spawn"
  }

  /// A program that the call names, with the shell's environment and signals.
  ///
  /// - Parameter directory: where it shall start; a path of the program is looked up from there.
  static func programRequest(
    _ call: borrowing Call, directory: String? = nil
  ) throws -> SpawnRequest {
    let name = call.text(0)
    guard let host = call.interpreter.host as? BroodHost else {
      throw call.error(.system, "programs cannot be started here")
    }
    let arguments = [name] + call.rest(from: 1).map(\.asText)
    for argument in arguments where argument.utf8.contains(0) {
      throw call.error(.type, "a program's argument cannot hold a null character")
    }
    var request = SpawnRequest(
      path: name, arguments: arguments, environment: host.environmentEntries)
    request.mask = request.mask.union(call.session.handlers.blocked)
    do throws(SystemError) {
      if let directory {
        request.directory = directory
        let isBelow = name.contains("/") && !name.hasPrefix("/") && !name.hasPrefix("~/")
        let path = try host.findProgram(isBelow ? "\(directory)/\(name)" : name)
        request.path = path.hasPrefix("/") ? path : "\(try Directory.current())/\(path)"
      } else {
        request.path = try host.findProgram(name)
      }
    } catch {
      throw programError(error, request, call)
    }
    return request
  }

  /// What to advise of a program's name that is not on the path.
  static func missingProgramHelp(_ name: String, _ host: any Host) -> String {
    shellLineHint(name)
      ?? nearest(name, among: host.programNames(), isCareful: true).map { "did you mean '\($0)'?" }
      ?? "it is not on $env.PATH"
  }

  /// Why a program could not be found or started.
  static func programError(
    _ error: SystemError, _ request: SpawnRequest, _ call: borrowing Call
  ) -> ErrorObject {
    let name = call.text(0)
    if error.call != "posix_spawn", error.code == 2, !name.contains("/") {
      return call.error(
        .missing, "there is no program '\(name)'", at: 0,
        help: missingProgramHelp(name, call.interpreter.host))
    }
    return error.asProgramError(
      name, arguments: request.arguments, environment: request.environment, at: call.location(0))
  }
}

extension ParameterType {
  /// A program's name; `^`, which forces one in other places, may stand before it.
  static let program = ParameterType(
    "program", "a program's name", completion: .program
  ) { input in
    guard let name = try text.converted(input)?.asText else { return nil }
    return .text(name.count > 1 && name.hasPrefix("^") ? String(name.dropFirst()) : name)
  }
}
