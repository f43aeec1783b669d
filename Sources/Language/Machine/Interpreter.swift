import Glibc

/// The names that outlive one program text.
public final class Globals {
  var variables: [String: GlobalVariable] = [:]
  var functions: [String: GlobalFunction] = [:]

  static let liveNames = ["pid", "ppid", "env", "args", "last", "status"]

  /// The entry of a function, defined or to be defined.
  func function(_ name: String) -> GlobalFunction {
    if let known = functions[name] { return known }
    let made = GlobalFunction(name)
    functions[name] = made
    return made
  }

  /// Names of the variables, for completion.
  public var variableNames: [String] { variables.keys.sorted() + Globals.liveNames }

  /// Names of the functions, for completion and suggestions.
  public var functionNames: [String] {
    functions.values.filter { $0.closure != nil }.map(\.name).sorted()
  }
}

/// Compiles program texts and runs them: the machine's registers, its frames, and the names that
/// outlive a text.
public final class Interpreter {
  /// The built-ins that there are.
  public private(set) var table: CommandTable
  public let host: any Host
  public let globals = Globals()

  /// Registers of all active frames, one behind the other.
  let stack: Slot
  let stackEnd: Slot
  /// What has to be given back.
  private let memory: UnsafeMutableRawPointer?
  var frameCount = 0
  /// The first register that is not used, for calls that built-ins make.
  var top: Slot
  var handlers: ContiguousArray<Handler> = []
  /// Calls below it are of no interest in traces: those in which a worker was forked.
  private(set) var traceFloor = 0
  /// How many built-ins are running one inside the other.
  var nativeDepth = 0
  /// The call of the built-in that runs, the innermost one.
  var activeSite: Unmanaged<CallSite>?
  /// Texts that the resolver has compiled for `source`.
  var prepared: [StringObject: Function] = [:]
  /// Functions that other processes sent.
  let arrived = ArrivedFunctions()

  /// How many `source` are being read or run one inside the other.
  private var sourceDepth = 0
  /// Warnings of the files that the text being compiled sources, and whether all is looked for.
  private var sourcedWarnings: [Warning] = []
  private var checksSourcedPrograms = false
  static let maximumSources = 40
  var cachedSite: CallSite?
  var cachedStatement: CallSite?
  /// The largest text that operators make, in bytes; a list may take as much.
  public var maximumLength = 1 << 30

  static let stackSize = 1 << 20
  /// Calls may be nested this deep.
  static let maximumFrames = 10_000
  /// Built-ins that call blocks may be nested this deep, if the stack has room for it.
  static let maximumNativeDepth = 20_000
  /// Above this depth calls of built-ins take another way: the maximum, or -1 while they are watched.
  var nativeLimit = Interpreter.maximumNativeDepth
  /// What runs in place of some built-ins.
  var standIns: [ObjectIdentifier: Command] = [:]
  /// What runs in place of the waiting of `select`.
  var selectStandIn: (@Sendable (borrowing Selection) throws -> Selected)?
  /// What yields fields of handles in place of these.
  var fieldStandIn: (@Sendable (Handle, String) throws -> Value?)?
  /// Below this address they are not, 0 until that is looked up.
  var stackLimit: UInt = 0

  struct Frame {
    var code: UnsafeMutablePointer<FunctionCode>
    var cells: UnsafeMutablePointer<Cell>?
    var base: Slot
    /// Behind the instruction that is being executed.
    var pc: UnsafePointer<Instruction>
    /// Whether the caller uses the result, so that a report becomes a plain value.
    var wantsValue: Bool
    /// Whether the machine was entered with this frame.
    var isEntry: Bool
  }

  struct Handler {
    let frame: Int
    let pc: UnsafePointer<Instruction>
    let register: Int
  }

  private static let page = 4096
  /// Room for the frames, in bytes.
  private static let frameRoom = (maximumFrames * MemoryLayout<Frame>.stride / page + 2) * page
  /// How much memory a machine takes for registers and frames, in bytes.
  public static let memorySize = frameRoom + stackSize * MemoryLayout<Value>.stride + page

  /// Takes other built-ins from now on, for the texts that are compiled then.
  public func use(_ table: CommandTable) { self.table = table }

  /// - Parameter memory: `memorySize` zeroed bytes for this one machine, which are never given
  ///   back; allocated without it.
  public init(table: CommandTable, host: any Host, memory given: UnsafeMutableRawPointer? = nil) {
    self.table = table
    self.host = host
    // Zeroed memory, whose pages exist only when touched; a zeroed slot is the value false.
    let memory = given ?? zeroedMemory(Interpreter.memorySize)
    self.memory = given == nil ? memory : nil
    // Frames go down and registers up from where they meet, in the middle of a page: a program
    // with few of both touches one page, which is one less for a forked child to copy.
    let page = Interpreter.page
    let start = memory.alignedUp(toMultipleOf: page) + (Interpreter.frameRoom - page / 2)
    stack = start.bindMemory(to: Value.self, capacity: Interpreter.stackSize)
    stackEnd = stack + Interpreter.stackSize
    top = stack
  }

  deinit {
    var slot = stack
    while slot < top {
      slot.setNull()
      slot += 1
    }
    if let memory { releaseMemory(memory) }
  }

  /// The text of the innermost call of a built-in that runs; empty if none does.
  public func withActiveCall<R>(_ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R {
    guard let site = activeSite else { return try body(UnsafeBufferPointer(start: nil, count: 0)) }
    return try site._withUnsafeGuaranteedRef { site in
      try site.source.bytes.withUnsafeBufferPointer { bytes in
        try body(UnsafeBufferPointer(rebasing: bytes[site.fullSpan.range(in: bytes.count)]))
      }
    }
  }

  /// The text and the line (from 1) of the innermost call of a built-in that runs.
  public var activePlace: (source: Source, line: Int)? {
    activeSite?._withUnsafeGuaranteedRef { site in
      (site.source, site.source.line(site.span.start))
    }
  }

  /// What the host knows the place of the call that runs by; 0 until it is set, once for each call of
  /// the text.
  public var activeNote: UInt64 {
    get { activeSite?._withUnsafeGuaranteedRef { $0.hostNote } ?? 0 }
    set { activeSite?._withUnsafeGuaranteedRef { $0.hostNote = newValue } }
  }

  /// A forked process begins in none of the calls that its parent was in.
  public func forgetActiveCall() { activeSite = nil }

  /// The frame of a depth, counted from 0.
  @inline(__always)
  func frame(_ depth: Int) -> UnsafeMutablePointer<Frame> {
    UnsafeMutableRawPointer(stack).assumingMemoryBound(to: Frame.self) - (depth + 1)
  }

  // MARK: Texts

  /// What reading a text without running it found.
  public struct Findings {
    public var errors: [ErrorObject] = []
    public var warnings: [Warning] = []
    public var function: Function?
    /// The program is left while a file that the text sources is read.
    public var stop: ExitRequest?
    /// The text itself has `config warnings off` on its top level.
    public var turnsWarningsOff = false
  }

  /// Parses, resolves and compiles a text.
  ///
  /// - Parameter isPersistent: whether its top level's variables outlive it, as at the prompt.
  /// - Parameter checksPrograms: whether all is looked for that `--check` warns of, as words that
  ///   are no program here.
  public func compile(
    _ source: Source, isPersistent: Bool = false, checksPrograms: Bool = false
  ) -> Findings {
    compile(ReadText(source), isPersistent: isPersistent, checksPrograms: checksPrograms)
  }

  /// The same for a text that was read already; it can be compiled once.
  public func compile(
    _ text: ReadText, isPersistent: Bool = false, checksPrograms: Bool = false
  ) -> Findings {
    let (source, reading) = (text.source, text.reading)
    var findings = Findings()
    // Of the files that this text sources.
    let (warnings, checks) = (sourcedWarnings, checksSourcedPrograms)
    sourcedWarnings = []
    checksSourcedPrograms = checksPrograms
    defer { (sourcedWarnings, checksSourcedPrograms) = (warnings, checks) }
    do {
      findings.turnsWarningsOff = reading.block.statements.contains(where: \.turnsWarningsOff)
      let resolver = Resolver(
        source, globals: globals, table: table, isPersistent: isPersistent,
        programExists: { [host] in host.isProgram($0) },
        prepareSource: { try self.prepare($0, from: source) })
      if checksPrograms { resolver.isProgram = { [host] in host.isProgram($0) } }
      resolver.skipped = reading.skipped
      resolver.resolve(reading.block)
      findings.warnings = reading.mistakes.isEmpty ? sourcedWarnings + resolver.warnings : []
      findings.errors = Array(
        (reading.mistakes + resolver.errors)
          .sorted { ($0.location?.span.start ?? 0) < ($1.location?.span.start ?? 0) }
          .prefix(Parser.mostMistakes))
      findings.stop = resolver.stop
      if findings.errors.isEmpty, findings.stop == nil {
        findings.function = try Compiler.compile(reading.block, source: source, resolver: resolver)
      }
    } catch let error as ErrorObject {
      findings.errors.append(error)
    } catch {
      findings.errors.append(ErrorObject(.syntax, "\(error)"))
    }
    return findings
  }

  /// Compiles a text for `source`, so that the names it declares are known to those behind it.
  ///
  /// - Returns: false if it can be read only while the program runs, which may have to make a writer.
  private func prepare(_ path: String, from source: Source) throws -> Bool {
    let key = StringObject.make(path)
    if prepared[key] != nil { return true }
    if host.loadingWaits(path: path, from: source) { return false }
    sourceDepth += 1
    defer { sourceDepth -= 1 }
    if sourceDepth > Interpreter.maximumSources { throw tooManySources(path) }
    let loaded = try host.load(path: path, from: source)
    let findings = compile(
      loaded, isPersistent: true, checksPrograms: checksSourcedPrograms)
    if !findings.turnsWarningsOff { sourcedWarnings += findings.warnings }
    if let stop = findings.stop { throw stop }
    if !findings.errors.isEmpty { throw SourceMistakes(errors: findings.errors) }
    prepared[key] = findings.function
    return true
  }

  /// Runs a file's text on the top level, as `source` does.
  public func runSource(_ path: String, from source: Source) throws -> Value {
    sourceDepth += 1
    defer { sourceDepth -= 1 }
    if sourceDepth > Interpreter.maximumSources { throw tooManySources(path) }
    if let function = prepared.removeValue(forKey: .make(path)) { return try run(function) }
    let findings = compile(try host.load(path: path, from: source), isPersistent: true)
    if let stop = findings.stop { throw stop }
    if let error = findings.errors.first { throw error }
    guard let function = findings.function else { return .null }
    return try run(function)
  }

  /// Compiles a file's text for `runSource`, before it is called; what is wrong with it is left to that.
  public func compileAhead(_ path: String) {
    let source = Source(name: path, text: "")
    guard !host.loadingWaits(path: path, from: source),
      let loaded = try? host.load(path: path, from: source)
    else { return }
    let findings = compile(loaded, isPersistent: true)
    if findings.errors.isEmpty, findings.stop == nil { prepared[.make(path)] = findings.function }
  }

  private func tooManySources(_ path: String) -> ErrorObject {
    ErrorObject(
      .limit, "files that source each other are nested too deeply",
      help: "does '\(path)' source itself?")
  }

  /// Runs a compiled text.
  ///
  /// The result may be a report, which the caller prints or uses.
  public func run(_ function: Function) throws -> Value {
    try invoke(.closure(Closure(function, cells: [])), [], wantsValue: false)
  }

  /// The value of a compiled text, for Swift code that uses it.
  public func value(of function: Function) throws -> Value {
    try invoke(.closure(Closure(function, cells: [])), [], wantsValue: true)
  }

  /// The function `main` that a script declared.
  public var mainFunction: Value? { globals.functions["main"]?.closure.map { .closure($0) } }

  // MARK: Names

  /// A function of the top level, a built-in or a program, as a value.
  ///
  /// - Throws: `missing` if there is none.
  public func function(named name: String) throws -> Value {
    if let closure = globals.functions[name]?.closure { return .closure(closure) }
    if let command = table[name] { return .closure(Closure(.native(command), cells: [])) }
    // As in front of a command, `^` means the program.
    let program = name.hasPrefix("^") ? String(name.dropFirst()) : name
    if host.isProgram(program) { return .closure(Closure(.program(program), cells: [])) }
    throw unknownCommand(program)
  }

  public func unknownCommand(_ name: String, at location: Location? = nil) -> ErrorObject {
    if let error = location.flatMap({ foreignStatement(around: $0) }) { return error }
    if name.hasPrefix("{") {
      return ErrorObject(
        .missing, "'\(name)' is a plain word here",
        help: "a block that looks like a placeholder needs blanks: { … }", location: location)
    }
    let help = location.flatMap { HintSearch($0.source).unknown(name, $0.span) }
    return ErrorObject(
      .missing, "there is no command '\(name)'", help: help ?? unknownHelp(name),
      location: location)
  }

  private func unknownHelp(_ name: String) -> String {
    // Behind `ok`, `status` or `time`.
    if name == "--help" { return "did you mean 'help ok' or 'help time'?" }
    if let help = shellLineHint(name) { return help }
    let near =
      nearest(name, among: globals.functionNames + table.words)
      ?? nearest(name, among: host.programNames(), isCareful: true)
    return near.map { "did you mean '\($0)'?" }
      ?? "it is no function, built-in or program on $env.PATH"
  }

  /// Gives a variable of the top level a value, declaring it if need be.
  public func setGlobal(_ name: String, _ value: Value) {
    let variable = globals.variables[name] ?? GlobalVariable(name, isConstant: false, .null)
    variable.cell.value = value
    globals.variables[name] = variable
  }

  /// Makes what the calls that are under way can name variables of the top level, inner ones before
  /// outer ones: for a prompt in the middle of a program.
  public func publishLocals() {
    for depth in 0..<frameCount {
      let frame = frame(depth).pointee
      let function = frame.code.pointee.function.takeUnretainedValue()
      for (at, name) in function.captureNames.enumerated() {
        guard let cell = frame.cells?[at], name.kind != .function else { continue }
        publish(name.name, isConstant: name.kind == .constant, cell.value)
      }
      for local in function.locals(before: frame.pc) {
        publish(local.name, isConstant: local.isConstant, (frame.base + local.register).cellValue)
      }
    }
  }

  private func publish(_ name: String, isConstant: Bool, _ value: Value) {
    if value.unsetError != nil { return }
    globals.variables[name] = GlobalVariable(name, isConstant: isConstant, value)
  }

  /// The value of a variable of the top level.
  public func global(_ name: String) -> Value? {
    guard let value = globals.variables[name]?.cell.value, value.unsetError == nil else {
      return nil
    }
    return value
  }

  // MARK: Output

  /// Leaves the calls that are under way now out of traces.
  public func hideCalls() { traceFloor = frameCount }

  public func write(_ text: String) throws {
    var text = text
    try text.withUTF8 { try host.write($0) }
  }

  public func flush() throws { try host.flush() }

  /// Prints a report that a statement discards.
  public func printReport(_ value: Value) throws {
    guard case .report(let report) = value else { return }
    let text = report.text ?? Interpreter.shown(report.value)
    if text.isEmpty { return }
    try write(text.hasSuffix("\n") ? text : text + "\n")
  }

  /// A value as the prompt shows it and a report is printed: a table for a list of records.
  public static func shown(_ value: Value) -> String {
    switch value {
    case .null, .missing: return ""
    case .list(let list):
      if let table = recordTable(list.items) { return table }
      return value.asLiteral
    case .report(let report): return report.text ?? shown(report.value)
    case .string(let string): return TerminalText.lines(string.string)
    default: return value.asLiteral
    }
  }

  // MARK: Running through values

  /// Calls `body` with each item until it returns false.
  ///
  /// Maps are run through by their keys; the second argument is the index, or a map's value.
  public func iterate(_ value: Value, _ body: (Value, Value) throws -> Bool) throws {
    switch value {
    case .list(let list):
      for (i, item) in list.items.enumerated() {
        try attendWithin()
        if try !body(item, .int(i)) { return }
      }
    case .range(let range):
      for i in 0..<range.count {
        try attendWithin()
        if try !body(.int(range.start &+ i), .int(i)) { return }
      }
    case .map(let map):
      for (key, value) in map.pairs where try !body(key, value) { return }
    case .string(let string):
      for (i, scalar) in string.string.unicodeScalars.enumerated() {
        try attendWithin()
        if try !body(.text(String(scalar)), .int(i)) { return }
      }
    case .bytes(let bytes):
      for (i, byte) in bytes.bytes.enumerated() {
        try attendWithin()
        if try !body(.int(Int(byte)), .int(i)) { return }
      }
    case .stream(let stream):
      var i = 0
      while let item = try stream.next() {
        if try !body(item, .int(i)) {
          stream.close()
          return
        }
        i &+= 1
      }
    case .report(let report): try iterate(report.value, body)
    default: throw ErrorObject.badValue("sequence", must: "a list, range, map or stream", is: value)
    }
  }

  /// All items of a value that can be looped over.
  public func collect(_ value: Value) throws -> [Value] {
    if case .list(let list) = value { return list.items }
    if case .range(let range) = value, range.count > 100_000_000 {
      throw ErrorObject(.limit, "the range has more than 100 million numbers")
    }
    var items: [Value] = []
    try iterate(value) { item, _ in
      try items.add(item)
      return true
    }
    return items
  }

  /// Whether a function changes a variable that is not its own, or calls one that might.
  public func changesOuter(_ function: Value) -> Bool {
    guard case .closure(let closure) = function else { return false }
    return closure.function.changesOuter()
  }

  /// How many arguments a function needs at least.
  public func parameterCount(_ function: Value) -> Int {
    guard case .closure(let closure) = function else { return 0 }
    return closure.function.ignoresArguments ? 0 : closure.function.required
  }
}

/// Zeroed memory whose pages the kernel provides when they are first touched.
func zeroedMemory(_ bytes: Int) -> UnsafeMutableRawPointer {
  guard let memory = calloc(1, max(1, bytes)) else {
    // Nothing can be done without the machine's own registers.
    _ = fputs("brood: not enough memory to start\n", stderr_())
    exit(1)
  }
  return memory
}

private func stderr_() -> UnsafeMutablePointer<FILE>? { fdopen(2, "w") }

func releaseMemory(_ pointer: UnsafeMutableRawPointer) { free(pointer) }
