import Glibc
import Language
import Posix
import Session

/// The world of a Brood program: the operating system, through the session.
public final class BroodHost: SessionHost, ProgramFinder {
  public let session: Session
  /// The arguments of the script, `$args`.
  public var arguments: [String] = []
  /// The last result at the prompt, `$last`.
  public var lastResult = Value.null
  /// How the last program in the foreground ended, `$status`.
  public var lastStatus: Int32 = 0
  /// The terminal and its groups; nil unless a person types.
  public private(set) var jobControl: JobControl? {
    didSet { if jobControl != nil { forgetInChildren() } }
  }
  /// What `history` lists, and the file with older entries, if there are any; set by the prompt.
  public var historyEntries: (() -> (entries: [String], fileWithOlder: String?))?

  let environment = Environment()
  let programs: Programs
  public let sources = SourceFiles()
  package let jobs = JobList()
  private var forgetsInChildren = false
  /// Redirections of built-ins and blocks in force, the innermost last.
  var redirections: [Redirections] = [] {
    didSet { forgetInChildren() }
  }

  public init(_ session: Session) {
    self.session = session
    programs = Programs(environment)
    session.watchLockOrder()
    session.hooks.printError = { [self] error, session in
      printError(error, session)
    }
  }

  /// Makes the session interactive: takes the terminal, and lends it to programs in the foreground.
  public func startJobControl() throws {
    jobControl = try JobControl()
    session.isInteractive = true
    session.watchLockOrder()
  }

  /// Gives the terminal back to the group that had it; the last thing that an interactive session does.
  public func endJobControl() {
    jobControl?.end()
    jobControl = nil
  }

  /// From now on there is something that a forked child has to forget; a hook costs each of them.
  func forgetInChildren() {
    guard !forgetsInChildren else { return }
    forgetsInChildren = true
    session.hooks.afterForkInChild.append { [self] in becomeChild() }
  }

  private func becomeChild() {
    jobControl?.becomeChild(session.handlers)
    jobControl = nil
    for set in redirections { set.forgetAfterFork() }
    redirections = []
  }

  // MARK: Attention and output

  public var attention: UnsafeMutablePointer<Int32> { Attention.address }

  public func attend(_ interpreter: Interpreter) throws {
    try session.attend(interpreter)
  }

  public func write(_ bytes: UnsafeBufferPointer<UInt8>) throws { try session.output.write(bytes) }

  public func flush() throws { try session.output.flush() }

  /// Writes to standard error behind all that was printed before.
  public func writeError(_ text: String) {
    session.postponing { try session.output.flush() }
    session.output.beforeWriting?()
    // A user who closed standard error does not want to read this.
    try? Transfer.writeAll(2, text)
  }

  /// Prints an uncaught error, once.
  public func printError(_ error: ErrorObject) { printError(error, session) }

  private func printError(_ error: ErrorObject, _ session: Session) {
    if error.wasPrinted { return }
    error.wasPrinted = true
    var look = diagnostics
    if !session.isAttached, let name = session.ownName {
      look.origin = " in process '\(name)' (\(Process.pid))"
    }
    writeError(look.text(error))
  }

  /// Whether the user wants to be warned, by the environment and by `config warnings`.
  public var wantsWarnings: Bool {
    environment["BROOD_WARNINGS"] != "off" && session.settings.text("warnings") != "off"
  }

  public func printWarnings(_ warnings: some Sequence<Warning>) {
    let look = diagnostics
    for warning in warnings { writeError(look.text(warning)) }
  }

  /// How diagnostics look on standard error.
  public var diagnostics: Diagnostics { Diagnostics { environment[$0] } }

  // MARK: Variables

  public func liveVariable(_ name: String) -> Value {
    switch name {
    case "pid": .int(Int(Process.pid))
    case "ppid": .int(Int(session.parentPid))
    case "env": environment.map
    case "args": .items(arguments.map { .text($0) })
    case "last": lastResult
    case "status": .int(Int(lastStatus))
    default: .null
    }
  }

  public func setEnvironment(_ name: String, _ value: Value) throws {
    environment.set(name, try Environment.text(name, value))
  }

  /// A variable of the environment.
  public func environmentVariable(_ name: String) -> String? { environment[name] }

  /// The environment as programs get it.
  public var environmentEntries: [String] { environment.entries }

  // MARK: Names and files

  public func isProgram(_ name: String) -> Bool { programs.exists(name) }

  public func programNames() -> [String] { programs.all }

  /// The file that a program's name means.
  public func findProgram(_ name: String) throws(SystemError) -> String { try programs.find(name) }

  public func expand(pattern: String, attend: () throws -> Void) throws -> [String] {
    if let gate = Gate.current, Glob.isPattern(pattern) { try gate.stop(pattern: pattern) }
    return try Expansion.expand(pattern, home: environment["HOME"], attend: attend)
  }

  public func load(path: String, from source: Source?) throws -> Source {
    let session = session
    let outer = Gate.current?.outerDirectory
    return try sources.load(path, from: source, home: environment["HOME"], outer: outer) {
      guard let interpreter = session.interpreter else { return Attention.clear() }
      try session.attend(interpreter)
    }
  }

  public func loadingWaits(path: String, from source: Source?) -> Bool {
    sources.waits(path, from: source, home: environment["HOME"])
  }

  public func monotonicNow() -> Int { Int(Gate.current?.clock ?? Clock.monotonic) }

  public var stackEnd: UInt? { ProcessStack.end }

  // MARK: Programs

  public func run(_ pipeline: Pipeline, _ interpreter: Interpreter) throws -> Value {
    guard let gate = Gate.current else { return try start(pipeline, interpreter) }
    gate.refuse("a program or pipeline")
    return try gate.away { try start(pipeline, interpreter) }
  }

  private func start(_ pipeline: Pipeline, _ interpreter: Interpreter) throws -> Value {
    let run = PipelineRun(pipeline, self, interpreter)
    if pipeline.mode == .background { return .handle(try run.startInBackground()) }
    return try run.runInForeground()
  }
}

/// File names from words: `~`, `~user` and patterns.
enum Expansion {
  /// The words that a pattern gives; what is quoted in it is escaped by backslashes.
  ///
  /// Without pattern characters it is a word that began with `~`, and gives itself.
  static func expand(
    _ pattern: String, home: String?, attend: () throws -> Void
  ) throws -> [String] {
    let pattern = try replacingHome(in: pattern, home: home)
    if Glob.isPattern(pattern) {
      return try mapErrors("cannot look for '\(pattern)'") {
        try Glob.paths(pattern, attend: attend)
      }
    }
    return [Glob.unquoted(pattern)]
  }

  private static func replacingHome(in pattern: String, home: String?) throws -> String {
    guard pattern.first == "~" else { return pattern }
    let name = pattern.dropFirst().prefix { $0 != "/" }
    // A user's name has no pattern characters; such a word is a pattern for names with a `~`.
    if name.contains(where: { "*?[\\".contains($0) }) { return pattern }
    let rest = pattern.dropFirst(1 + name.count)
    guard name.isEmpty else {
      guard let directory = homeDirectory(of: String(name)) else { return pattern }
      return Glob.quoted(directory) + rest
    }
    guard let directory = home ?? homeDirectory(of: nil) else {
      throw ErrorObject(.missing, "cannot tell the home directory: $env.HOME is not set")
    }
    return Glob.quoted(directory) + rest
  }

  /// A user's home directory from the user database (getpwnam(3)); nil asks for one's own.
  private static func homeDirectory(of name: String?) -> String? {
    let entry = name.map { getpwnam($0) } ?? getpwuid(getuid())
    guard let directory = entry?.pointee.pw_dir else { return nil }
    return String(cString: directory)
  }
}
