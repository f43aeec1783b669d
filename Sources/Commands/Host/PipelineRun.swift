import Glibc
import Language
import Posix
import Session

/// One pipeline being started: its files, pipes and processes.
final class PipelineRun {
  let pipeline: Pipeline
  let host: BroodHost
  let session: Session
  let interpreter: Interpreter
  /// The processes so far, in the order of the stages.
  private(set) var members: [ProcessHandle] = []
  /// The read end of the last stage's output, when that is captured.
  private(set) var captured: Int32 = -1

  /// Programs' paths, nil for closures.
  private var paths: [String?] = []
  /// For each stage the files of its redirections.
  private var files: [[Int32?]] = []
  /// Descriptors that only this run needs, for children to close.
  private var own: Set<Int32> = []
  /// The group of the pipeline: nil stays in the shell's.
  private var group: Int32?
  private var terminal: JobControl?
  /// The output of a background job at the prompt.
  private var backgroundOutput: Int32?

  init(_ pipeline: Pipeline, _ host: BroodHost, _ interpreter: Interpreter) {
    self.pipeline = pipeline
    self.host = host
    self.interpreter = interpreter
    session = host.session
  }

  // MARK: Starting

  /// Starts all stages. On failure nothing of it is left.
  func start() throws {
    do {
      // All names and files first, so that a mistake starts nothing.
      for stage in pipeline.stages { paths.append(try findProgram(stage)) }
      for stage in pipeline.stages { try openFiles(stage) }
      if pipeline.mode == .background {
        group = 0
        backgroundOutput = try session.backgroundOutput?.open()
        if let backgroundOutput { own.insert(backgroundOutput) }
      } else if let control = host.jobControl, session.isInteractive {
        group = 0
        terminal = control
      }
      var input: Int32?
      for index in pipeline.stages.indices { input = try start(index, input: input) }
      for fd in own where fd != backgroundOutput { Descriptors.close(fd) }
      own = []
    } catch {
      abandon()
      throw error
    }
    if let backgroundOutput, let last = members.last {
      session.backgroundOutput?.attach(backgroundOutput, to: last)
    }
  }

  private func abandon() {
    if let backgroundOutput {
      own.remove(backgroundOutput)
      session.backgroundOutput?.abandon(backgroundOutput)
    }
    for fd in own { Descriptors.close(fd) }
    own = []
    Descriptors.close(captured)
    captured = -1
    // Their neighbours never started.
    for member in members { try? Process.send(.kill, to: member.pid) }
    for member in members { _ = try? session.wait(for: member, interpreter) }
    if !members.isEmpty { terminal?.takeBack(restoringModes: true) }
  }

  private func findProgram(_ stage: Pipeline.Stage) throws -> String? {
    guard case .program(let name, let arguments, _) = stage.work else { return nil }
    do throws(SystemError) {
      return try host.programs.find(name)
    } catch {
      if error.code == ENOENT {
        if !name.contains("/") { throw interpreter.unknownCommand(name, at: stage.location) }
        throw ErrorObject(.missing, "there is no file '\(name)' to run", location: stage.location)
      }
      throw error.asProgramError(
        name, arguments: arguments, environment: [], at: stage.location)
    }
  }

  private func openFiles(_ stage: Pipeline.Stage) throws {
    files.append([])
    for redirection in stage.redirections {
      let file = try host.open(redirection, interpreter)
      files[files.count - 1].append(file)
      if let file { own.insert(file) }
    }
  }

  /// Starts one stage; yields the read end of the pipe behind it.
  private func start(_ index: Int, input: Int32?) throws -> Int32? {
    let stage = pipeline.stages[index]
    let isLast = index == pipeline.stages.count - 1
    var descriptors = StageDescriptors()
    if let input { descriptors.set(0, to: input) }
    if let backgroundOutput { descriptors.set(2, to: backgroundOutput) }
    var output: Int32?
    var next: Int32?
    if !isLast || pipeline.mode == .capture {
      let ends = try asking("cannot connect '\(name(stage))'") { try Descriptors.pipe() }
      own.formUnion([ends.read, ends.write])
      output = ends.write
      if isLast {
        own.remove(ends.read)
        captured = ends.read
        captured = try asking { try Descriptors.makePrivate(ends.read) }
      } else {
        next = ends.read
      }
    } else {
      output = backgroundOutput
    }
    if let output { descriptors.set(1, to: output) }
    for (redirection, file) in zip(stage.redirections, files[index]) {
      try descriptors.add(redirection, file: file)
    }
    let member = try start(stage, path: paths[index], descriptors, kind: kind(isLast))
    members.append(member)
    if group == 0 { group = member.pid }
    for fd in [input, output] + files[index] where fd != backgroundOutput {
      if let fd, own.remove(fd) != nil { Descriptors.close(fd) }
    }
    return next
  }

  /// At a prompt any pipeline may become a job, for which its last process stands.
  private func kind(_ isLast: Bool) -> ProcessKind {
    if group == nil { return .foreground }
    return isLast ? .background : .helper
  }

  private func start(
    _ stage: Pipeline.Stage, path: String?, _ descriptors: StageDescriptors, kind: ProcessKind
  ) throws -> ProcessHandle {
    switch stage.work {
    case .program(let name, let arguments, _):
      return try spawnProgram(
        name, path ?? name, arguments, descriptors, kind: kind, at: stage.location)
    case .closure(let function, let arguments):
      var options = ForkOptions(kind: kind, command: command(stage))
      options.group = group
      // The child of a fork at the prompt becomes the terminal's owner before it may read.
      let takesTerminal = terminal != nil && group == 0
      let own = own
      let output = session.output
      options.prepare = {
        if takesTerminal { JobControl.takeTerminal() }
        try asking("cannot connect the pipeline") { try descriptors.enact(closing: own) }
        output.descriptorChanged()
      }
      let member = try session.fork(options, interpreter) { [interpreter] in
        try interpreter.invoke(function, arguments, wantsValue: false)
      }
      if takesTerminal { terminal?.give(to: member.pid) }
      return member
    }
  }

  private func spawnProgram(
    _ name: String, _ path: String, _ arguments: [String], _ descriptors: StageDescriptors,
    kind: ProcessKind, at location: Location
  ) throws -> ProcessHandle {
    let environment = host.environment.entries
    var request = SpawnRequest(
      path: path, arguments: [name] + arguments, environment: environment)
    request.descriptors = descriptors.moves
    request.mask = request.mask.union(session.handlers.blocked)
    if let group {
      request.group = group == 0 ? .new : .join(group)
      if group == 0 { request.terminal = terminal?.terminal }
    }
    let ticket = try session.prepareSpawn(name: nil, prefix: PipelineRun.namePrefix(name))
    do throws(SystemError) {
      let (pid, pidfd) = try spawn(request)
      return session.register(
        ticket, pid: pid, pidfd: pidfd, command: ([name] + arguments).joined(separator: " "),
        kind: kind, group: group == 0 ? pid : group ?? 0)
    } catch {
      session.abandon(ticket)
      throw error.asProgramError(
        name, arguments: arguments, environment: environment, at: location)
    }
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
