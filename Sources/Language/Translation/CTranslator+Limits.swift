/// Time limits in C, and what follows when a time is over.
extension CTranslator {
  /// The code of a `catch`, to which waits in its `try` go.
  struct Escape {
    let label: String
    /// All where it is empty.
    let kinds: Set<ErrorKind>
    /// What tells the reason, where the code asks for it.
    let variable: String?
    var isUsed = false
  }

  // MARK: try and catch

  /// A `try` becomes jumps to its `catch`, from waits whose time is over and from `throw`; other errors
  /// would have to be asked for after each call.
  func attempt(_ node: TryStatement, _ span: Span) {
    let start = lines.count
    guard node.finally == nil, node.clauses.count == 1, let clause = node.clauses.first else {
      _ = comment(span)
      return body(node.body)
    }
    let label = fresh("late")
    let text = clause.body.statements.map { reader.text($0.span) }.joined(separator: " ")
    let variable = clause.name.flatMap { text.contains("$\($0)") ? fresh("why") : nil }
    let around = escapes
    escapes.append(Escape(label: label, kinds: Set(clause.kinds), variable: variable))
    if let variable { emit("const char *\(variable) = \"\";") }
    nested("{") { body(node.body) }
    let isUsed = escapes.last?.isUsed ?? false
    escapes = around
    guard isUsed else {
      let rest = Array(lines[start...])
      lines.removeLast(rest.count)
      _ = comment(span)
      lines += rest
      return
    }
    emit("goto after_\(label);")
    nested("\(label): {") {
      if let variable, let name = clause.name.map(TranslationReader.identifier) {
        note(variable, .text)
        aliases[name] = variable
      }
      body(clause.body)
    }
    emit("after_\(label): ;")
  }

  /// What a wait does whose time is over: goes to the `catch` around it, or ends the program.
  func escape(_ kind: ErrorKind) -> String {
    let reason = "\"\(kind.rawValue)\""
    if let text = jump(reason, { $0.isEmpty || $0.contains(kind) }) { return text }
    need("stdlib.h")
    helper(CParts.fail)
    return "fail(\(reason));"
  }

  /// The way to the innermost `catch` of some kinds; nil if none is around.
  func jump(_ reason: String, _ fits: (Set<ErrorKind>) -> Bool) -> String? {
    guard let at = escapes.lastIndex(where: { fits($0.kinds) }) else { return nil }
    escapes[at].isUsed = true
    let leave = "goto \(escapes[at].label);"
    return escapes[at].variable.map { "{ \($0) = \(reason); \(leave) }" } ?? leave
  }

  // MARK: Times

  /// The moment of `--timeout` as a `struct timespec *`, now for `--no-wait`; nil without a limit.
  func limit(_ call: TranslatedCall) -> String? {
    let time = call.flags["timeout"].flatMap { $0 }?.value
    guard time != nil || call.has("no-wait") else { return nil }
    need("time.h")
    helper(CParts.inSeconds)
    let until = fresh("until")
    emit("struct timespec \(until) = in_seconds(\(time.map { expression($0) } ?? "0"));")
    return "&\(until)"
  }

  /// A time limit in milliseconds, as poll(2) wants it.
  func milliseconds(_ time: Expression) -> String {
    switch time.kind {
    case .constant(.duration(let nanoseconds)): "\(max(1, nanoseconds / 1_000_000))"
    case .constant(.int(let seconds)) where abs(seconds) < 1_000_000: "\(seconds * 1000)"
    default: "(int)((\(expression(time))) * 1000)"
    }
  }

  /// A `struct timespec` of a time that is written out.
  func span(_ time: Expression) -> String {
    need("time.h")
    if case .constant(.duration(let nanoseconds)) = time.kind {
      return "{\(nanoseconds / 1_000_000_000), \(nanoseconds % 1_000_000_000)}"
    }
    return "{(time_t)(\(expression(time)))}"
  }

  /// Gives up where nothing can be read within the limit.
  func readableInTime(_ descriptor: String, _ call: TranslatedCall) {
    guard let time = call.flags["timeout"].flatMap({ $0 })?.value else { return }
    need("poll.h")
    helper(CParts.readable)
    emit("if (!readable(\(descriptor), \(milliseconds(time)))) \(escape(.timeout))")
  }

  /// Gives up where a child does not end within the limit.
  func endsInTime(_ pid: String, _ call: TranslatedCall) {
    guard let time = call.flags["timeout"].flatMap({ $0 })?.value else { return }
    emit("if (!\(ends(pid, milliseconds(time)))) \(escape(.timeout))")
  }

  func ends(_ pid: String, _ milliseconds: String) -> String {
    need("poll.h", "sys/syscall.h", "sys/types.h", "unistd.h")
    helper(CParts.readable)
    helper(CParts.ends)
    return "ends(\(pid), \(milliseconds))"
  }

  /// alarm(2) knows whole seconds only.
  func alarm(_ time: ArgumentNode?) -> String {
    guard let time = time?.value else { return "alarm(0)" }
    switch time.kind {
    case .constant(.int(let seconds)): return "alarm(\(seconds))"
    case .constant(.duration(let nanoseconds)) where nanoseconds % 1_000_000_000 == 0:
      return "alarm(\(nanoseconds / 1_000_000_000))"
    default: return "ualarm((useconds_t)((\(expression(time))) * 1000000), 0)"
    }
  }

  // MARK: Whatever comes first

  /// `select` as poll(2); false where an arm waits for what has no descriptor.
  func select(_ arms: [CommandNode]) -> Bool {
    struct Arm {
      let kind: String
      let argument: ArgumentNode
      let block: FunctionNode
    }
    var waits: [Arm] = []
    var late: Arm?
    for node in arms {
      guard case .word(let kind) = node.head, node.arguments.count == 2,
        case .closure(let block)? = node.arguments[1].value?.kind
      else { return false }
      let arm = Arm(kind: kind, argument: node.arguments[0], block: block)
      if kind == "after" { late = arm } else { waits.append(arm) }
      guard ["after", "queue", "pipe", "socket", "exit"].contains(kind) else { return false }
      if kind == "socket", self.kind(of: name(arm.argument)) == .socket, isListening(arm.argument) {
        return false
      }
    }
    need("poll.h")
    let ready = fresh("ready")
    nested("struct pollfd \(ready)[] = {", end: "};") {
      for arm in waits {
        var descriptor = name(arm.argument)
        if arm.kind == "pipe" { descriptor = end(arm.argument) }
        if arm.kind == "exit" {
          need("sys/syscall.h", "unistd.h")
          descriptor = "(int)syscall(SYS_pidfd_open, \(pidText(arm.argument)), 0)"
        }
        emit("{.fd = \(descriptor), .events = POLLIN},")
      }
    }
    let time = late?.argument.value.map { milliseconds($0) } ?? "-1"
    emit("poll(\(ready), \(waits.count), \(time));")
    for (at, arm) in waits.enumerated() {
      emit("\(at == 0 ? "" : "} else ")if (\(ready)[\(at)].revents) {")
      inside { take(arm.kind, arm.argument, arm.block) }
    }
    if let late {
      emit("} else {")
      inside { body(late.block.body) }
    }
    emit("}")
    return true
  }

  /// What an arm takes, and its block.
  private func take(_ kind: String, _ argument: ArgumentNode, _ block: FunctionNode) {
    let variable = block.parameters.first.map { TranslationReader.identifier($0.name) }
    if kind == "exit" {
      need("sys/wait.h")
      let status = fresh("status")
      emit("int \(status);")
      emit("waitpid(\(pidText(argument)), &\(status), 0);")
      if let variable {
        statuses[variable] = status
        note(variable, .status)
      }
    } else {
      let verb = ["queue": "queue get", "pipe": "pipe recv"][kind] ?? "socket recv"
      let call = TranslatedCall(
        name: verb, isBuiltin: true, isProgram: false, arguments: [argument], flags: [:],
        span: argument.span)
      _ = socket(call, into: variable) ?? channel(call, into: variable)
      if let variable { emit("(void)\(variable);") }
    }
    body(block.body)
  }

  // MARK: Process objects

  /// C has no object for a process: its target is kept until it is started.
  func object(_ call: TranslatedCall, into variable: String?) -> String? {
    guard call.name.hasPrefix("process "), let first = call.arguments.first else { return nil }
    let own = variable ?? name(first)
    switch call.name {
    case "process new":
      guard let target = call.flags["target"].flatMap({ $0 }), !call.has("kwargs"),
        let function = workerName(target)
      else { return nil }
      var arguments = ""
      if let list = call.flags["args"].flatMap({ $0 })?.value {
        guard case .list(let items) = list.kind else { return nil }
        arguments = items.map { expression($0.value) }.joined(separator: ", ")
      }
      if variable != nil { aliases[name(first)] = own }
      need("sys/types.h")
      note(own, .pid)
      targets[own] = "\(function)(\(arguments))"
      emit("pid_t \(own);")
      return own
    case "process start":
      guard let target = targets[own] else { return nil }
      need("unistd.h", "stdlib.h")
      emit("fflush(NULL);  /* or both write what is buffered */")
      emit("\(own) = fork();")
      child(own) { emit("\(target);") }
      return ""
    case "process join":
      guard targets[own] != nil else { return nil }
      need("sys/wait.h")
      let status = fresh("status")
      if let time = call.flags["timeout"].flatMap({ $0 })?.value {
        return ends(own, milliseconds(time))
      }
      emit("int \(status);")
      emit("waitpid(\(own), &\(status), 0);")
      statuses[own] = status
      return own
    case "process alive" where targets[own] != nil:
      return "(\(ends(own, "0")) == 0)"
    case "process terminate" where targets[own] != nil:
      need("signal.h")
      return "kill(\(own), SIGTERM)"
    default: return nil
    }
  }
}
