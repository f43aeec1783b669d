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
    return process(call, into: name, isStatement) ?? signal(call) ?? channel(call, into: name)
      ?? comment(call.span)
  }

  private func value(_ argument: ArgumentNode) -> String {
    argument.value.map { expression($0) } ?? "0"
  }

  private func name(_ argument: ArgumentNode?) -> String {
    guard let argument else { return "0" }
    return reader.name(argument) ?? value(argument)
  }

  // MARK: Processes

  private func process(_ call: TranslatedCall, into name: String?, _ isStatement: Bool) -> String? {
    let first = call.arguments.first
    switch call.name {
    case "print", "echo": return print(call)
    case "fork": return fork(call, into: name)
    case "wait":
      need("sys/wait.h")
      let status = fresh("status")
      emit("int \(status);")
      guard let first else { return "wait(&\(status))" }
      let pid = self.name(first)
      emit("waitpid(\(pid), &\(status), 0);")
      statuses[pid] = status
      return pid
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
      for target in targets { emit("kill(\(pidText(target)), SIG\(signal));") }
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
    nested("if (\(pid) == 0) {") {
      body(block.body)
      if !endsByExit { emit("exit(0);") }
    }
    return pid
  }

  private func pidText(_ argument: ArgumentNode) -> String {
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
      add(value, argument.spelling, &format, &values)
    }
    let list = ([TranslationReader.quoted(format + "\n")] + values).joined(separator: ", ")
    return "printf(\(list))"
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
      switch kind(of: value) {
      case .text: (format, values) = (format + "%s", values + [text])
      case .fraction: (format, values) = (format + "%g", values + [text])
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
      return "alarm(\(call.arguments.first.map(value) ?? "0"))"
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
        emit("int got;")
        return "sigwait(&\(set), &got)"
      }
      let how = call.name == "signal block" ? "SIG_BLOCK" : "SIG_UNBLOCK"
      return "sigprocmask(\(how), &\(set), NULL)"
    default: return nil
    }
  }

  // MARK: Channels

  /// Memory that is mapped before the fork, so that parent and child have the same.
  private func shared(_ type: String, _ name: String) {
    need("sys/mman.h")
    emit("\(type) *\(name) = mmap(NULL, sizeof *\(name), PROT_READ | PROT_WRITE,")
    emit("    MAP_SHARED | MAP_ANONYMOUS, -1, 0);")
  }

  private func channel(_ call: TranslatedCall, into variable: String?) -> String? {
    let parts = call.name.split(separator: " ").map(String.init)
    guard parts.count == 2 else { return nil }
    let call = reader.named(call, variable ?? parts[0])
    let name =
      call.arguments.isEmpty ? variable ?? fresh(parts[0]) : self.name(call.arguments.first)
    let hasBlock = call.block != nil && call.arguments.count == 2
    let given = call.arguments.count > 1 && !hasBlock ? value(call.arguments[1]) : "0"
    let own = variable ?? name
    switch call.name {
    case "pipe new":
      need("unistd.h")
      note(own, .pipe)
      emit("int \(own)[2];")
      if call.has("raw") || call.has("simplex") {
        emit("pipe(\(own));")
      } else {
        need("sys/socket.h")
        emit("socketpair(AF_UNIX, SOCK_SEQPACKET, 0, \(own));")
      }
      return own
    case "pipe close": return "close(\(end(call.arguments.first)))"
    case "pipe write", "pipe send":
      let text = call.arguments.count > 1 ? call.arguments[1].value : nil
      guard let text else { return nil }
      if kind(of: text) == .text {
        let end = end(call.arguments.first, 1)
        guard case .constant(.string(let constant)) = text.kind else {
          need("string.h")
          return "write(\(end), \(expression(text)), strlen(\(expression(text))))"
        }
        return "write(\(end), \(expression(text)), \(constant.string.utf8.count))"
      }
      let item = fresh("item")
      emit("long \(item) = \(expression(text));")
      return "write(\(end(call.arguments.first, 1)), &\(item), sizeof \(item))"
    case "pipe recv":
      let item = variable ?? fresh("item")
      note(item, .number)
      emit("long \(item);")
      emit("read(\(end(call.arguments.first)), &\(item), sizeof \(item));")
      return item
    case "pipe read":
      let text = variable ?? fresh("text")
      note(text, .text)
      emit("char \(text)[65536];")
      let count = fresh("count")
      emit("ssize_t \(count) = read(\(end(call.arguments.first)), \(text), sizeof \(text) - 1);")
      emit("\(text)[\(count) < 0 ? 0 : \(count)] = 0;")
      return text
    case "shm new":
      guard !call.has("count"), !call.has("init") else { return nil }
      note(own, .cell)
      let type = call.arguments.count > 1 ? call.arguments[1].spelling ?? "int" : "int"
      shared(["double", "float", "d", "f"].contains(type) ? "double" : "long", own)
      emit("*\(own) = \(call.arguments.count > 2 ? value(call.arguments[2]) : "0");")
      return own
    case "shm get": return "*\(name)"
    case "shm set":
      emit("*\(name) = \(given);")
      return ""
    case "shm add": return "__atomic_add_fetch(\(name), \(given), __ATOMIC_SEQ_CST)"
    case "lock new":
      need("pthread.h")
      note(own, .mutex)
      shared("pthread_mutex_t", own)
      let attributes = fresh("attributes")
      emit("pthread_mutexattr_t \(attributes);")
      emit("pthread_mutexattr_init(&\(attributes));")
      emit("pthread_mutexattr_setpshared(&\(attributes), PTHREAD_PROCESS_SHARED);")
      emit("pthread_mutex_init(\(own), &\(attributes));")
      return own
    case "lock acquire": return "pthread_mutex_lock(\(name))"
    case "lock release": return "pthread_mutex_unlock(\(name))"
    case "sem new":
      need("semaphore.h")
      note(own, .semaphore)
      shared("sem_t", own)
      emit("sem_init(\(own), 1, \(call.arguments.count > 1 ? given : "1"));")
      return own
    case "sem acquire": return "sem_wait(\(name))"
    case "sem release": return "sem_post(\(name))"
    case "lock with", "sem with":
      guard let block = call.block else { return nil }
      let isLock = parts[0] == "lock"
      emit(isLock ? "pthread_mutex_lock(\(name));" : "sem_wait(\(name));")
      body(block.body)
      emit(isLock ? "pthread_mutex_unlock(\(name));" : "sem_post(\(name));")
      return ""
    default: return nil
    }
  }

  /// A descriptor: `p[0]`; a plain name means the side that the verb needs.
  private func end(_ argument: ArgumentNode?, _ side: Int = 0) -> String {
    guard let value = argument?.value else { return "0" }
    if case .field = value.kind { return expression(value) }
    let name = self.name(argument)
    for (suffix, index) in [("_r", 0), ("_a", 0), ("_w", 1), ("_b", 1)] where name.hasSuffix(suffix)
    {
      return "\(name.dropLast(2))[\(index)]"
    }
    return "\(name)[\(side)]"
  }
}
