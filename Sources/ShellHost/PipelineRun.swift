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
  /// For each stage the files of its redirections; nil for a stage that opens them itself.
  private var files: [[Int32?]?] = []
  /// Descriptors that only this run needs, for children to close.
  private(set) var own: Set<Int32> = []
  /// The group of the pipeline: nil stays in the shell's.
  private(set) var group: Int32?
  private(set) var terminal: JobControl?
  /// The output of a background job at the prompt.
  private var backgroundOutput: Int32?

  init(_ pipeline: Pipeline, _ host: BroodHost, _ interpreter: Interpreter) {
    self.pipeline = pipeline
    self.host = host
    self.interpreter = interpreter
    session = host.session
  }

  // MARK: Starting

  /// Starts all stages; on failure nothing of them is left.
  func start() throws {
    do {
      // All names and files first, so that a mistake starts nothing.
      for stage in pipeline.stages { paths.append(try findProgram(stage)) }
      for stage in pipeline.stages { try openFiles(stage) }
      if pipeline.mode == .background {
        group = 0
        backgroundOutput = try session.hooks.backgroundOutput?.open()
        if let backgroundOutput { own.insert(backgroundOutput) }
      } else if let control = host.jobControl, session.isInteractive {
        terminal = control
        group = control.lend() ?? 0
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
      session.hooks.backgroundOutput?.attach(backgroundOutput, to: last)
    }
  }

  private func abandon() {
    if let backgroundOutput {
      own.remove(backgroundOutput)
      session.hooks.backgroundOutput?.abandon(backgroundOutput)
    }
    for fd in own { Descriptors.close(fd) }
    own = []
    Descriptors.close(captured)
    captured = -1
    // Their neighbours never started.
    for member in members { try? Process.send(.kill, to: member.pid) }
    for member in members {
      session.postponing { _ = try session.wait(for: member, interpreter) }
    }
    if group != 0 { terminal?.takeBack(restoringModes: true) }
  }

  private func findProgram(_ stage: Pipeline.Stage) throws -> String? {
    guard case .program(let name, let arguments, _) = stage.work else { return nil }
    if let word = arguments.first(where: { $0.utf8.contains(0) }) {
      throw ErrorObject(
        .type,
        "a program's argument cannot hold a null character, as \(Value.text(word).asLiteral) does",
        location: stage.location)
    }
    do throws(SystemError) {
      return try host.programs.find(name)
    } catch {
      if error.code == ENOENT {
        if !name.contains("/") { throw interpreter.unknownCommand(name, at: stage.location) }
        throw ErrorObject(
          .missing, "there is no file '\(name)' to run", help: shellLineHint(name),
          location: stage.location)
      }
      throw error.asProgramError(
        name, arguments: arguments, environment: [], at: stage.location)
    }
  }

  private func openFiles(_ stage: Pipeline.Stage) throws {
    // Opening a FIFO waits for its other end, which must not stop the shell or the other stages.
    let mayWait = pipeline.mode == .background || pipeline.stages.count > 1
    if mayWait, stage.redirections.contains(where: \.isFIFO) { return files.append(nil) }
    files.append([])
    for redirection in stage.redirections {
      let file = try host.open(redirection, interpreter)
      files[files.count - 1]?.append(file)
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
      let ends = try mapErrors("cannot connect '\(name(stage))'") { try Descriptors.pipe() }
      own.formUnion([ends.read, ends.write])
      output = ends.write
      if isLast {
        own.remove(ends.read)
        captured = ends.read
        captured = try mapErrors { try Descriptors.makePrivate(ends.read) }
      } else {
        next = ends.read
      }
    } else {
      output = backgroundOutput
    }
    if let output { descriptors.set(1, to: output) }
    let files = files[index]
    for (redirection, file) in zip(stage.redirections, files ?? []) {
      try descriptors.add(redirection, file: file)
    }
    let member = try start(
      stage, path: paths[index], descriptors, opensFiles: files == nil, kind: kind(isLast))
    members.append(member)
    if group == 0 { group = member.pid }
    for fd in [input, output] + (files ?? []) where fd != backgroundOutput {
      if let fd, own.remove(fd) != nil { Descriptors.close(fd) }
    }
    return next
  }

  /// At a prompt any pipeline may become a job, for which its last process stands.
  private func kind(_ isLast: Bool) -> ProcessKind {
    if group == nil { return .foreground }
    return isLast ? .background : .member
  }
}
