/// Writes a block as the system calls that it comes down to, each process below its parent.
final class SystemCallTranslator {
  private let reader: TranslationReader
  private var lines: [(text: String, note: String)] = []
  private var indent = 0
  private var functions: Set<String> = []

  init(_ reader: TranslationReader) { self.reader = reader }

  func program(_ node: FunctionNode) -> String {
    body(node.body)
    let width = min(44, lines.reduce(0) { max($0, $1.text.count) })
    return lines.map { text, note in
      if note.isEmpty { return text + "\n" }
      return text + String(repeating: " ", count: max(2, width + 2 - text.count)) + "# \(note)\n"
    }.joined()
  }

  private func emit(_ text: String, _ note: String = "") {
    lines.append((String(repeating: "    ", count: indent) + text, note))
  }

  private func nested(_ head: String, _ inner: () -> Void) {
    emit(head)
    indent += 1
    inner()
    indent -= 1
  }

  private func source(_ argument: ArgumentNode?) -> String {
    argument.map { reader.text($0.span) } ?? ""
  }

  // MARK: Statements

  private func body(_ block: Block) {
    for statement in block.statements { self.statement(statement) }
  }

  private func statement(_ statement: Statement) {
    switch statement.kind {
    case .declare(let node): look(node.value, into: node.name)
    case .assign(let node): look(node.value, into: node.name)
    case .function(let node):
      functions.insert(node.name)
      nested("\(node.name):") { body(node.function.body) }
    case .ifElse(let node):
      for (at, branch) in node.branches.enumerated() {
        look(branch.condition)
        nested("\(at == 0 ? "if" : "else if") \(reader.text(branch.condition.span)):") {
          body(branch.body)
        }
      }
      if let otherwise = node.otherwise { nested("else:") { body(otherwise) } }
    case .whileLoop(let condition, let inner):
      nested("while \(reader.text(condition.span)):") {
        look(condition)
        body(inner)
      }
    case .forLoop(let node):
      let names = node.names.map(\.name).joined(separator: ", ")
      nested("for \(names) in \(reader.text(node.sequence.span)):") { body(node.body) }
    case .tryCatch(let node):
      body(node.body)
      for clause in node.clauses { nested("on an error:") { body(clause.body) } }
      if let finally = node.finally { body(finally) }
    case .returnValue(let value): if let value { look(value) }
    case .throwValue(let value): look(value)
    case .breakLoop, .continueLoop: break
    case .expression(let value): look(value)
    }
  }

  private func look(_ node: Expression, into name: String? = nil) {
    switch node.kind {
    case .command(let command): call(command, into: name)
    case .pipeline(let pipeline): self.pipeline(pipeline)
    case .chain(let value, let target):
      look(value)
      if case .command(let command) = target { call(command, into: name) }
    case .andThen(let left, let right), .orElse(let left, let right),
      .and(let left, let right), .or(let left, let right), .binary(_, let left, let right),
      .coalesce(let left, let right), .index(let left, let right):
      look(left)
      look(right)
    case .not(let value), .negate(let value), .field(let value, _), .timed(let value):
      look(value, into: name)
    case .list(let items): for item in items { look(item.value) }
    case .text(let pieces): for piece in pieces { look(piece) }
    case .variable(let use) where use.name == "pid": emit("getpid()")
    case .variable(let use) where use.name == "ppid": emit("getppid()")
    default: break
    }
  }

  private func pipeline(_ node: PipelineNode) {
    let count = node.stages.count
    for _ in 0..<max(0, count - 1) { emit("pipe2([r, w], O_CLOEXEC)", "joins two programs") }
    for (at, stage) in node.stages.enumerated() {
      emit("clone(CLONE_VFORK|SIGCHLD)", reader.text(stage.span))
      indent += 1
      if at > 0 { emit("dup2(r, 0)") }
      if at + 1 < count { emit("dup2(w, 1)") }
      for redirection in stage.redirections {
        let target = redirection.target.map { reader.text($0.span) } ?? ""
        let to = redirection.descriptors.first ?? 1
        emit("openat(AT_FDCWD, \"\(target)\", …)", "then dup2(fd, \(to))")
      }
      emit("execve(…)")
      indent -= 1
    }
    if node.isBackground { return }
    for _ in node.stages { emit("wait4(-1, &status, 0, NULL)") }
  }

  // MARK: Commands

  private func call(_ node: CommandNode, into name: String?) {
    guard let call = reader.call(node, functions: functions) else { return }
    for argument in call.arguments where call.block == nil || argument !== call.arguments.last {
      if let value = argument.value, call.name != "print" { look(value) }
    }
    if call.isProgram {
      emit("clone(CLONE_VFORK|SIGCHLD)", call.name)
      indent += 1
      emit("execve(\"\(call.name)\", …)")
      indent -= 1
      emit("wait4(pid, &status, 0, NULL)")
      return
    }
    if !call.isBuiltin { return emit("\(call.name)(…)", "the function above") }
    let first = source(call.arguments.first)
    switch call.name {
    case "print", "echo":
      for argument in call.arguments { if let value = argument.value { look(value) } }
      let text = call.arguments.map { source($0) }.joined(separator: " ")
      emit("write(1, \(TranslationReader.quoted(text + "\n")), …)")
    case "fork":
      emit("clone(SIGCHLD)", "fork: \(name ?? "the pid") in the parent, 0 in the child")
      if let block = call.block {
        nested("in the child:") {
          body(block.body)
          if !(lines.last?.text.trimmedStart.hasPrefix("exit") ?? false) { emit("exit_group(0)") }
        }
      }
    case "process start": emit("clone(SIGCHLD)", "fork, for \(first)")
    case "wait", "process join":
      let who = call.arguments.isEmpty ? "-1" : first
      emit(
        "wait4(\(who), &status, 0, NULL)",
        call.arguments.isEmpty ? "the next child" : "sleeps until it has ended, and reaps it")
    case "kill", "stop", "continue", "terminate", "process terminate":
      var (signal, targets) = TranslationReader.kill(call)
      if call.name != "kill" {
        signal = ["stop": "STOP", "continue": "CONT"][call.name] ?? "TERM"
        targets = call.arguments
      }
      for target in targets { emit("kill(\(source(target)), SIG\(signal))") }
    case "spawn":
      emit("clone(CLONE_VFORK|SIGCHLD)", call.arguments.map { source($0) }.joined(separator: " "))
      indent += 1
      emit("execve(\"\(first)\", …)")
      indent -= 1
    case "exec": emit("execve(\"\(first)\", …)", "does not come back")
    case "exit", "_exit": emit("exit_group(\(first.isEmpty ? "0" : first))")
    case "sleep": emit("clock_nanosleep(CLOCK_MONOTONIC, \(first))")
    case "nice":
      emit(
        call.arguments.count > 1
          ? "setpriority(PRIO_PROCESS, \(first), \(source(call.arguments[1])))"
          : "getpriority(PRIO_PROCESS, \(first))")
    case "getpid", "getppid": emit("\(call.name)()")
    case "ps", "tree", "state", "info":
      emit("openat(AT_FDCWD, \"/proc/PID/stat\", O_RDONLY)", "then read, close; for each process")
    case "pipe new":
      emit(
        call.has("raw") || call.has("simplex") ? "pipe2([r, w], O_CLOEXEC)" : "socketpair(AF_UNIX)",
        "two descriptors")
    case "pipe send", "pipe write", "socket send", "socket write":
      emit("write(\(first), …)", "sleeps while it is full")
    case "pipe recv", "pipe read", "socket recv", "socket read":
      emit("read(\(first), …)", "sleeps while it is empty")
    case "pipe poll": emit("poll([\(first)], …)")
    case "pipe close", "socket close": emit("close(\(first))")
    case "queue new", "shm new", "lock new", "sem new", "event new", "barrier new", "cond new":
      emit("memfd_create(\"\(first)\")", "memory that children share")
      emit("mmap(NULL, …, MAP_SHARED, fd, 0)")
    case "shm get", "shm set", "shm add", "shm cas":
      emit("", "\(call.name): no system call, only memory")
    case "queue put", "queue get", "lock acquire", "sem acquire", "event wait", "barrier wait",
      "cond wait":
      emit("", "\(call.name) \(first): memory; only if it has to wait:")
      emit("poll([bell], …)", "sleeps until another process rings")
    case "lock release", "sem release", "event set", "cond notify", "cond notify-all":
      emit("", "\(call.name) \(first): memory; only if a process sleeps:")
      emit("write(bell, 1)", "wakes it")
    case "lock with", "sem with", "shm lock", "cond with":
      emit("", "\(call.name) \(first): memory; poll(2) only if it has to wait")
      if let block = call.block { body(block.body) }
      emit("", "released: memory; write(2) only if a process sleeps")
    case "signal on": emit("rt_sigaction(SIG\(signalName(call)), handler)")
    case "signal ignore": emit("rt_sigaction(SIG\(signalName(call)), SIG_IGN)")
    case "signal default": emit("rt_sigaction(SIG\(signalName(call)), SIG_DFL)")
    case "signal block", "signal unblock":
      let how = call.name == "signal block" ? "SIG_BLOCK" : "SIG_UNBLOCK"
      emit("rt_sigprocmask(\(how), \(call.arguments.map { source($0) }))")
    case "signal pending": emit("rt_sigpending(&set)")
    case "signal wait": emit("rt_sigtimedwait(set, …)")
    case "alarm": emit("setitimer(ITIMER_REAL, \(first))")
    case "socket listen":
      emit("socket(AF_UNIX or AF_INET, SOCK_STREAM)")
      emit("bind(fd, \(call.arguments.count > 1 ? source(call.arguments[1]) : ""))")
      emit("listen(fd, …)")
    case "socket accept": emit("accept4(\(first))", "sleeps until a client connects")
    case "socket connect":
      emit("socket(AF_UNIX or AF_INET, SOCK_STREAM)")
      emit("connect(fd, \(call.arguments.count > 1 ? source(call.arguments[1]) : ""))")
    case "pool new": emit("clone(SIGCHLD)", "for each worker, with a socketpair each")
    case "pool map", "pool apply", "pool submit", "pool starmap", "pool imap":
      emit("sendmsg(worker, task)", "for each task; recvmsg for its result")
    case "read":
      emit("openat(AT_FDCWD, \"\(first)\", O_RDONLY)", "then read, close")
    case "write", "append":
      emit("openat(AT_FDCWD, \"\(first)\", O_WRONLY|O_CREAT…)", "then write, close")
    case "cd": emit("chdir(\"\(first)\")")
    default: break
    }
  }

  private func signalName(_ call: TranslatedCall) -> String {
    call.arguments.first?.spelling.flatMap(TranslationReader.signal) ?? ""
  }
}
