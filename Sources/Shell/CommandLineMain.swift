import Commands
import Glibc
import Language
import Posix
import Session
import ShellHost

/// The program `brood`: reads its command line and does what it asks for.
public enum Brood {
  /// Runs to the end of the process.
  public static func main() -> Never {
    StandardDescriptors.reserve()
    let arguments = Process.arguments.map { String(decoding: $0, as: UTF8.self) }
    if arguments.dropFirst().first == OutputRelay.word {
      OutputRelay.run(Array(arguments.dropFirst(2)))
    }
    let streams = AgentLine.prepare(arguments)
    let session = Session.current
    do {
      try session.start()
    } catch {
      let error = error as? ErrorObject ?? ErrorObject(.system, "\(error)")
      let help = error.help.map { "brood: \($0)\n" } ?? ""
      try? Transfer.writeAll(2, "brood: cannot start: \(error.message)\n\(help)")
      Process.exitNow(1)
    }
    let host = BroodHost(session)
    AllCommands.prepare(session)
    if let streams {
      perform(AllCommands.table, host) { try AgentLine.run(streams, $0, host) }
    }
    do {
      let invocation = try Invocation(
        Array(arguments.dropFirst()), isTerminal: Terminal.isTerminal(0))
      try run(invocation, host)
    } catch let error as ErrorObject {
      host.printError(error)
    } catch {
      host.printError(ErrorObject(.system, "\(error)"))
    }
    Process.exitNow(2)
  }

  private static func run(_ invocation: Invocation, _ host: BroodHost) throws -> Never {
    host.session.programVersion = Version.number
    switch invocation {
    case .recorded(let path, let inner):
      try host.session.recordTo(path)
      try run(inner, host)
    case .help: say(BroodLine.help, host)
    case .version: say(Version.text + "\n", host)
    case .completions(let shell): say(CommandLineCompletions.text(for: shell), host)
    case .check(let paths): ScriptRunner(host).check(paths)
    case .script(let text, let arguments): ScriptRunner(host).run(text, arguments)
    case .programs(let words):
      perform(RunLine.table, host) { try RunLine.run(words, $0) }
    case .semaphore(let words):
      perform(SemLine.table, host) { try SemLine.run(words, $0) }
    case .look(let verb, let words):
      let interpreter = Interpreter(LookLine.table, host)
      host.session.interpreter = interpreter
      var status: Int32 = LookLine.failure
      do {
        status = try LookLine.run(verb, words, interpreter)
        try host.flush()
      } catch {
        let told = host.session.status(of: error)
        status = told == 130 ? told : LookLine.failure
      }
      host.session.end(status, interpreter)
    case .attach(let words):
      let interpreter = Interpreter(LookLine.table, host)
      host.session.interpreter = interpreter
      var status: Int32 = LookLine.failure
      do {
        status = try AttachLine.run(words, interpreter)
        try host.flush()
      } catch {
        let told = host.session.status(of: error)
        let isUsage = (error as? ErrorObject)?.kind == .arity
        status = told == 1 && isUsage ? LookLine.failure : told
      }
      host.session.end(status, interpreter)
    case .prompt:
      let interpreter = Interpreter(AllCommands.table, host)
      host.session.interpreter = interpreter
      AttachServer.start(host, interpreter)
      let prompt = try mapErrors {
        try Prompt(session: host.session, interpreter: interpreter, host: host)
      }
      // What the session asks of a prompt it may ask until the end of the process.
      withExtendedLifetime(prompt) { () -> Never in
        let status = prompt.run()
        host.endJobControl()
        host.session.end(status, interpreter)
      }
    }
  }

  /// Runs a verb of the command line whose errors have the statuses that those of scripts have.
  private static func perform(
    _ table: CommandTable, _ host: BroodHost, _ body: (Interpreter) throws -> Void
  ) -> Never {
    let interpreter = Interpreter(table, host)
    host.session.interpreter = interpreter
    var status: Int32 = 0
    do {
      try body(interpreter)
      try host.flush()
    } catch {
      status = host.session.status(of: error)
    }
    host.session.end(status, interpreter)
  }

  private static func say(_ text: String, _ host: BroodHost) -> Never {
    do {
      var text = text
      try text.withUTF8 { try host.write($0) }
      try host.flush()
    } catch {
      host.printError(error as? ErrorObject ?? ErrorObject(.system, "\(error)"))
      Process.exitNow(1)
    }
    Process.exitNow(0)
  }
}

extension Interpreter {
  /// The one machine of this program, in memory that stands near everything else that it writes:
  /// a forked child has fewer page tables to copy.
  convenience init(_ table: CommandTable, _ host: BroodHost) {
    self.init(
      table: table, host: host, memory: ProgramMemory.take(bytes: Interpreter.memorySize))
  }
}

/// Descriptors 0 to 2, which must not be taken by anything else.
enum StandardDescriptors {
  /// Fills the numbers that were closed with what refuses to be read or written, so that using
  /// them is an error here, and programs still find them closed.
  static func reserve() {
    for fd: Int32 in 0...2 where fcntl(fd, F_GETFD) < 0 {
      // The lowest free number is the one that is missing.
      _ = open("/dev/null", (fd == 0 ? O_WRONLY : O_RDONLY) | O_CLOEXEC)
    }
  }
}
