/// Binds every name to what it means, and finds what can be found before anything runs.
///
/// Errors: unknown names, assignments to constants, unknown flags of built-ins. Warnings:
/// assignments that are lost in a child, unused results, unreachable code.
final class Resolver {
  let source: Source
  let globals: Globals
  let table: CommandTable
  /// Whether the top level's variables outlive the text, as at the prompt.
  let isPersistent: Bool
  var errors: [ErrorObject] = []
  /// The program was left while a file was read that the text sources.
  var stop: ExitRequest?
  var warnings: [Warning] = []
  var scope: BlockScope
  let main: FunctionScope
  /// Functions of the top level that this text declares.
  var declared: Set<String> = []
  /// The loops around what is being resolved, the outermost first.
  var loops: [Span] = []
  let losses = LostAssignments()
  /// Variables that were declared with a list or map, which is no part of a file's name.
  var containers: Set<String> = []
  let hiding = HiddenNames()
  let counts = ArityChecks()
  private(set) var newGlobals: [String: GlobalVariable] = [:]
  /// Texts of statements that could not be read: what they declare is unknown.
  var skipped: [Span] = []
  lazy var skippedNames: Set<String> = {
    var names: Set<String> = []
    for span in skipped {
      for word in source.bytes[span.range(in: source.bytes.count)].split(
        whereSeparator: { !isNameByte($0) })
      {
        names.insert(String(decoding: word, as: UTF8.self))
      }
    }
    return names
  }()
  /// Tells programs from slips, where `--check` wants that.
  var isProgram: ((String) -> Bool)?
  /// Whether a program of that name is on the path.
  let programExists: (String) -> Bool
  /// A sourced file could not be compiled, so that what it declares is unknown.
  private(set) var hasBrokenSource = false
  /// A sourced file is read only when the program runs, so that its functions are unknown.
  private(set) var hasUnreadSource = false
  /// Something runs that may declare functions, or change where programs are looked for.
  var hasUnknownNames = false
  /// Told only where all names are known in the end.
  var unknownCommands: [Warning] = []
  private let prepareSource: (String) throws -> Bool

  init(
    _ source: Source, globals: Globals, table: CommandTable, isPersistent: Bool,
    programExists: @escaping (String) -> Bool = { _ in true },
    prepareSource: @escaping (String) throws -> Bool = { _ in true }
  ) {
    self.source = source
    self.globals = globals
    self.table = table
    self.isPersistent = isPersistent
    self.programExists = programExists
    self.prepareSource = prepareSource
    main = FunctionScope(
      parent: nil, definedIn: nil, isSnapshot: false, span: Span(0, source.bytes.count))
    scope = BlockScope(parent: nil, function: main)
  }

  func resolve(_ block: Block) {
    self.block(block, in: scope, isTopLevel: true, isDropped: !isPersistent)
    if errors.isEmpty, skipped.isEmpty, stop == nil {
      for (name, variable) in newGlobals { globals.variables[name] = variable }
    }
    warnAboutLostAssignments()
    warnAboutHiddenNames()
    warnAboutCounts()
    if !hasUnknownNames, !hasBrokenSource { warnings += unknownCommands }
    warnings.sort { $0.location.span.start < $1.location.span.start }
    errors.sort { ($0.location?.span.start ?? 0) < ($1.location?.span.start ?? 0) }
  }

  func fail(_ message: String, _ span: Span, help: String? = nil, kind: ErrorKind = .syntax) {
    errors.append(ErrorObject(kind, message, help: help, location: Location(source, span)))
  }

  func warn(
    _ message: String, _ span: Span, help: String? = nil, _ occasion: Warning.Occasion = .terminal
  ) {
    warnings.append(
      Warning(
        message: message, location: Location(source, span), help: help, occasion: occasion))
  }

  // MARK: Blocks

  /// Resolves a block in a new scope of the current function.
  ///
  /// - Parameter isDropped: whether the value of its last statement is not used.
  func block(
    _ block: Block, loop: Bool = false, isDropped: Bool = false,
    declaring: (BlockScope) -> Void = { _ in }
  ) {
    let inner = BlockScope(parent: scope, function: scope.function)
    if loop { inner.loopDepth += 1 }
    declaring(inner)
    self.block(block, in: inner, isTopLevel: false, isDropped: isDropped)
  }

  private func block(
    _ block: Block, in inner: BlockScope, isTopLevel: Bool, isDropped: Bool
  ) {
    let outer = scope
    scope = inner
    defer { scope = outer }
    var bodies: [FunctionNode] = []
    for statement in block.statements {
      guard case .function(let declaration) = statement.kind else { continue }
      bodies.append(declaration.function)
      if isTopLevel {
        declared.insert(declaration.name)
        losses.declare(declaration.name, declaration.function)
        counts.declare(declaration)
        continue
      }
      if scope.functions[declaration.name] != nil { counts.redeclare(declaration.name) }
      let variable = Variable(
        declaration.name, declaration.nameSpan, isConstant: true, in: scope.function)
      variable.isFunction = true
      let symbol = FunctionSymbol(declaration, variable)
      declaration.symbol = symbol
      scope.functions[declaration.name] = symbol
      block.functions.append(symbol)
    }
    var own: [Variable] = []
    var isUnreachable = false
    let branches = hiding.branches.count
    defer { hiding.branches.removeLast(hiding.branches.count - branches) }
    for (i, statement) in block.statements.enumerated() {
      if isUnreachable {
        if case .function = statement.kind {
        } else {
          warn("this is never reached", statement.span)
          isUnreachable = false
        }
      }
      let isLast = i == block.statements.count - 1
      self.statement(
        statement, isTopLevel: isTopLevel, isLast: isLast && !isTopLevel,
        isDropped: !isLast || isDropped, declared: &own)
      if leaves(statement) { isUnreachable = !isLast }
      if case .ifElse(let node) = statement.kind, leavesToChild(node) {
        hiding.branches.append(Span(Int(statement.span.end), Int(block.span.end)))
      }
    }
    // Bodies last: a function may use what its block declares behind it.
    for body in bodies { function(body, isSnapshot: false) }
    if !bodies.isEmpty {
      block.earlyCells = own.filter(\.isCaptured)
      for variable in block.earlyCells { variable.hasEarlyCell = true }
    }
  }

  func leaves(_ statement: Statement) -> Bool {
    switch statement.kind {
    case .returnValue, .throwValue, .breakLoop, .continueLoop: return true
    case .whileLoop(let condition, let body):
      guard case .constant(.bool(true)) = condition.kind else { return false }
      // The word alone, wherever it stands in it, is enough to be silent.
      return !source.text(body.span).contains("break")
    case .expression(let expression):
      guard case .command(let node) = expression.kind, case .builtin(let command) = node.target
      else { return false }
      if let block = node.inlineBlock { return block.body.statements.contains(where: leaves) }
      if !node.arms.isEmpty {
        return node.arms.allSatisfy { $0.block.body.statements.contains(where: leaves) }
      }
      return command.traits.contains(.leaves)
    default: return false
    }
  }

  // MARK: Statements

  /// - Parameters:
  ///   - isLast: whether it ends a block, whose value it could be.
  ///   - isDropped: whether its value is not used.
  private func statement(
    _ statement: Statement, isTopLevel: Bool, isLast: Bool, isDropped: Bool,
    declared own: inout [Variable]
  ) {
    switch statement.kind {
    case .declare(let node):
      expression(node.value)
      containers.remove(node.name)
      if node.value.makesContainer { containers.insert(node.name) }
      warnIfCombined(node.value)
      noteHidden(node.name, node.nameSpan)
      if isTopLevel && isPersistent {
        let variable = GlobalVariable(
          node.name, isConstant: node.isConstant, .unset(node.name, Location(source, node.nameSpan))
        )
        newGlobals[node.name] = variable
        node.variable = nil
        globalOf[ObjectIdentifier(node)] = variable
        losses.declare(node, ObjectIdentifier(variable))
        note(node.value, of: ObjectIdentifier(variable))
      } else {
        let variable = Variable(
          node.name, node.nameSpan, isConstant: node.isConstant, in: scope.function)
        node.variable = variable
        scope.variables[node.name] = variable
        losses.declare(node, ObjectIdentifier(variable))
        note(node.value, of: ObjectIdentifier(variable))
        own.append(variable)
      }
    case .assign(let node): assignment(node)
    case .function(let node): typeNames(node.function)
    case .ifElse(let node): conditional(node, isDropped: isDropped)
    case .whileLoop(let condition, let body):
      loops.append(statement.span)
      defer { loops.removeLast() }
      expression(condition)
      block(body, loop: true, isDropped: true)
    case .forLoop(let node):
      expression(node.sequence)
      loops.append(statement.span)
      defer { loops.removeLast() }
      block(node.body, loop: true, isDropped: true) { inner in
        for name in node.names {
          let variable = Variable(name.name, name.span, isConstant: false, in: inner.function)
          noteHidden(name.name, name.span)
          inner.variables[name.name] = variable
          node.variables.append(variable)
        }
      }
    case .tryCatch(let node): tryStatement(node, isDropped: isDropped)
    case .returnValue(let value):
      if let value { expression(value) }
      if scope.function.isStage {
        let start = Int(statement.span.start)
        failToLeaveStage("return", Span(start, start + 6))
      }
    case .throwValue(let value): expression(value)
    case .breakLoop, .continueLoop:
      if scope.loopDepth == 0 {
        let word = source.text(statement.span)
        if scope.function.isStage { return failToLeaveStage(word, statement.span) }
        fail(
          scope.function.parent == nil || scope.function.definedIn == nil
            ? "'\(word)' stands outside a loop"
            : "'\(word)' cannot leave the block it stands in, which is not part of a loop",
          statement.span)
      }
    case .expression(let value):
      if case .pipeline(let node) = value.kind {
        pipeline(node, isStatement: true)
      } else {
        expression(value)
      }
      if isDropped { warnIfUnused(value, isLast: isLast) }
    }
  }

  /// The variables that declarations at the prompt make.
  var globalOf: [ObjectIdentifier: GlobalVariable] = [:]
  /// What a function's name given as an argument means there.
  var functionBinding: [ObjectIdentifier: Binding] = [:]

  func conditional(_ node: Conditional, isDropped: Bool = false) {
    var isChild = false
    for branch in node.branches {
      expression(branch.condition)
      let sides = forkSides(branch.condition)
      self.branch(branch.body, isChild: isChild || sides.then, isDropped: isDropped)
      isChild = isChild || sides.otherwise
    }
    if let otherwise = node.otherwise { branch(otherwise, isChild: isChild, isDropped: isDropped) }
  }

  func tryStatement(_ node: TryStatement, isDropped: Bool = false) {
    block(node.body, isDropped: isDropped)
    for clause in node.clauses {
      block(clause.body, isDropped: isDropped) { inner in
        guard let name = clause.name else { return }
        let variable = Variable(name, clause.nameSpan, isConstant: true, in: inner.function)
        noteHidden(name, clause.nameSpan)
        inner.variables[name] = variable
        clause.variable = variable
      }
    }
    if let finally = node.finally { block(finally, isDropped: true) }
  }

  private func assignment(_ node: Assignment) {
    expression(node.value)
    for step in node.path { expression(step.key) }
    guard let binding = lookUp(node.name) else {
      if hasBrokenSource || skippedNames.contains(node.name) { return }
      let help =
        nearest(node.name, among: visibleNames()).map { "did you mean '\($0)'? " } ?? ""
      fail(
        "'\(node.name)' is not declared", node.nameSpan,
        help: help + "declare it with 'var \(node.name) = …'")
      return
    }
    node.variable.binding = binding
    switch binding {
    case .local(let variable) where variable.isConstant: failConstant(node.name, node.nameSpan)
    case .captured(_, isConstant: true): failConstant(node.name, node.nameSpan)
    case .global(let variable) where variable.isConstant: failConstant(node.name, node.nameSpan)
    case .globalFunction:
      fail("'\(node.name)' is a function and cannot be assigned", node.nameSpan)
    case .live(let name):
      if name != "env" || node.path.count != 1 {
        fail(
          name == "env"
            ? "assign one variable of the environment as env.NAME"
            : "'$\(name)' cannot be assigned", node.nameSpan)
      } else if case .constant(.string(let key))? = node.path.first?.key.kind {
        if node.op != nil { noteRead(environment: key.string, node.nameSpan) }
        noteAssignment(environment: key.string, node.nameSpan)
      }
    default: break
    }
    if node.path.isEmpty, node.op == nil { noteAssigned(node.value, node.name) }
    warnIfCombined(node.value)
    if node.name == "env" { notePath(node) }
    if node.op != nil || !node.path.isEmpty { noteRead(node.name, node.nameSpan) }
    noteAssignment(node.name, node.nameSpan)
  }

  /// Programs are looked for in other places from then on.
  private func notePath(_ node: Assignment) {
    if case .constant(.string(let key))? = node.path.first?.key.kind, key.string != "PATH" {
      return
    }
    hasUnknownNames = true
  }

  private func failConstant(_ name: String, _ span: Span) {
    fail(
      "'\(name)' is a constant", span, help: "declare it with 'var \(name) = …' to change it")
  }

  // MARK: Functions

  /// - Parameters:
  ///   - isSnapshot: runs in another process, on copies of the variables.
  ///   - forks: is the block of `fork` or its kin.
  func function(
    _ node: FunctionNode, isSnapshot: Bool, isStage: Bool = false, forks: Bool = false
  ) {
    let inner = FunctionScope(
      parent: scope.function, definedIn: scope, isSnapshot: isSnapshot, span: node.span)
    inner.isStage = isStage
    inner.isForked = forks
    inner.node = ObjectIdentifier(node)
    node.scope = inner
    let outer = scope
    scope = BlockScope(parent: nil, function: inner)
    defer { scope = outer }
    for parameter in node.parameters {
      if let value = parameter.defaultValue { expression(value) }
      let name = parameter.name.split(separator: "-").joined(separator: "_")
      let variable = Variable(name, parameter.span, isConstant: false, in: inner)
      // `{ |args| … }` is how a class of processes asks for all of them.
      if node.name != nil || name != "args" { noteHidden(name, parameter.span) }
      parameter.variable = variable
      scope.variables[name] = variable
    }
    if node.name == nil { typeNames(node) }
    block(node.body)
  }

  func typeNames(_ node: FunctionNode) {
    for parameter in node.parameters {
      guard let name = parameter.typeName, ParameterType.named(name) == nil else { continue }
      let known = ParameterType.declarable.map(\.name)
      fail(
        "there is no type '\(name)'", parameter.typeSpan,
        help: nearest(name, among: known).map { "did you mean '\($0)'?" }
          ?? "the types are: " + known.joined(separator: " "))
    }
  }

  func sourceFile(_ path: String, _ span: Span) {
    do {
      if try !prepareSource(path) { (hasUnreadSource, hasUnknownNames) = (true, true) }
    } catch let mistakes as SourceMistakes {
      errors += mistakes.errors
      (hasBrokenSource, hasUnknownNames) = (true, true)
    } catch let exit as ExitRequest {
      stop = exit
      (hasBrokenSource, hasUnknownNames) = (true, true)
    } catch let error as ErrorObject where error.kind == .limit || error.kind == .interrupted {
      errors.append(error)
      (hasBrokenSource, hasUnknownNames) = (true, true)
    } catch {
      hasUnknownNames = true
    }
  }
}

/// What is wrong with a text that another one sources.
struct SourceMistakes: Error {
  let errors: [ErrorObject]
}
