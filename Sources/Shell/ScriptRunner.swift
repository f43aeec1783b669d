import Commands
import Glibc
import Language
import Posix
import Session

/// Runs a script to its end, and the process with it.
struct ScriptRunner {
  let host: BroodHost
  let interpreter: Interpreter

  init(_ host: BroodHost) {
    self.host = host
    interpreter = Interpreter(table: AllCommands.table, host: host)
    host.session.interpreter = interpreter
  }

  /// Runs a text; does not come back.
  func run(_ text: Invocation.Text, _ arguments: [String]) -> Never {
    host.arguments = arguments
    let source: Source
    do {
      source = try load(text)
    } catch {
      host.printError(error)
      Process.exitNow(2)
    }
    let findings = interpreter.compile(source)
    for error in findings.errors { host.printError(error) }
    guard let function = findings.function else { Process.exitNow(2) }
    host.session.end(execute(function, source, arguments), interpreter)
  }

  /// Runs the text, then its `main`; yields the exit status.
  private func execute(_ function: Function, _ source: Source, _ arguments: [String]) -> Int32 {
    do {
      try interpreter.printReport(try interpreter.run(function))
      var status: Int32 = 0
      if let main = mainFunction(of: source) { status = try call(main, source, arguments) }
      // What cannot be written is a failure of the script.
      try host.flush()
      return status
    } catch {
      return host.session.status(of: error)
    }
  }

  private func call(
    _ main: Closure, _ source: Source, _ words: [String]
  ) throws -> Int32 {
    let arguments = ScriptArguments(main)
    if words.first == "--help" {
      try interpreter.write(arguments.help(source.name))
      return 0
    }
    let call: ScriptArguments.Call
    do throws(ErrorObject) {
      call = try arguments.parse(words)
    } catch {
      host.printError(error)
      host.writeError("\n" + arguments.usage(source.name) + "\n")
      return 2
    }
    try interpreter.printReport(try arguments.invoke(call, interpreter))
    return 0
  }

  private func mainFunction(of source: Source) -> Closure? {
    // One that came by `source` is a library's own.
    guard case .closure(let closure)? = interpreter.mainFunction,
      closure.function.source === source
    else { return nil }
    return closure
  }

  /// Reports what is wrong with files, without running them; does not come back.
  func check(_ paths: [String]) -> Never {
    var hasErrors = false
    for path in paths {
      do {
        let source = try load(path == "-" ? .standardInput : .file(path))
        let findings = interpreter.compile(source)
        for error in findings.errors { host.printError(error) }
        let look = host.diagnostics
        for warning in findings.warnings { host.writeError(look.text(warning)) }
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
      do throws(SystemError) {
        return try host.sources.read(path)
      } catch {
        throw host.sources.problem(path, error)
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
    } catch let error as ErrorObject {
      host.session.end(host.session.status(of: error), interpreter)
    }
  }
}
