/// Turns one function's resolved tree into register code.
final class Compiler {
  let source: Source
  let globals: Globals
  let resolver: Resolver
  let node: FunctionNode?
  let scope: FunctionScope
  private(set) var code: [Instruction] = []
  private(set) var spans: [Span] = []
  private var constants: [Value] = []
  /// Constants that are only loaded, behind the others since a load can name more; and those loads.
  private var farConstants: [Value] = []
  private var farLoads: [Int: Int] = [:]
  private var intConstants: [Int: Int] = [:]
  private var textConstants: [StringObject: Int] = [:]
  var sites: [CallSite] = []
  var pipelines: [PipelineSite] = []
  var functions: [Function] = []
  private var globalFunctions: [GlobalFunction] = []
  private var globalVariables: [GlobalVariable] = []
  var types: [ParameterType] = []
  var locals: [Function.Local] = []
  var nextRegister = 0
  /// The register that an operand is being compiled into, which has no other use yet.
  var freshRegister: Int?
  /// The command that comes next is a statement, whose result is dropped.
  var isDiscarding = false
  private var registerCount = 0
  /// The place in the source that instructions being emitted belong to.
  var span: Span
  /// What a `break`, `continue` or `return` has to leave, innermost last.
  var contexts: [Context] = []

  enum Context {
    case loop(Loop)
    /// An active handler that must be popped.
    case handler
    case finally(Finally)
    /// The block of `finally` itself.
    case final(Finally)
    case inline(Inline)
  }

  /// A block between the beginning and the end of a command: `lock with m { … }`.
  struct Inline {
    /// Register: what entering yielded.
    let token: Int
    let site: Int
    /// The command's words.
    let span: Span
  }

  final class Loop {
    var breaks: [Int] = []
    var continues: [Int] = []
  }

  /// A `finally` block with the ways in which it can be entered.
  final class Finally {
    enum Exit { case breakLoop, continueLoop, returnValue }
    /// Register: 0 fell through, 1 error, 2 and up the exits in order.
    let kind: Int
    /// Register: the error or the returned value.
    let value: Int
    var exits: [Exit] = []
    var entries: [Int] = []

    init(kind: Int, value: Int) {
      self.kind = kind
      self.value = value
    }
  }

  /// Largest register and constant index that an operand can name.
  static let operandLimit = 0xFFFF

  init(_ node: FunctionNode?, scope: FunctionScope, source: Source, resolver: Resolver) {
    self.node = node
    self.scope = scope
    self.source = source
    self.resolver = resolver
    globals = resolver.globals
    span = node?.span ?? Span(0, source.bytes.count)
  }

  /// Compiles a whole text.
  ///
  /// The resolver must have found no errors.
  static func compile(_ block: Block, source: Source, resolver: Resolver) throws -> Function {
    let compiler = Compiler(nil, scope: resolver.main, source: source, resolver: resolver)
    let result = compiler.allocate()
    try compiler.block(block, into: result, isTopLevel: true)
    compiler.emit(.returnValue, a: result)
    return try compiler.finish()
  }

  /// Compiles an inner function or block.
  func inner(_ node: FunctionNode) throws -> Int {
    guard let scope = node.scope else {
      throw internalError("a function was not resolved", node.span)
    }
    let compiler = Compiler(node, scope: scope, source: source, resolver: resolver)
    try compiler.body(node)
    functions.append(try compiler.finish())
    return functions.count - 1
  }

  private func body(_ node: FunctionNode) throws {
    // Registers: positional parameters, flags, the rest list.
    let ordered =
      node.parameters.filter { $0.role == .positional }
      + node.parameters.filter { $0.role == .flag }
      + node.parameters.filter { $0.role == .rest }
    for parameter in ordered { parameter.variable?.register = allocate() }
    for parameter in ordered {
      guard let variable = parameter.variable else { continue }
      span = parameter.span
      if parameter.role == .flag || parameter.role == .positional && parameter.defaultValue != nil {
        let given = emitJump(.jumpGiven, a: variable.register)
        if let value = parameter.defaultValue {
          try self.value(value, into: variable.register)
        } else if parameter.typeName == nil || parameter.typeName == "bool" {
          load(.bool(false), into: variable.register)
        } else {
          emit(.loadNull, a: variable.register)
        }
        patch(given)
      }
      if let name = parameter.typeName, let type = ParameterType.named(name) {
        types.append(type)
        span = parameter.span
        emit(.checkType, a: variable.register, b: types.count - 1)
      }
    }
    for parameter in ordered {
      guard let variable = parameter.variable else { continue }
      if variable.isCaptured { emit(.newCell, a: variable.register) }
      note(variable)
    }
    span = node.span
    let result = allocate()
    try block(node.body, into: result)
    if node.printsValue { emit(.printValue, a: result) }
    span = Span(max(0, Int(node.span.end) - 1), Int(node.span.end))
    emit(.returnValue, a: result)
  }

  private func finish() throws -> Function {
    if registerCount > Compiler.operandLimit || constants.count > Compiler.operandLimit
      || sites.count > Compiler.operandLimit || functions.count > Compiler.operandLimit
      || code.count > 8_000_000
    {
      throw ErrorObject(
        .limit, "this function is too large to compile", help: "split it into smaller ones",
        location: Location(source, node?.span ?? Span(0, 0)))
    }
    for (at, place) in farLoads {
      let index = constants.count + place
      code[at] = Instruction(.loadK, a: code[at].a, b: index, c: index >> 16)
    }
    constants += farConstants
    let captures: [Function.CaptureSource] = scope.captures.map { capture in
      switch capture {
      case .local(let variable): .register(variable.register)
      case .captured(let index): .captured(index)
      }
    }
    let function = Function(
      node, source: source, captures: captures, captureNames: scope.captureNames)
    function.finish(
      code: code, spans: spans, constants: constants, sites: sites, pipelines: pipelines,
      functions: functions, globals: globalFunctions, variables: globalVariables, types: types,
      locals: locals, registerCount: registerCount + 1)
    return function
  }

  func internalError(_ message: String, _ span: Span) -> ErrorObject {
    ErrorObject(.syntax, message, location: Location(source, span))
  }

  // MARK: Emitting

  func allocate(_ count: Int = 1) -> Int {
    let register = nextRegister
    nextRegister += count
    registerCount = max(registerCount, nextRegister)
    return register
  }

  @discardableResult
  func emit(_ op: Op, a: Int = 0, b: Int = 0, c: Int = 0, spare: Int = 0) -> Int {
    code.append(Instruction(op, a: a, b: b, c: c, spare: spare))
    spans.append(span)
    return code.count - 1
  }

  func emitWord(_ word: UInt64) {
    code.append(word)
    spans.append(span)
  }

  /// Emits a jump to be patched.
  func emitJump(_ op: Op, a: Int = 0, b: Int = 0) -> Int { emit(op, a: a, b: b) }

  /// Makes a jump lead to `target`, by default to the next instruction.
  func patch(_ at: Int, to target: Int? = nil) {
    let distance = (target ?? code.count) - at - 1
    switch code[at].op {
    case .jump: code[at] = code[at].with(jump: distance)
    default: code[at] = code[at].with(shortJump: distance)
    }
  }

  func patch(_ jumps: [Int], to target: Int? = nil) {
    for jump in jumps { patch(jump, to: target) }
  }

  /// Makes a word be loaded as a site remembers it, where it stands as an argument there.
  func loadWord(_ at: Int, _ site: Int, argument: Int) {
    let plain = code[at]
    if farLoads[at] != nil { return }
    sites[site].setWord(argument, constants[plain.b])
    code[at] = Instruction(.loadWord, a: plain.a, b: plain.b, c: site, spare: argument)
  }

  var here: Int { code.count }

  func constant(_ value: Value) -> Int {
    if let index = knownConstant(value) { return index }
    constants.append(value)
    let last = constants.count - 1
    // The table begins with all that there are.
    if last >= Compiler.mostSearched {
      for index in (last == Compiler.mostSearched ? 0 : last)...last { enter(index) }
    }
    return last
  }

  /// So many constants are looked through: the first table of a process costs as much as the rest of a
  /// short script.
  private static let mostSearched = 16

  private func enter(_ index: Int) {
    switch constants[index] {
    case .int(let int): intConstants[int] = index
    case .string(let string): textConstants[string] = index
    default: break
    }
  }

  private func knownConstant(_ value: Value) -> Int? {
    if constants.count <= Compiler.mostSearched {
      return constants.firstIndex { constant in
        switch (value, constant) {
        case (.int(let one), .int(let other)): one == other
        case (.string(let one), .string(let other)): one == other
        default: false
        }
      }
    }
    return switch value {
    case .int(let int): intConstants[int]
    case .string(let string): textConstants[string]
    default: nil
    }
  }

  func load(_ value: Value, into target: Int) {
    if case .null = value {
      emit(.loadNull, a: target)
    } else {
      if constants.count < Compiler.operandLimit / 2 || knownConstant(value) != nil {
        emit(.loadK, a: target, b: constant(value))
      } else {
        farLoads[emit(.loadK, a: target)] = farConstants.count
        farConstants.append(value)
      }
    }
  }

  func global(_ function: GlobalFunction) -> Int {
    if let index = globalFunctions.firstIndex(where: { $0 === function }) { return index }
    globalFunctions.append(function)
    return globalFunctions.count - 1
  }

  func cell(of variable: GlobalVariable) -> Int {
    if !globalVariables.contains(where: { $0 === variable }) { globalVariables.append(variable) }
    return constant(.cell(variable.cell))
  }

  func site(_ site: CallSite) -> Int {
    sites.append(site)
    return sites.count - 1
  }
}
