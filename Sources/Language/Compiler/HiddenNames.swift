/// Declared names that hide live variables, and where a forked process reads one of them.
///
/// `let pid = fork` is a classic line, and from there on `$pid` is no longer the number of the
/// process, which the child is the first to notice.
final class HiddenNames {
  static let all = Set(Globals.liveNames)
  /// Commands whose block is a process of its own.
  static let forking: Set<String> = ["fork", "process new", "process define"]

  struct Read {
    let name: String
    let declared: Int32
    let span: Span
  }

  fileprivate var declarations: [(name: String, span: Span)] = []
  /// Reads in a forked process.
  fileprivate var reads: [Read] = []
  /// Reads of names from outside of a function, by the function.
  fileprivate var readsInFunctions: [ObjectIdentifier: [Read]] = [:]
  /// Functions that a forked process runs, and where they are given to it.
  var forked: [(function: ObjectIdentifier, span: Span)] = []
  /// The blocks around that only the child of a classic fork runs, the outermost first.
  var branches: [Span] = []
  /// What holds the result of a classic fork.
  fileprivate var results: Set<ObjectIdentifier> = []
  /// A comparison with 0, which asks who one is.
  var isTesting = false
  /// Variables that hold a function.
  fileprivate(set) var closures: Set<ObjectIdentifier> = []
}

extension Resolver {
  // MARK: Declarations

  func noteHidden(_ name: String, _ span: Span) {
    if HiddenNames.all.contains(name) { hiding.declarations.append((name, span)) }
  }

  /// What a variable is declared with.
  func note(_ value: Expression, of variable: ObjectIdentifier) {
    if isClassicFork(value) { hiding.results.insert(variable) }
    if case .closure = value.kind { hiding.closures.insert(variable) }
  }

  func noteAssigned(_ value: Expression, _ name: String) {
    if isClassicFork(value), let variable = namedVariable(name) {
      hiding.results.insert(variable.identity)
    }
  }

  /// `fork` without a block.
  private func isClassicFork(_ value: Expression) -> Bool {
    guard case .command(let node) = value.kind, case .builtin(let command) = node.target else {
      return false
    }
    return command.name == "fork" && node.arguments.isEmpty
  }

  // MARK: Branches

  /// `$pid == 0` and its kin.
  func isForkTest(_ left: Expression, _ right: Expression) -> Bool {
    isZero(left) || isZero(right)
  }

  private func isZero(_ node: Expression) -> Bool {
    if case .constant(.int(0)) = node.kind { return true }
    return false
  }

  private func isForkResult(_ node: Expression) -> Bool {
    if case .variable(let use) = node.kind {
      return namedVariable(use.name).map { hiding.results.contains($0.identity) } ?? false
    }
    return isClassicFork(node)
  }

  /// Which side of a condition only the child of a classic fork takes.
  func forkSides(_ condition: Expression) -> (then: Bool, otherwise: Bool) {
    switch condition.kind {
    case .binary(let op, let left, let right):
      let isTurned = isZero(left)
      guard isForkResult(isTurned ? right : left), isZero(isTurned ? left : right) else { break }
      switch (op, isTurned) {
      case (.equal, _): return (true, false)
      case (.notEqual, _), (.greater, false), (.less, true): return (false, true)
      default: break
      }
    case .not(let inner):
      let sides = forkSides(inner)
      return (sides.otherwise, sides.then)
    case .and(let left, let right):
      return (forkSides(left).then || forkSides(right).then, false)
    case .or(let left, let right):
      return (false, forkSides(left).otherwise || forkSides(right).otherwise)
    default: break
    }
    return (false, false)
  }

  func branch(_ block: Block, isChild: Bool, isDropped: Bool) {
    if isChild { hiding.branches.append(block.span) }
    defer { if isChild { hiding.branches.removeLast() } }
    self.block(block, isDropped: isDropped)
  }

  /// Whether only the child goes on behind an `if`, since the parent leaves in it.
  func leavesToChild(_ node: Conditional) -> Bool {
    guard node.otherwise == nil else { return false }
    return node.branches.contains { branch in
      forkSides(branch.condition).otherwise && branch.body.statements.contains(where: leaves)
    }
  }

  // MARK: Reads

  func noteHiddenRead(_ name: String, _ variable: NamedVariable, _ span: Span) {
    if hiding.isTesting { return }
    let read = HiddenNames.Read(name: name, declared: variable.declared, span: span)
    if let branch = hiding.branches.last, variable.declared < branch.start || variable.owner == nil
    {
      hiding.reads.append(read)
      return
    }
    var at: FunctionScope? = scope.function
    while let here = at, here !== variable.owner {
      if here.isForked {
        hiding.reads.append(read)
        return
      }
      if let node = here.node { hiding.readsInFunctions[node, default: []].append(read) }
      at = here.parent
    }
  }

  /// A function of the text is called where only a child comes.
  func noteForkedCall(_ node: CommandNode, _ name: String) {
    var at: FunctionScope? = scope.function
    while let here = at, !here.isForked { at = here.parent }
    guard at != nil || !hiding.branches.isEmpty else { return }
    let function: ObjectIdentifier? =
      switch node.target {
      case .local(let symbol, _): ObjectIdentifier(symbol.declaration.function)
      case .global: losses.function(name)
      default: nil
      }
    if let function { hiding.forked.append((function, node.headSpan)) }
  }

  // MARK: Warnings

  func warnAboutHiddenNames() {
    var reads = hiding.reads
    var seen: Set<ObjectIdentifier> = []
    for (function, _) in hiding.forked where seen.insert(function).inserted {
      reads += hiding.readsInFunctions[function] ?? []
    }
    var told: Set<String> = []
    for read in reads.sorted(by: { $0.span.start < $1.span.start })
    where told.insert("\(read.name) \(read.declared)").inserted {
      let line = read.declared > 0 ? " of line \(source.position(read.declared).line)" : ""
      warn(
        "in the child '$\(read.name)' is the variable\(line), \(Self.meaning(read.name))",
        read.span, help: Self.remedy(read.name), .everyRun)
    }
    for (name, span) in hiding.declarations where !told.contains("\(name) \(span.start)") {
      warn(
        "'\(name)' hides the live variable $\(name)", span, help: Self.remedy(name), .never)
    }
  }

  private static func meaning(_ name: String) -> String {
    switch name {
    case "pid": "not the child's own number"
    case "ppid": "not the number of the child's parent"
    default: "not the live one"
    }
  }

  private static func remedy(_ name: String) -> String {
    switch name {
    case "pid": "'getpid' always tells this process's number; or give the variable another name"
    case "ppid": "'getppid' always tells the parent's number; or give the variable another name"
    default: "give the variable another name"
    }
  }
}
