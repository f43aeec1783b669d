/// What commands are in C.
extension CTranslator {
  func command(_ node: CommandNode, into name: String?, isStatement: Bool) -> String {
    guard let call = reader.call(node, functions: functions) else { return comment(node.span) }
    if call.isProgram {
      need("stdlib.h")
      return "system(\(TranslationReader.quoted(reader.text(node.span))))"
    }
    if !call.isBuiltin {
      let list = call.arguments.map(value).joined(separator: ", ")
      return "\(TranslationReader.identifier(call.name))(\(list))"
    }
    if let arms = node.writtenArms { return select(arms) ? "" : comment(node.span) }
    return process(call, into: name, isStatement) ?? signal(call) ?? pool(call, into: name)
      ?? object(call, into: name) ?? socket(call, into: name) ?? channel(call, into: name)
      ?? comment(call.span)
  }

  func value(_ argument: ArgumentNode) -> String {
    argument.value.map { expression($0) } ?? "0"
  }

  func name(_ argument: ArgumentNode?) -> String {
    guard let argument else { return "0" }
    let name = reader.name(argument) ?? value(argument)
    return aliases[name] ?? name
  }

  // MARK: Processes

  private func process(_ call: TranslatedCall, into name: String?, _ isStatement: Bool) -> String? {
    let first = call.arguments.first
    switch call.name {
    case "print", "echo": return print(call)
    case "fork": return fork(call, into: name)
    case "wait": return wait(call)
    case "exit", "_exit":
      need(call.name == "exit" ? "stdlib.h" : "unistd.h")
      return "\(call.name)(\(first.map(value) ?? "0"))"
    case "sleep": return sleep(first?.value)
    case "kill", "stop", "continue", "terminate":
      need("signal.h")
      var (signal, targets) = TranslationReader.kill(call)
      if call.name != "kill" {
        signal = ["stop": "STOP", "continue": "CONT"][call.name] ?? "TERM"
        targets = call.arguments
      }
      for target in targets {
        each(target) { emit("kill(\($0), SIG\(signal));") }
      }
      return ""
    case "getpid", "getppid":
      need("unistd.h")
      return "\(call.name)()"
    case "nice":
      need("sys/resource.h")
      let who = first.map { pidText($0) } ?? "0"
      guard call.arguments.count > 1 else { return "getpriority(PRIO_PROCESS, \(who))" }
      return "setpriority(PRIO_PROCESS, \(who), \(value(call.arguments[1])))"
    case "exec", "spawn":
      need("unistd.h")
      let words = call.arguments.map(value)
      let list = ((words.first.map { [$0] } ?? []) + words + ["(char *)NULL"])
        .joined(separator: ", ")
      if call.name == "exec" { return "execlp(\(list))" }
      let pid = name ?? fresh("child")
      note(pid, .pid)
      need("stdio.h", "stdlib.h", "sys/types.h")
      emit("pid_t \(pid) = fork();")
      nested("if (\(pid) == 0) {") {
        emit("execlp(\(list));")
        emit("_exit(127);")
      }
      return pid
    case "cd":
      need("unistd.h")
      return "chdir(\(first.map(value) ?? "\"/\""))"
    case "len":
      guard let value = first?.value, let name = reader.name(value) else { return nil }
      if let count = counts[name] { return "(long)\(count)" }
      return "(long)(sizeof \(name) / sizeof *\(name))"
    case "assert":
      need("assert.h")
      return "assert(\(first.map(value) ?? "1"))"
    default: return nil
    }
  }

  /// The child runs the block and ends; what waits in the buffer of stdout is written before.
  private func fork(_ call: TranslatedCall, into name: String?) -> String? {
    need("unistd.h", "sys/types.h", "stdlib.h")
    emit("fflush(NULL);  /* or both write what is buffered */")
    let own = call.flags["name"].flatMap { $0 }.flatMap { reader.name($0) }
    let pid = name ?? own ?? fresh("child")
    note(pid, .pid)
    emit("pid_t \(pid) = fork();")
    guard let block = call.block else { return call.arguments.isEmpty ? pid : nil }
    child(pid) { body(block.body) }
    return pid
  }

  /// What the child does; no error leaves it.
  func child(_ pid: String, _ inner: () -> Void) {
    let around = escapes
    escapes = []
    nested("if (\(pid) == 0) {") {
      inner()
      if !endsByExit { emit("exit(0);") }
    }
    escapes = around
  }

  private func wait(_ call: TranslatedCall) -> String? {
    need("sys/wait.h")
    if call.has("peek") || call.has("ready") || call.has("any") { return nil }
    if call.has("all") {
      guard !call.has("timeout") else { return nil }
      emit("while (wait(NULL) > 0) {}")
      return ""
    }
    guard !call.arguments.isEmpty else {
      guard !call.has("timeout") else { return nil }
      let status = fresh("status")
      emit("int \(status);")
      return "wait(&\(status))"
    }
    var last = ""
    for argument in call.arguments {
      each(argument) { pid in
        endsInTime(pid, call)
        if case .spread = argument.role { return emit("waitpid(\(pid), NULL, 0);") }
        let status = fresh("status")
        emit("int \(status);")
        emit("waitpid(\(pid), &\(status), 0);")
        statuses[pid] = status
        last = pid
      }
    }
    return last
  }

  /// Does something with the pid that an argument means, or with each of a list.
  private func each(_ argument: ArgumentNode, _ inner: (String) -> Void) {
    guard case .spread = argument.role else { return inner(pidText(argument)) }
    let list = name(argument)
    let index = fresh("i")
    nested("for (size_t \(index) = 0; \(index) < sizeof \(list) / sizeof *\(list); \(index)++) {") {
      inner("\(list)[\(index)]")
    }
  }

  /// `let kids = map 1..3 { |i| fork { … } }`: an array of pids; false for anything else.
  func children(_ value: Expression, into name: String) -> Bool {
    guard case .command(let node) = value.kind,
      let call = reader.call(node, functions: functions), call.name == "map",
      call.arguments.count == 2, let block = call.block,
      case .constant(.range(let range))? = call.arguments[0].value?.kind,
      block.body.statements.count == 1, case .expression(let last) = block.body.statements[0].kind,
      case .command(let inner) = last.kind,
      let fork = reader.call(inner, functions: functions), fork.name == "fork"
    else { return false }
    let count = range.last - range.start + 1
    let index = block.parameters.first.map { TranslationReader.identifier($0.name) } ?? fresh("i")
    note(index, .number)
    note(name, .pids)
    emit("pid_t \(name)[\(count)];")
    nested("for (long \(index) = \(range.start); \(index) <= \(range.last); \(index)++) {") {
      let pid = command(inner, into: nil, isStatement: false)
      let place = range.start == 0 ? index : "\(index) - \(range.start)"
      emit("\(name)[\(place)] = \(pid);")
    }
    return true
  }

  func pidText(_ argument: ArgumentNode) -> String {
    if let value = argument.value, case .variable = value.kind { return expression(value) }
    return name(argument)
  }

  private func sleep(_ time: Expression?) -> String {
    need("unistd.h")
    guard let time else { return "pause()" }
    switch time.kind {
    case .constant(.duration(let nanoseconds)):
      if nanoseconds % 1_000_000_000 == 0 { return "sleep(\(nanoseconds / 1_000_000_000))" }
      return "usleep(\(nanoseconds / 1000))"
    case .constant(.int(let seconds)): return "sleep(\(seconds))"
    default: return "usleep((useconds_t)((\(expression(time))) * 1000000))"
    }
  }

  // MARK: Printing

  private func print(_ call: TranslatedCall) -> String {
    var format = ""
    var values: [String] = []
    for (at, argument) in call.arguments.enumerated() {
      if at > 0 { format += " " }
      guard let value = argument.value else { continue }
      if let list = list(value) {
        if !format.isEmpty { emit("printf(\(TranslationReader.quoted(format)));") }
        format = ""
        emit("print_list(\(list), \(counts[list] ?? "sizeof \(list) / sizeof *\(list)"));")
        continue
      }
      add(value, argument.spelling, &format, &values)
    }
    let list = ([TranslationReader.quoted(format + "\n")] + values).joined(separator: ", ")
    return "printf(\(list))"
  }

  /// A list as a variable, whose lines are written before; nil for what is none.
  private func list(_ value: Expression) -> String? {
    var name: String?
    switch value.kind {
    case .variable: name = reader.name(value)
    case .command(let node):
      guard let call = reader.call(node, functions: functions),
        ["pool map", "pool imap"].contains(call.name)
      else { return nil }
      name = expression(value)
    default: return nil
    }
    guard let name, kind(of: name) == .list else { return nil }
    helper(CParts.printList)
    return name
  }

  private func add(
    _ value: Expression, _ spelling: String?, _ format: inout String, _ values: inout [String]
  ) {
    if let spelling, case .constant = value.kind {
      format += spelling.replacing("%", "%%")
      return
    }
    switch value.kind {
    case .constant(.string(let text)): format += text.string.replacing("%", "%%")
    case .text(let pieces): for piece in pieces { add(piece, nil, &format, &values) }
    default:
      let text = expression(value)
      switch kind(of: text) ?? kind(of: value) {
      case .text: (format, values) = (format + "%s", values + [text])
      case .fraction: (format, values) = (format + "%g", values + [text])
      case .truth: (format, values) = (format + "%s", values + ["\(text) ? \"true\" : \"false\""])
      default:
        (format, values) = (
          format + "%ld",
          values + ["(long)\(text.isIdentifier || text.hasSuffix(")") ? text : "(\(text))")"]
        )
      }
    }
  }

  /// A field of what a command yields: `(wait $p).exit`, `$p.r`.
  func fieldOf(_ node: Expression, _ field: String) -> String {
    if let base = reader.name(node), kind(of: base) == .pipe {
      return "\(base)[\(field == "r" || field == "a" ? 0 : 1)]"
    }
    let base = expression(node)
    if kind(of: base) == .text, ["message", "kind"].contains(field) { return base }
    let status = statuses[base] ?? base
    switch field {
    case "exit": return "WEXITSTATUS(\(status))"
    case "signal": return "WTERMSIG(\(status))"
    case "ok": return "(\(status) == 0)"
    case "pid": return base
    default: return comment(node.span)
    }
  }

  // MARK: Signals

  private func signal(_ call: TranslatedCall) -> String? {
    guard call.name.hasPrefix("signal ") || call.name == "alarm" else { return nil }
    need("signal.h")
    let word = call.arguments.first?.spelling.flatMap(TranslationReader.signal) ?? "TERM"
    switch call.name {
    case "alarm":
      need("unistd.h")
      return alarm(call.arguments.first)
    case "signal on":
      guard let block = call.block else { return nil }
      let handler = fresh("handler")
      function("static void \(handler)(int number)") {
        emit("(void)number;")
        body(block.body)
      }
      let action = fresh("action")
      emit("struct sigaction \(action) = {.sa_handler = \(handler), .sa_flags = SA_RESTART};")
      return "sigaction(SIG\(word), &\(action), NULL)"
    case "signal ignore": return "signal(SIG\(word), SIG_IGN)"
    case "signal default": return "signal(SIG\(word), SIG_DFL)"
    case "signal block", "signal unblock", "signal wait":
      let set = fresh("set")
      emit("sigset_t \(set);")
      emit("sigemptyset(&\(set));")
      for argument in call.arguments {
        if let name = argument.spelling.flatMap(TranslationReader.signal) {
          emit("sigaddset(&\(set), SIG\(name));")
        }
      }
      if call.name == "signal wait" {
        if let time = call.flags["timeout"].flatMap({ $0 })?.value {
          emit("struct timespec \(set)_time = \(span(time));")
          emit("if (sigtimedwait(&\(set), NULL, &\(set)_time) < 0) \(escape(.timeout))")
          return ""
        }
        let got = fresh("got")
        emit("int \(got);")
        return "sigwait(&\(set), &\(got))"
      }
      let how = call.name == "signal block" ? "SIG_BLOCK" : "SIG_UNBLOCK"
      return "sigprocmask(\(how), &\(set), NULL)"
    default: return nil
    }
  }
}
