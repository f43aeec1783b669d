/// What the warning about lost assignments needs to know: which variables are read where, and
/// which assignments happen in a child.
final class LostAssignments {
  /// An assignment to a variable from outside of the function it stands in.
  private struct Assignment {
    let variable: ObjectIdentifier
    let name: String
    /// Where the variable is declared.
    let declared: Int32
    let isGlobal: Bool
    let isOfEnvironment: Bool
  }

  private struct Loss {
    let assignment: Assignment
    /// What the warning points at.
    let span: Span
    /// The function by whose name it is lost.
    let function: String?
    /// What runs in the child.
    let block: Span
    /// The outermost loop around that which the variable outlives.
    let loop: Span?
  }

  private struct ForkedName {
    let function: ObjectIdentifier
    let name: String
    let span: Span
    /// What runs in the child.
    let block: Span
    let loops: [Span]
  }

  /// A variable of the environment, which a child's programs see.
  fileprivate final class EnvironmentVariable {}
  private var environment: [String: EnvironmentVariable] = [:]
  /// Where programs are run.
  private var programs: [Int32] = []

  private var reads: [(variable: ObjectIdentifier, at: Int32)] = []
  private var losses: [Loss] = []
  /// By function.
  private var outside: [ObjectIdentifier: [Assignment]] = [:]
  private var forked: [ForkedName] = []
  /// The functions of the top level, and those that constants are, by the constant.
  private var functions: [String: ObjectIdentifier] = [:]
  private var constants: [ObjectIdentifier: ObjectIdentifier] = [:]

  func declare(_ name: String, _ function: FunctionNode) {
    functions[name] = ObjectIdentifier(function)
  }

  func declare(_ node: Declaration, _ variable: ObjectIdentifier) {
    guard node.isConstant, case .closure(let function) = node.value.kind else { return }
    constants[variable] = ObjectIdentifier(function)
  }

  /// Stands for a variable of the environment.
  fileprivate func environment(_ name: String) -> EnvironmentVariable {
    if let known = environment[name] { return known }
    let variable = EnvironmentVariable()
    environment[name] = variable
    return variable
  }

  func runProgram(_ span: Span) { programs.append(span.start) }

  fileprivate func read(_ variable: ObjectIdentifier, _ span: Span) {
    reads.append((variable, span.start))
  }

  fileprivate func assign(
    _ variable: Resolver.NamedVariable, _ name: String, _ span: Span, in function: FunctionScope,
    _ loops: [Span]
  ) {
    let assignment = Assignment(
      variable: variable.identity, name: name, declared: variable.declared,
      isGlobal: variable.owner == nil && !variable.isOfEnvironment,
      isOfEnvironment: variable.isOfEnvironment)
    var at: FunctionScope? = function
    while let here = at, here !== variable.owner {
      if here.isSnapshot {
        losses.append(
          Loss(
            assignment: assignment, span: span, function: nil, block: here.span,
            loop: outermost(loops, around: here.span, assignment)))
        return
      }
      if let node = here.node { outside[node, default: []].append(assignment) }
      at = here.parent
    }
  }

  fileprivate func fork(
    _ function: ObjectIdentifier, _ name: String, _ span: Span, in block: Span, _ loops: [Span]
  ) {
    forked.append(
      ForkedName(function: function, name: name, span: span, block: block, loops: loops))
  }

  /// The function of the text that a name means; nil for others.
  func function(_ name: String) -> ObjectIdentifier? { functions[name] }

  fileprivate func function(constant variable: ObjectIdentifier) -> ObjectIdentifier? {
    constants[variable]
  }

  private func outermost(_ loops: [Span], around span: Span, _ assignment: Assignment) -> Span? {
    loops.first { $0.start > assignment.declared && $0.start < span.start }
  }

  /// The variables that are read later although what a child assigns to them is lost.
  fileprivate func found(isPersistent: Bool) -> [(name: String, span: Span, function: String?)] {
    if losses.isEmpty, forked.isEmpty { return [] }
    var all = losses
    for use in forked {
      for assignment in outside[use.function] ?? [] {
        // A variable of the child itself.
        if (use.block.start..<use.block.end).contains(assignment.declared) { continue }
        all.append(
          Loss(
            assignment: assignment, span: use.span, function: use.name, block: use.block,
            loop: outermost(use.loops, around: use.block, assignment)))
      }
    }
    var told: Set<String> = []
    return all.compactMap { loss in
      guard isReadLater(loss) || (loss.assignment.isGlobal && isPersistent) else { return nil }
      // It may be meant for those alone.
      if loss.assignment.isOfEnvironment,
        loss.function != nil
          || programs.contains(where: { (loss.block.start..<loss.block.end).contains($0) })
      {
        return nil
      }
      let name = loss.assignment.name
      if loss.function != nil, !told.insert("\(loss.span.start) \(name)").inserted { return nil }
      return (name, loss.span, loss.function)
    }
  }

  private func isReadLater(_ loss: Loss) -> Bool {
    reads.contains {
      guard $0.variable == loss.assignment.variable else { return false }
      if $0.at >= loss.block.end { return true }
      // The next round of the loop reads it.
      guard let loop = loss.loop, $0.at >= loop.start else { return false }
      return $0.at < loss.block.start
    }
  }
}

extension Resolver {
  /// A variable that a name means: no function owns one that outlives its text.
  struct NamedVariable {
    let identity: ObjectIdentifier
    let owner: FunctionScope?
    let declared: Int32
    var isOfEnvironment = false
  }

  func namedVariable(_ name: String) -> NamedVariable? {
    var at: BlockScope? = scope
    while let here = at {
      if let variable = here.variables[name] {
        return NamedVariable(
          identity: ObjectIdentifier(variable), owner: variable.function,
          declared: variable.span.start)
      }
      at = here.parent ?? here.function.definedIn
    }
    return (newGlobals[name] ?? globals.variables[name]).map {
      NamedVariable(identity: ObjectIdentifier($0), owner: nil, declared: 0)
    }
  }

  func noteRead(_ name: String, _ span: Span) {
    guard let variable = namedVariable(name) else { return }
    losses.read(variable.identity, span)
    if HiddenNames.all.contains(name) { noteHiddenRead(name, variable, span) }
  }

  /// `$env.NAME` is read.
  func noteRead(environment name: String, _ span: Span) {
    losses.read(ObjectIdentifier(losses.environment(name)), span)
  }

  /// `env.NAME` is assigned.
  func noteAssignment(environment name: String, _ span: Span) {
    let variable = NamedVariable(
      identity: ObjectIdentifier(losses.environment(name)), owner: nil, declared: 0,
      isOfEnvironment: true)
    losses.assign(variable, "env.\(name)", span, in: scope.function, loops)
  }

  func noteAssignment(_ name: String, _ span: Span) {
    guard let variable = namedVariable(name) else { return }
    losses.assign(variable, name, span, in: scope.function, loops)
  }

  /// A function is given to a child by its name, or by that of a constant.
  func noteForked(_ name: String, isVariable: Bool, _ span: Span) {
    let function: ObjectIdentifier?
    if let variable = namedVariable(name) {
      function = isVariable ? losses.function(constant: variable.identity) : nil
    } else if case .local(let symbol, _)? = lookUpFunction(name) {
      function = ObjectIdentifier(symbol.declaration.function)
    } else {
      function = losses.function(name)
    }
    if let function {
      losses.fork(function, name, span, in: span, loops)
      hiding.forked.append((function, span))
    }
  }

  /// A function is called: perhaps in a child.
  func noteCall(_ node: CommandNode) {
    guard case .word(let name) = node.head else { return }
    defer { noteForkedCall(node, name) }
    var at: FunctionScope? = scope.function
    while let here = at, !here.isSnapshot { at = here.parent }
    guard let child = at else { return }
    let function: ObjectIdentifier? =
      switch node.target {
      case .local(let symbol, _): ObjectIdentifier(symbol.declaration.function)
      case .global: losses.function(name)
      default: nil
      }
    if let function { losses.fork(function, name, node.headSpan, in: child.span, loops) }
  }

  func warnAboutLostAssignments() {
    for (name, span, function) in losses.found(isPersistent: isPersistent) {
      warn(
        function.map { "what '\($0)' assigns to '\(name)' happens in the child and is lost" }
          ?? "this assignment to '\(name)' happens in the child and is lost", span,
        help: "a fork copies memory: let the block return the value, or send it through a channel")
    }
  }
}
