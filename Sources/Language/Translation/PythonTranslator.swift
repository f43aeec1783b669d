/// Writes a block as a Python program that does the same with `multiprocessing` and `os`.
final class PythonTranslator: ExpressionTranslator {
  let reader: TranslationReader
  var lines: [String] = []
  private var indent = 0
  private var modules: Set<String> = []
  private var names: Set<String> = []
  private(set) var functions: Set<String> = []
  /// Variables declared in each function around the present place, the program's first.
  private var scopes: [Set<String>] = [[]]
  /// Variables that hold a pid of the classic fork.
  var pids: Set<String> = []
  /// How deep in children the present place is.
  private(set) var depth = 0
  /// Pools that were made.
  var pools: [String] = []
  /// Functions in front of the program.
  private var front: [String] = []
  /// Raw pipes, whose ends are descriptors, by their names.
  var rawPipes: Set<String> = []
  var counters: [String: Int] = [:]

  init(_ reader: TranslationReader) { self.reader = reader }

  func program(_ node: FunctionNode) -> String {
    body(node.body)
    var head = modules.sorted().map { "import \($0)" }
    if !names.isEmpty {
      head.append("from multiprocessing import " + names.sorted().joined(separator: ", "))
    }
    if !names.isEmpty || modules.contains("multiprocessing") {
      head.append("")
      head.append("# Children are forked, as Brood's are.")
      head.append("multiprocessing.set_start_method(\"fork\")")
      if !modules.contains("multiprocessing") { head.insert("import multiprocessing", at: 0) }
    }
    if !head.isEmpty { head.append("") }
    return (head + front + (lines.isEmpty ? ["pass"] : lines)).joined(separator: "\n") + "\n"
  }

  // MARK: What parts of it use

  func emit(_ line: String) {
    lines.append(line.isEmpty ? "" : String(repeating: "    ", count: indent) + line)
  }

  func need(_ module: String) { modules.insert(module) }
  /// Makes a name of `multiprocessing` known and yields it.
  func make(_ name: String) -> String {
    names.insert(name)
    return name
  }

  func declare(_ name: String) { scopes[scopes.count - 1].insert(name) }

  func nested(_ head: String, _ inner: () -> Void) {
    emit(head)
    indent += 1
    let before = lines.count
    inner()
    if lines.count == before { emit("pass") }
    indent -= 1
  }

  /// Has lines written in front of the program.
  func hoisted<R>(_ inner: () -> R) -> R {
    let (outer, depth) = (lines, indent)
    (lines, indent) = ([], 0)
    defer { (lines, indent) = (outer, depth) }
    let result = inner()
    front += lines
    return result
  }

  /// Defines a function and yields its name.
  func define(_ node: FunctionNode, named name: String, isChild: Bool = false) -> String {
    let parameters = node.parameters.map { parameter in
      let name = TranslationReader.identifier(parameter.name)
      if parameter.role == .rest { return "*\(name)" }
      return parameter.defaultValue.map { "\(name)=\(expression($0))" } ?? name
    }
    nested("def \(name)(\(parameters.joined(separator: ", "))):") {
      scopes.append(Set(node.parameters.map { TranslationReader.identifier($0.name) }))
      if isChild { depth += 1 }
      outerVariables(node.body)
      body(node.body, returnsLast: !isChild)
      if isChild { depth -= 1 }
      scopes.removeLast()
    }
    return name
  }

  /// `global` or `nonlocal` for what a function assigns and does not declare.
  private func outerVariables(_ block: Block) {
    var assigned: [String] = []
    func look(_ block: Block) {
      for statement in block.statements {
        switch statement.kind {
        case .assign(let assignment) where assignment.path.isEmpty:
          assigned.append(TranslationReader.identifier(assignment.name))
        case .ifElse(let conditional):
          for (_, body) in conditional.branches { look(body) }
          if let otherwise = conditional.otherwise { look(otherwise) }
        case .whileLoop(_, let body): look(body)
        case .forLoop(let loop): look(loop.body)
        default: break
        }
      }
    }
    look(block)
    let declared = Set(
      block.statements.compactMap { statement -> String? in
        if case .declare(let node) = statement.kind {
          return TranslationReader.identifier(node.name)
        }
        return nil
      })
    for name in Set(assigned).sorted() where !declared.contains(name) {
      guard let place = scopes.dropLast().lastIndex(where: { $0.contains(name) }) else { continue }
      emit((place == 0 ? "global " : "nonlocal ") + name)
    }
  }

  // MARK: Statements

  func body(_ block: Block, returnsLast: Bool = false) {
    for statement in block.statements {
      if case .function(let declaration) = statement.kind { functions.insert(declaration.name) }
    }
    for (at, statement) in block.statements.enumerated() {
      if returnsLast, at + 1 == block.statements.count,
        case .expression(let value) = statement.kind, yieldsValue(value)
      {
        emit("return \(expression(value))")
      } else {
        self.statement(statement)
      }
    }
  }

  /// Whether an expression at a function's end is its value rather than an action.
  private func yieldsValue(_ expression: Expression) -> Bool {
    switch expression.kind {
    case .command(let node):
      guard let call = reader.call(node, functions: functions) else { return false }
      return !["print", "echo", "sleep", "exit"].contains(call.name) && !call.isProgram
    case .pipeline, .andThen, .orElse: return false
    default: return true
    }
  }

  private func statement(_ statement: Statement) {
    switch statement.kind {
    case .declare(let node):
      let name = TranslationReader.identifier(node.name)
      declare(name)
      let value = expression(node.value, into: name)
      if value != name { emit("\(name) = \(value)") }
    case .assign(let node):
      let path = node.path.map { "[\(expression($0.key))]" }.joined()
      let target: String
      if node.name == "env", let key = node.path.first {
        need("os")
        target = "os.environ[\(expression(key.key))]"
      } else {
        target = TranslationReader.identifier(node.name) + path
      }
      let sign = node.op.map { "\($0.rawValue)=" } ?? "="
      emit("\(target) \(sign) \(expression(node.value))")
    case .function(let node):
      _ = define(node.function, named: TranslationReader.identifier(node.name))
    case .ifElse(let node): conditional(node)
    case .whileLoop(let node, let body):
      let (text, before) = condition(node)
      if before.isEmpty { return nested("while \(text):") { self.body(body) } }
      // What the condition waits for is waited for in each turn.
      nested("while True:") {
        lines += before.map { "    " + $0 }
        nested("if not (\(text)):") { emit("break") }
        self.body(body)
      }
    case .forLoop(let node):
      let names = node.names.map { TranslationReader.identifier($0.name) }
      for name in names { declare(name) }
      var sequence = expression(node.sequence)
      if names.count == 2 { sequence = "enumerate(\(sequence))" }
      nested("for \(names.joined(separator: ", ")) in \(sequence):") { body(node.body) }
    case .tryCatch(let node): attempt(node)
    case .returnValue(let value): emit("return" + (value.map { " " + expression($0) } ?? ""))
    case .throwValue(let value): emit("raise Exception(\(expression(value)))")
    case .breakLoop: emit("break")
    case .continueLoop: emit("continue")
    case .expression(let value):
      let text = expression(value, isStatement: true)
      if !text.isEmpty, !text.isIdentifier { emit(text) }
    }
  }

  private func conditional(_ node: Conditional) {
    let depth = indent
    defer { indent = depth }
    for (at, branch) in node.branches.enumerated() {
      let (text, before) = condition(branch.condition)
      if at > 0, before.isEmpty {
        nested("elif \(text):") { body(branch.body) }
        continue
      }
      // What a later condition needs is done only if those before it did not hold.
      if at > 0 {
        emit("else:")
        indent += 1
      }
      lines += at > 0 ? before.map { "    " + $0 } : before
      nested("if \(text):") { body(branch.body) }
    }
    if let otherwise = node.otherwise { nested("else:") { body(otherwise) } }
  }

  private func attempt(_ node: TryStatement) {
    nested("try:") { body(node.body) }
    let text = node.body.statements.map { reader.text($0.span) }.joined(separator: "\n")
    for clause in node.clauses {
      let all = Array(Set(clause.kinds.flatMap { exceptions($0, in: text) })).sorted()
      let which =
        all.isEmpty ? "Exception" : all.count == 1 ? all[0] : "(\(all.joined(separator: ", ")))"
      let name = clause.name.map { " as \(TranslationReader.identifier($0))" } ?? ""
      nested("except \(which)\(name):") { body(clause.body) }
    }
    if let finally = node.finally { nested("finally:") { body(finally) } }
  }

  /// The exceptions that an error is in Python, where each module has its own for a time that is over.
  private func exceptions(_ kind: ErrorKind, in text: String) -> [String] {
    switch kind {
    case .timeout:
      var all: [String] = []
      for (verb, module, name) in [
        ("queue get", "queue", "queue.Empty"), ("queue put", "queue", "queue.Full"),
        ("pool ", "multiprocessing", "multiprocessing.TimeoutError"),
        ("barrier wait", "threading", "threading.BrokenBarrierError"),
      ] where text.contains(verb) {
        need(module)
        all.append(name)
      }
      return all.isEmpty ? ["TimeoutError"] : all + ["TimeoutError"]
    case .empty, .full:
      need("queue")
      return [kind == .empty ? "queue.Empty" : "queue.Full"]
    case .closed: return ["EOFError"]
    case .interrupted: return ["KeyboardInterrupt"]
    case .system: return ["OSError"]
    default: return ["Exception"]
    }
  }

  // MARK: Expressions

  func term(
    _ node: Expression, into name: String? = nil, isStatement: Bool = false
  ) -> (text: String, level: Int) {
    switch node.kind {
    case .constant(let value): return (constant(value), 10)
    case .text(let pieces): return (interpolated(pieces), 10)
    case .variable(let use): return (variable(use.name), 10)
    case .list(let items):
      let texts = items.map { ($0.isSpread ? "*" : "") + expression($0.value) }
      return ("[\(texts.joined(separator: ", "))]", 10)
    case .map(let entries):
      let texts = entries.map { "\(expression($0.key)): \(expression($0.value))" }
      return ("{\(texts.joined(separator: ", "))}", 10)
    case .closure(let function): return (closure(function), 1)
    case .negate(let value): return ("-\(operand(value, 8))", 8)
    case .not(let value): return ("not \(operand(value, 4))", 3)
    case .binary(let sign, let left, let right):
      return joined(left, sign.rawValue, right, sign.level)
    case .and(let left, let right): return joined(left, "and", right, 2)
    case .or(let left, let right): return joined(left, "or", right, 1)
    case .coalesce(let left, let right):
      let value = operand(left, 2)
      return ("\(value) if \(value) is not None else \(operand(right, 2))", 1)
    case .range(let low, let high, let isInclusive):
      return ("range(\(expression(low)), \(expression(high))\(isInclusive ? " + 1" : ""))", 10)
    case .wordRange(let low, let high):
      return ("range(\(expression(low)), \(expression(high)) + 1)", 10)
    case .index(let value, let key): return ("\(operand(value, 10))[\(expression(key))]", 10)
    case .field(let value, let field): return (fieldOf(value, field), 10)
    case .command(let node): return (command(node, into: name, isStatement: isStatement), 10)
    case .pipeline(let node): return (pipeline(node), 10)
    case .chain(let value, let target): return (chain(value, target), 10)
    case .andThen(let left, let right), .orElse(let left, let right):
      return ("\(expression(left)) and \(expression(right))", 2)
    case .ifElse(let conditional):
      guard conditional.branches.count == 1, let first = conditional.branches.first,
        let yes = single(first.body), let no = conditional.otherwise.flatMap({ single($0) })
      else { return (comment(node.span), 10) }
      return ("\(operand(yes, 2)) if \(operand(first.condition, 2)) else \(operand(no, 2))", 1)
    case .tryCatch: return (comment(node.span), 10)
    case .timed(let value):
      need("time")
      let start = fresh("start")
      emit("\(start) = time.monotonic()")
      let text = expression(value, isStatement: true)
      if !text.isEmpty { emit(text) }
      return ("time.monotonic() - \(start)", 6)
    case .quoted(let value): return term(value)
    }
  }

  private func single(_ block: Block) -> Expression? {
    guard block.statements.count == 1, case .expression(let value) = block.statements[0].kind else {
      return nil
    }
    return value
  }

  func constant(_ value: Value) -> String {
    switch value {
    case .bool(let flag): flag ? "True" : "False"
    case .null, .missing: "None"
    case .duration(let nanoseconds): TranslationReader.seconds(nanoseconds)
    case .size(let bytes): "\(bytes)"
    case .string(let text): TranslationReader.quoted(text.string)
    case .range(let range):
      range.isInclusive
        ? "range(\(range.start), \(range.last + 1))" : "range(\(range.start), \(range.last + 1))"
    default: value.asLiteral
    }
  }

  private func interpolated(_ pieces: [Expression]) -> String {
    var result = ""
    for piece in pieces {
      if case .constant(.string(let text)) = piece.kind {
        let quoted = TranslationReader.quoted(text.string).dropFirst().dropLast()
        result += quoted.replacing("{", "{{").replacing("}", "}}")
      } else {
        result += "{\(expression(piece).replacing("\"", "'"))}"
      }
    }
    return "f\"\(result)\""
  }

  private func variable(_ name: String) -> String {
    switch name {
    case "pid" where !scopes.contains(where: { $0.contains("pid") }):
      need("os")
      return "os.getpid()"
    case "ppid" where !scopes.contains(where: { $0.contains("ppid") }):
      need("os")
      return "os.getppid()"
    case "env":
      need("os")
      return "os.environ"
    case "args":
      need("sys")
      return "sys.argv[1:]"
    default: return TranslationReader.identifier(name)
    }
  }

  /// A function as a value: a lambda where one expression will do.
  func closure(_ node: FunctionNode) -> String {
    if let value = single(node.body), node.parameters.allSatisfy({ $0.role == .positional }) {
      let before = lines.count
      scopes.append(Set(node.parameters.map(\.name)))
      let text = expression(value)
      scopes.removeLast()
      if lines.count == before, !text.hasPrefix("#"), !text.isEmpty {
        let names = node.parameters.map { TranslationReader.identifier($0.name) }
        let list = names.joined(separator: ", ")
        return "lambda\(list.isEmpty ? "" : " " + list): \(text)"
      }
      lines.removeLast(lines.count - before)
    }
    return define(node, named: fresh("block"))
  }

  private func chain(_ value: Expression, _ target: ChainTarget) -> String {
    switch target {
    case .value(let function): return "(\(expression(function)))(\(expression(value)))"
    case .command(let node):
      let first = ArgumentNode(role: .positional, value: value, span: value.span)
      let at = reader.table.verbs(of: word(node) ?? "") != nil ? min(1, node.arguments.count) : 0
      var arguments = node.arguments
      arguments.insert(first, at: at)
      return command(
        CommandNode(
          head: node.head, headSpan: node.headSpan, isForcedProgram: node.isForcedProgram,
          arguments: arguments, span: node.span))
    }
  }

  private func word(_ node: CommandNode) -> String? {
    if case .word(let word) = node.head { return word }
    return nil
  }

  /// What has no equal: a comment in place of the statement.
  func comment(_ span: Span) -> String {
    let text = reader.text(span).split(separator: "\n").first.map(String.init) ?? ""
    emit("# in Brood only: \(text)")
    return "None"
  }
}

extension String {
  /// Only a name, which as a statement does nothing.
  var isIdentifier: Bool {
    allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
  }

  func replacing(_ old: Character, _ new: String) -> String {
    reduce(into: "") { $0 += $1 == old ? new : String($1) }
  }
}

extension Substring {
  func replacing(_ old: Character, _ new: String) -> String { String(self).replacing(old, new) }
}
