import Commands
import Glibc
import Language
import Posix
import Session
import ShellHost

/// Runs a script to its end, and the process with it.
struct ScriptRunner {
  let host: BroodHost
  let interpreter: Interpreter

  init(_ host: BroodHost) {
    self.host = host
    interpreter = Interpreter(AllCommands.table, host)
    host.session.interpreter = interpreter
    AttachServer.start(host, interpreter)
  }

  /// Runs a text; does not come back.
  func run(_ text: Invocation.Text, _ arguments: [String]) -> Never {
    host.arguments = arguments
    if case .file(let path) = text { host.session.script = path }
    let source: Source
    do {
      source = try load(text)
    } catch {
      host.printError(error)
      Process.exitNow(2)
    }
    do throws(ErrorObject) {
      try pin(source)
    } catch {
      host.printError(error)
      Process.exitNow(2)
    }
    let isAtTerminal = Terminal.isTerminal(2) && host.wantsWarnings
    let findings = interpreter.compile(source, checksPrograms: isAtTerminal)
    // While a file that it sources was read.
    if let stop = findings.stop { host.session.end(stop.status, interpreter) }
    if let stop = findings.errors.first(where: { $0.kind == .interrupted }) {
      host.session.end(host.session.status(of: stop), interpreter)
    }
    for error in findings.errors { host.printError(error) }
    guard let function = findings.function else { Process.exitNow(2) }
    let warnings = findings.warnings.filter { warning in
      switch warning.occasion {
      case .everyRun: true
      case .terminal, .script: isAtTerminal
      case .never, .once: false
      }
    }
    // Whether they are wanted is not asked for nothing: it reads the environment.
    if !warnings.isEmpty, !findings.turnsWarningsOff, host.wantsWarnings {
      host.printWarnings(warnings)
    }
    host.session.end(execute(function, source, arguments), interpreter)
  }

  /// Hides what came after the version that a script was written for.
  private func pin(_ source: Source) throws(ErrorObject) {
    guard let (version, span) = LanguageVersion.pinned(in: source) else {
      return interpreter.use(AllCommands.table)
    }
    do throws(ErrorObject) {
      let newer = try AllCommands.names(after: version)
      interpreter.use(newer.isEmpty ? AllCommands.table : AllCommands.table.without(newer))
    } catch {
      error.location = Location(source, span)
      throw error
    }
  }

  /// Runs the text, then its `main`; yields the exit status.
  ///
  /// Wrong arguments and `--help` are answered before anything runs.
  private func execute(_ function: Function, _ source: Source, _ words: [String]) -> Int32 {
    do {
      let main = function.declared("main").map { ScriptArguments($0, of: source.name) }
      var call: ScriptArguments.Call?
      if let main {
        do {
          call = try main.parse(words, interpreter)
        } catch let error as ErrorObject {
          host.printError(error)
          let usage = "usage: \(main.line.usage)"
          if error.help != usage { host.writeError("\n\(usage)\n") }
          return 2
        }
        if call == nil {
          try interpreter.write(HelpText.page(main.line))
          try host.flush()
          return 0
        }
      }
      if host.session.isToBeRecorded { try host.session.record() }
      try interpreter.printReport(try interpreter.run(function))
      if let main, let call { try interpreter.printReport(try main.invoke(call, interpreter)) }
      // What cannot be written is a failure of the script.
      try host.flush()
      return 0
    } catch {
      return host.session.status(of: error)
    }
  }

  /// Reports what is wrong with files, without running them; does not come back.
  func check(_ paths: [String]) -> Never {
    var hasErrors = false
    for path in paths {
      if path.hasSuffix(".md") {
        let faults = LessonCheck.faults(in: path, interpreter)
        for fault in faults { host.printError(fault) }
        if !faults.isEmpty { hasErrors = true }
        continue
      }
      do {
        let source = try load(path == "-" ? .standardInput : .file(path))
        try pin(source)
        let findings = interpreter.compile(source, checksPrograms: true)
        for error in findings.errors { host.printError(error) }
        host.printWarnings(findings.warnings)
        if findings.function == nil { hasErrors = true }
      } catch {
        host.printError(error)
        hasErrors = true
      }
    }
    Process.exitNow(hasErrors ? 2 : 0)
  }

  // MARK: Texts

  private func load(_ text: Invocation.Text) throws(ErrorObject) -> Source {
    switch text {
    case .argument(let text): return Source(name: "-c", text: text)
    case .file(let path):
      do {
        return try host.sources.read(path) { try stopAtSignal() }
      } catch {
        let failure = error as? SystemError ?? SystemError(call: "read", code: EIO)
        let problem = host.sources.problem(path, failure)
        if problem.kind == .missing, host.session.isToBeRecorded, host.isProgram(path) {
          throw problem.amended {
            $0.help =
              "'\(path)' is a program, and a script is recorded: brood --record FILE -c '\(path)' has "
              + "when it began and how it ended; strace -f -o FILE \(path) has its system calls"
          }
        }
        guard problem.kind == .missing, interpreter.table.words.contains(path) else {
          throw problem
        }
        throw problem.amended {
          $0.help = "'\(path)' is a command: brood -c '\(path) …', or type it at the prompt"
        }
      }
    case .standardInput:
      do {
        return Source(name: "stdin", bytes: try Transfer.readAll(0) { try stopAtSignal() })
      } catch {
        let reason = (error as? SystemError)?.message ?? "\(error)"
        throw ErrorObject(.system, "cannot read standard input: \(reason)")
      }
    }
  }

  /// Ctrl-C while the script is still being typed or sent.
  private func stopAtSignal() throws {
    do {
      try host.attend(interpreter)
    } catch {
      host.session.end(host.session.status(of: error), interpreter)
    }
  }
}
