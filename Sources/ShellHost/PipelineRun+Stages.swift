import Glibc
import Language
import Posix
import Processes
import Session

extension PipelineRun {
  /// Makes the process of one stage.
  ///
  /// - Parameter opensFiles: whether the process opens the files of its redirections itself.
  func start(
    _ stage: Pipeline.Stage, path: String?, _ descriptors: StageDescriptors, opensFiles: Bool,
    kind: ProcessKind
  ) throws -> ProcessHandle {
    switch stage.work {
    case .program(let name, let arguments, _):
      var request = request(path ?? name, [name] + arguments)
      if opensFiles {
        return try fork(stage, descriptors, opensFiles: true, kind: kind) {
          do {
            if let own = SlotID.own {
              for redirection in stage.redirections { redirection.admit(own) }
            }
            try self.session.become(request, self.interpreter, hasChannels: true)
          } catch let error as SystemError {
            throw self.problem(error, request, stage)
          }
        }
      }
      request.descriptors = descriptors.moves
      return try spawn(request, stage, kind: kind)
    case .closure(let function, let arguments):
      return try fork(stage, descriptors, opensFiles: opensFiles, kind: kind) { [interpreter] in
        try interpreter.invoke(function, arguments, wantsValue: false)
      }
    }
  }

  private func fork(
    _ stage: Pipeline.Stage, _ descriptors: StageDescriptors, opensFiles: Bool, kind: ProcessKind,
    body: () throws -> Value
  ) throws -> ProcessHandle {
    var options = ForkOptions(kind: kind, command: command(stage))
    let word = name(stage)
    if Names.isValid(word) { options.prefix = word }
    options.group = group
    // The child of a fork at the prompt becomes the terminal's owner before it may read.
    let takesTerminal = terminal != nil && group == 0
    // A Ctrl-C that came before the fork is not the child's, and would never reach it.
    let mask = pipeline.mode == .background ? nil : Signals.block([.int])
    defer { if let mask { Signals.setMask(mask) } }
    if mask != nil, session.isInterruptPending { try session.attend(interpreter) }
    options.prepare = { [own, host, interpreter] in
      if let mask { Signals.setMask(mask) }
      if takesTerminal { JobControl.takeTerminal() }
      try mapErrors("cannot connect the pipeline") { try descriptors.enact(closing: own) }
      if opensFiles { try host.redirectForGood(stage.redirections, interpreter) }
      host.session.output.descriptorChanged()
    }
    let member = try session.fork(options, interpreter, body: body)
    if takesTerminal { terminal?.give(to: member.pid) }
    if let mask, !mask.contains(.int) { passOnInterrupt(to: member) }
    return member
  }

  /// Sends a new child, which still blocks INT, the Ctrl-C that came while it was made.
  ///
  /// It came to the child as well, or just before there was one; a second one is merged with it.
  private func passOnInterrupt(to member: ProcessHandle) {
    // At the prompt it came to the child's group, which the child may not have been in yet.
    if terminal != nil { InterruptForwarder.settle() }
    if Signals.pending.contains(.int) { try? Process.send(.int, to: member.pid) }
  }

  private func request(_ path: String, _ arguments: [String]) -> SpawnRequest {
    var request = SpawnRequest(
      path: path, arguments: arguments, environment: host.environment.entries)
    request.mask = request.mask.union(session.handlers.blocked)
    if let group {
      request.group = group == 0 ? .new : .join(group)
      if group == 0 { request.terminal = terminal?.terminal }
    }
    return request
  }

  private func spawn(
    _ request: SpawnRequest, _ stage: Pipeline.Stage, kind: ProcessKind
  ) throws -> ProcessHandle {
    let command = request.arguments.joined(separator: " ")
    let ticket = try session.prepareSpawn(
      name: nil, prefix: PipelineRun.namePrefix(request.arguments[0]), command: command)
    if let slot = ticket.slot { for redirection in stage.redirections { redirection.admit(slot) } }
    do throws(SystemError) {
      let (pid, pidfd) = try Processes.spawn(request)
      return session.register(
        ticket, pid: pid, pidfd: pidfd, command: command, kind: kind,
        group: group == 0 ? pid : group ?? 0)
    } catch {
      session.abandon(ticket)
      throw problem(error, request, stage)
    }
  }

  private func problem(
    _ error: SystemError, _ request: SpawnRequest, _ stage: Pipeline.Stage
  ) -> ErrorObject {
    error.asProgramError(
      request.arguments[0], arguments: request.arguments, environment: request.environment,
      at: stage.location)
  }

  // MARK: Names

  /// What a stage is called in messages.
  func name(_ stage: Pipeline.Stage) -> String {
    switch stage.work {
    case .program(let name, _, _): name
    case .closure: PipelineRun.firstWord(of: stage.location)
    }
  }

  private func command(_ stage: Pipeline.Stage) -> String {
    stage.location.source.text(stage.location.span)
  }

  /// What a process of a program is named after: the last component of its path.
  static func namePrefix(_ program: String) -> String {
    let name = program.split(separator: "/").last.map(String.init) ?? program
    return Names.isValid(name) ? name : "program"
  }

  private static func firstWord(of location: Location) -> String {
    let text = location.source.text(location.span)
    if text.first == "{" { return "{ … }" }
    return String(text.prefix { !$0.isWhitespace })
  }
}
