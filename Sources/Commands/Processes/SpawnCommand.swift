import Glibc
import Language
import Posix
import Session

/// `spawn`: a program in the background.
enum SpawnCommand {
  static let command = Command(
    "spawn", "Start a program in the background",
    details: "Yields the process. All words behind the program's name are its arguments.",
    parameters: [
      Parameter("program", .program, .required, "its name or path"),
      Parameter("argument", .text, .rest),
    ],
    flags: [Flag("name", .text, "the process's name; made of the program's name without it")],
    traits: .passesWords,
    examples: [
      Example("let p = spawn sh -c \"exit 7\"\nprint (wait $p).exit", "7"),
      Example("spawn --name nap sleep 100\nkill nap\nprint (wait nap).signal", "TERM"),
    ]
  ) { call in
    let session = call.session
    let name = call.text(0)
    if let name = call.flag("name")?.asText {
      try call.at(flag: "name") { try session.names.check(name) }
    }
    var request = try programRequest(call)
    var terminal: Int32?
    if session.isInteractive {
      request.group = .new
      terminal = try session.backgroundOutput?.open()
      if let terminal {
        // What was redirected stays so.
        request.descriptors = [1, 2].filter { isatty($0) == 1 }.map { (from: terminal, to: $0) }
      }
    }
    do {
      let command = request.arguments.joined(separator: " ")
      let ticket = try session.prepareSpawn(
        name: call.flag("name")?.asText, prefix: namePrefix(name), command: command)
      do throws(SystemError) {
        let (pid, pidfd) = try Posix.spawn(request)
        let process = session.register(
          ticket, pid: pid, pidfd: pidfd, command: command, kind: .spawn,
          group: session.isInteractive ? pid : 0)
        if let terminal { session.backgroundOutput?.attach(terminal, to: process) }
        return .handle(process)
      } catch {
        session.abandon(ticket)
        throw programError(error, request, call)
      }
    } catch {
      if let terminal { session.backgroundOutput?.abandon(terminal) }
      throw error
    }
  }

  private static func namePrefix(_ program: String) -> String {
    let name = program.split(separator: "/").last.map(String.init) ?? program
    return Names.isValid(name) ? name : "spawn"
  }

  /// A program that the call names, with the shell's environment and signals.
  static func programRequest(_ call: borrowing Call) throws -> SpawnRequest {
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
      request.path = try host.findProgram(name)
    } catch {
      throw programError(error, request, call)
    }
    return request
  }

  /// Why a program could not be found or started.
  static func programError(
    _ error: SystemError, _ request: SpawnRequest, _ call: borrowing Call
  ) -> ErrorObject {
    let name = call.text(0)
    if error.call != "posix_spawn", error.code == 2, !name.contains("/") {
      let near = nearest(name, among: call.interpreter.host.programNames())
      return call.error(
        .missing, "there is no program '\(name)'", at: 0,
        help: near.map { "did you mean '\($0)'?" } ?? "it is not on $env.PATH")
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
