/// Writes a block as a C program that does the same with the functions of POSIX and Linux.
final class CTranslator: ExpressionTranslator {
  /// What a variable is in C.
  enum Kind {
    case number, fraction, text, truth, pid, status
    /// `int p[2]`
    case pipe
    /// Pointers into memory that is shared.
    case cell, mutex, semaphore, monitor, barrier
    /// An array of numbers, one of pids; a queue, a socket by its descriptor.
    case list, pids, queue, socket
    /// A pool, which is no variable; where a worker leaves its result.
    case pool, future
  }

  let reader: TranslationReader
  private var headers: Set<String> = ["stdio.h"]
  var lines: [String] = []
  private var indent = 1
  /// Functions in front of `main`.
  private var parts: [[String]] = []
  private(set) var functions: Set<String> = []
  private var kinds: [String: Kind] = [:]
  /// Where the value of a wait for a process stands.
  var statuses: [String: String] = [:]
  /// Variables that handlers of signals use stand in front of all functions.
  private var globals: [String] = []
  private var usedByHandlers: Set<String> = []
  var counters: [String: Int] = [:]
  /// Other names of what a variable holds: `let q = queue new jobs`.
  var aliases: [String: String] = [:]
  /// How many items a list has, where that is a variable.
  var counts: [String: String] = [:]
  /// How many workers a pool has.
  var workers: [String: String] = [:]
  /// What the items of queues, pipes and sockets are.
  var items: [String: Kind]
  /// Where waits go whose time is over: the code of each `catch` around, the innermost last.
  var escapes: [Escape] = []
  /// Where the results of tasks come.
  var futures: [String] = []
  /// Sockets at which connections come.
  var listening: Set<String> = []
  /// What processes that were described and not started yet run.
  var targets: [String: String] = [:]

  /// - Parameter items: what is known of the items of queues, pipes and sockets.
  init(_ reader: TranslationReader, items: [String: Kind] = [:]) {
    self.reader = reader
    self.items = items
  }

  /// The program; it is written twice, since what is put into a queue may stand behind what takes it.
  static func program(_ node: FunctionNode, _ reader: TranslationReader) -> String {
    let first = CTranslator(reader)
    _ = first.program(node)
    return CTranslator(reader, items: first.items).program(node)
  }

  private func program(_ node: FunctionNode) -> String {
    noteHandlers(node.body)
    body(node.body)
    let includes = headers.sorted().map { "#include <\($0)>" }
    var text = "#define _GNU_SOURCE\n" + includes.joined(separator: "\n") + "\n\n"
    if !globals.isEmpty { text += globals.joined(separator: "\n") + "\n\n" }
    for part in parts { text += part.joined(separator: "\n") + "\n\n" }
    return text + "int main(void) {\n" + lines.map { $0 + "\n" }.joined() + "    return 0;\n}\n"
  }

  // MARK: What parts of it use

  func emit(_ line: String) {
    lines.append(String(repeating: "    ", count: indent) + line)
  }

  func need(_ header: String...) { headers.formUnion(header) }

  func note(_ name: String, _ kind: Kind) { kinds[name] = kind }
  func kind(of name: String) -> Kind? { kinds[name] }

  func nested(_ head: String, end: String = "}", _ inner: () -> Void) {
    emit(head)
    inside(inner)
    emit(end)
  }

  func inside(_ inner: () -> Void) {
    indent += 1
    inner()
    indent -= 1
  }

  /// A function in front of `main`.
  func function(_ head: String, _ inner: () -> Void) {
    let (outer, depth, around) = (lines, indent, escapes)
    (lines, indent, escapes) = ([], 1, [])
    inner()
    parts.append([head + " {"] + lines + ["}"])
    (lines, indent, escapes) = (outer, depth, around)
  }

  /// Lines in front of all functions, once.
  func helper(_ text: String) {
    let part = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if !parts.contains(part) { parts.append(part) }
  }

  /// Whether the last line leaves the process.
  var endsByExit: Bool {
    ["exit(", "_exit("].contains { lines.last?.trimmedStart.hasPrefix($0) ?? false }
  }

  func comment(_ span: Span) -> String {
    let text = reader.text(span).split(separator: "\n").first.map(String.init) ?? ""
    emit("/* in Brood only: \(text) */")
    return "0"
  }

  /// Finds the variables that blocks of `signal on` use.
  private func noteHandlers(_ block: Block) {
    for statement in block.statements {
      guard case .expression(let value) = statement.kind, case .command(let node) = value.kind,
        let call = reader.call(node, functions: []), call.name == "signal on",
        let handler = call.block
      else { continue }
      let text = reader.text(handler.span)
      for other in block.statements {
        if case .declare(let declaration) = other.kind,
          text.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "_") })
            .contains(Substring(declaration.name))
        {
          usedByHandlers.insert(TranslationReader.identifier(declaration.name))
        }
      }
    }
  }

  // MARK: Statements

  func body(_ block: Block) {
    for statement in block.statements {
      if case .function(let declaration) = statement.kind { functions.insert(declaration.name) }
    }
    for statement in block.statements { self.statement(statement) }
  }

  private func statement(_ statement: Statement) {
    switch statement.kind {
    case .declare(let node):
      declare(TranslationReader.identifier(node.name), node.value)
    case .assign(let node):
      guard node.name != "env" else { return _ = comment(statement.span) }
      let path = node.path.map { "[\(expression($0.key))]" }.joined()
      let sign = node.op.map { "\($0.rawValue)=" } ?? "="
      let value = expression(node.value)
      emit("\(TranslationReader.identifier(node.name))\(path) \(sign) \(value);")
    case .function(let node):
      define(node.function, named: TranslationReader.identifier(node.name))
    case .ifElse(let node): conditional(node)
    case .whileLoop(let node, let inner):
      let (text, before) = condition(node)
      if before.isEmpty { return nested("while (\(text)) {") { body(inner) } }
      // What the condition waits for is waited for in each turn.
      nested("while (1) {") {
        lines += before.map { "    " + $0 }
        emit("if (!(\(text))) break;")
        body(inner)
      }
    case .forLoop(let node): loop(node, statement.span)
    case .tryCatch(let node): attempt(node, statement.span)
    case .returnValue(let value):
      emit(value.map { "return \(expression($0));" } ?? "return;")
    case .throwValue(let value):
      let text = expression(value)
      if let way = jump(text, \.isEmpty) { return emit(way) }
      need("stdlib.h")
      emit("fprintf(stderr, \"%s\\n\", \(text));")
      emit("exit(1);")
    case .breakLoop: emit("break;")
    case .continueLoop: emit("continue;")
    case .expression(let value):
      let text = expression(value, isStatement: true)
      if !text.isEmpty, text != "0", !text.isIdentifier { emit("\(text);") }
    }
  }

  private func declare(_ name: String, _ value: Expression) {
    if children(value, into: name) { return }
    let text = expression(value, into: name)
    if kinds[name] != nil, text == name { return }
    let kind = kind(of: value)
    kinds[name] = kind
    if case .list(let items) = value.kind {
      kinds[name] = .list
      let type = items.first.map { self.kind(of: $0.value) } == .text ? "const char *" : "long "
      return emit("\(type)\(name)[] = \(text);")
    }
    if usedByHandlers.contains(name) {
      globals.append("static volatile long \(name);")
      return emit("\(name) = \(text);")
    }
    emit("\(type(kind))\(name) = \(text);")
  }

  func type(_ kind: Kind) -> String {
    switch kind {
    case .text: "const char *"
    case .fraction: "double "
    case .pid: "pid_t "
    case .socket: "int "
    default: "long "
    }
  }

  /// What an expression yields.
  func kind(of node: Expression) -> Kind {
    switch node.kind {
    case .constant(.string), .text: return .text
    case .constant(.float), .constant(.duration): return .fraction
    case .constant(.bool), .not, .and, .or: return .truth
    case .variable(let use): return kinds[TranslationReader.identifier(use.name)] ?? .number
    case .binary(.divide, _, _): return .fraction
    case .binary(let sign, _, _) where sign.level == 4: return .truth
    case .binary(_, let left, let right):
      let both = [kind(of: left), kind(of: right)]
      return both.contains(.fraction) ? .fraction : .number
    case .command(let node):
      let call = reader.call(node, functions: functions)
      switch call?.name {
      case "fork", "spawn": return .pid
      case "queue empty", "queue full", "event is-set", "process alive": return .truth
      case "event wait" where call?.has("timeout") ?? false: return .truth
      case "process join" where call?.has("timeout") ?? false: return .truth
      default: return .number
      }
    case .field(_, let field): return ["name", "message", "kind"].contains(field) ? .text : .number
    default: return .number
    }
  }

  /// A function of numbers in front of `main`.
  func define(_ node: FunctionNode, named name: String) {
    let parameters = node.parameters.map { "long \(TranslationReader.identifier($0.name))" }
    let list = parameters.isEmpty ? "void" : parameters.joined(separator: ", ")
    function("static long \(name)(\(list))") {
      let statements = node.body.statements
      if yielding(node.body, { "return \($0);" }) { return }
      if case .returnValue? = statements.last?.kind { return }
      emit("return 0;")
    }
  }

  /// Writes a body, and what becomes of its value; false where it has none.
  func yielding(_ block: Block, _ line: (String) -> String) -> Bool {
    for (at, statement) in block.statements.enumerated() {
      if at + 1 == block.statements.count, case .expression(let value) = statement.kind,
        isValue(value)
      {
        emit(line(expression(value)))
        return true
      }
      self.statement(statement)
    }
    return false
  }

  private func isValue(_ node: Expression) -> Bool {
    switch node.kind {
    case .command(let command):
      guard let call = reader.call(command, functions: functions) else { return false }
      return functions.contains(call.name) || CTranslator.yieldNumbers.contains(call.name)
    case .pipeline, .chain, .closure: return false
    default: return true
    }
  }

  private static let yieldNumbers: Set<String> = [
    "getpid", "getppid", "shm get", "shm add", "queue get", "queue size", "pool apply",
    "pool result", "pipe recv", "socket recv",
  ]

  private func conditional(_ node: Conditional) {
    var open = 0
    for (at, branch) in node.branches.enumerated() {
      let (text, before) = condition(branch.condition)
      if at > 0, before.isEmpty {
        emit("} else if (\(text)) {")
      } else {
        // What a later condition needs is done only if those before it did not hold.
        if at > 0 {
          emit("} else {")
          indent += 1
          open += 1
        }
        lines += at > 0 ? before.map { "    " + $0 } : before
        emit("if (\(text)) {")
      }
      indent += 1
      body(branch.body)
      indent -= 1
    }
    defer {
      for _ in 0..<open {
        indent -= 1
        emit("}")
      }
    }
    if let otherwise = node.otherwise {
      emit("} else {")
      indent += 1
      body(otherwise)
      indent -= 1
    }
    emit("}")
  }

  private func loop(_ node: ForLoop, _ span: Span) {
    let name = node.names.last.map { TranslationReader.identifier($0.name) } ?? "i"
    kinds[name] = .number
    switch node.sequence.kind {
    case .range(let low, let high, let isInclusive):
      let sign = isInclusive ? "<=" : "<"
      nested(
        "for (long \(name) = \(expression(low)); \(name) \(sign) \(expression(high)); \(name)++) {"
      ) { body(node.body) }
    case .constant(.range(let range)):
      nested("for (long \(name) = \(range.start); \(name) <= \(range.last); \(name)++) {") {
        body(node.body)
      }
    case .list(let items):
      let list = fresh("items")
      let isText = items.first.map { kind(of: $0.value) } == .text
      kinds[name] = isText ? .text : .number
      emit("\(isText ? "const char *" : "long ")\(list)[] = \(expression(node.sequence));")
      each(list, name, isText, node)
    case .variable(let use):
      each(TranslationReader.identifier(use.name), name, false, node)
    case .command(let command):
      guard let call = reader.call(command, functions: functions), call.name == "range",
        let last = call.arguments.last?.value
      else { return _ = comment(span) }
      let low = call.arguments.count > 1 ? call.arguments[0].value.map { expression($0) } : nil
      nested("for (long \(name) = \(low ?? "0"); \(name) < \(expression(last)); \(name)++) {") {
        body(node.body)
      }
    default: _ = comment(span)
    }
  }

  private func each(_ list: String, _ name: String, _ isText: Bool, _ node: ForLoop) {
    let index =
      node.names.count > 1
      ? node.names.first.map { TranslationReader.identifier($0.name) } ?? "i" : fresh("i")
    let count = counts[list] ?? "sizeof \(list) / sizeof *\(list)"
    nested("for (size_t \(index) = 0; \(index) < \(count); \(index)++) {") {
      emit("\(isText ? "const char *" : "long ")\(name) = \(list)[\(index)];")
      body(node.body)
    }
  }

  // MARK: Expressions

  func term(
    _ node: Expression, into name: String? = nil, isStatement: Bool = false
  ) -> (text: String, level: Int) {
    switch node.kind {
    case .constant(let value): return (constant(value), 10)
    case .variable(let use): return (variable(use.name), 10)
    case .list(let items):
      return ("{" + items.map { expression($0.value) }.joined(separator: ", ") + "}", 10)
    case .negate(let value): return ("-\(operand(value, 8))", 8)
    case .not(let value): return ("!\(operand(value, 8))", 8)
    case .binary(let sign, let left, let right):
      if [.equal, .notEqual].contains(sign), kind(of: left) == .text || kind(of: right) == .text {
        need("string.h")
        return ("strcmp(\(expression(left)), \(expression(right))) \(sign.rawValue) 0", 4)
      }
      let word = sign == .floorDivide ? "/" : sign.rawValue
      let (text, level) = joined(left, word, right, sign.level)
      return (sign == .divide ? "(double)\(text)" : text, level)
    case .and(let left, let right): return joined(left, "&&", right, 2)
    case .or(let left, let right): return joined(left, "||", right, 1)
    case .index(let value, let key): return ("\(operand(value, 10))[\(expression(key))]", 10)
    case .field(let value, let field): return (fieldOf(value, field), 10)
    case .command(let node): return (command(node, into: name, isStatement: isStatement), 10)
    case .quoted(let value): return term(value, into: name)
    default: return (comment(node.span), 10)
    }
  }

  private func constant(_ value: Value) -> String {
    switch value {
    case .bool(let flag): flag ? "1" : "0"
    case .null, .missing: "0"
    case .duration(let nanoseconds): "\(Double(nanoseconds) / 1e9)"
    case .size(let bytes): "\(bytes)"
    case .string(let text): TranslationReader.quoted(text.string)
    default: value.asLiteral
    }
  }

  private func variable(_ name: String) -> String {
    let given = TranslationReader.identifier(name)
    let known = aliases[given].flatMap { kinds[$0] == .text ? $0 : nil } ?? given
    if kinds[known] != nil { return known }
    if name == "pid" || name == "ppid" {
      need("unistd.h")
      return name == "pid" ? "getpid()" : "getppid()"
    }
    return known
  }
}
