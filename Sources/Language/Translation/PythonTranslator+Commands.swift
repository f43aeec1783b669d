/// What commands are in Python.
extension PythonTranslator {
  func command(_ node: CommandNode, into name: String? = nil, isStatement: Bool = false) -> String {
    guard let call = reader.call(node, functions: functions) else { return comment(node.span) }
    if let arms = node.writtenArms { return select(arms) ? "" : comment(node.span) }
    if call.isProgram { return program(call, isStatement: isStatement) }
    if !call.isBuiltin {
      let arguments = call.arguments.map(value).joined(separator: ", ")
      return "\(TranslationReader.identifier(call.name))(\(arguments))"
    }
    if let text = process(call, into: name, isStatement: isStatement) { return text }
    if let text = pool(call, into: name) { return text }
    if let text = socket(call, into: name) { return text }
    if let text = channel(call, into: name) { return text }
    if let text = library(call) { return text }
    return comment(call.span)
  }

  func value(_ argument: ArgumentNode) -> String {
    if case .spread = argument.role { return "*" + (argument.value.map { expression($0) } ?? "") }
    guard let value = argument.value else { return "None" }
    if let spelling = argument.spelling, case .constant(.string) = value.kind,
      functions.contains(spelling)
    {
      return TranslationReader.identifier(spelling)
    }
    return expression(value)
  }

  private func first(_ call: TranslatedCall) -> String {
    call.arguments.first.map(value) ?? "None"
  }

  func nameOf(_ call: TranslatedCall, _ index: Int = 0) -> String {
    guard call.arguments.indices.contains(index) else { return "None" }
    return reader.name(call.arguments[index]) ?? value(call.arguments[index])
  }

  func flag(_ call: TranslatedCall, _ name: String) -> String? {
    call.flags[name].flatMap { $0 }.map(value)
  }

  func flagName(_ call: TranslatedCall, _ name: String) -> String? {
    call.flags[name].flatMap { $0 }.flatMap { reader.name($0) }
  }

  /// A function's value of an argument.
  func function(_ argument: ArgumentNode?) -> String {
    guard let argument else { return "None" }
    if case .closure(let node)? = argument.value?.kind { return closure(node) }
    return value(argument)
  }

  // MARK: Processes

  private func process(
    _ call: TranslatedCall, into name: String?, isStatement: Bool
  ) -> String? {
    switch call.name {
    case "fork":
      guard !call.arguments.isEmpty else {
        need("os")
        if let name { pids.insert(name) }
        return "os.fork()"
      }
      return fork(call, into: name)
    case "process new":
      let name = nameOf(call)
      declare(name)
      let target = call.flags["target"].flatMap { $0 }.map { function($0) } ?? "None"
      let arguments = flag(call, "args").map { ", args=tuple(\($0))" } ?? ""
      let named = flag(call, "kwargs").map { ", kwargs=\($0)" } ?? ""
      let daemon = call.has("daemon") ? ", daemon=True" : ""
      emit(
        "\(name) = \(make("Process"))(target=\(target)\(arguments)\(named)\(daemon), "
          + "name=\"\(name)\")")
      return name
    case "process start": return "\(nameOf(call)).start()"
    case "process join", "wait":
      if call.has("all") {
        need("multiprocessing")
        nested("for child in multiprocessing.active_children():") { emit("child.join()") }
        return ""
      }
      if call.arguments.isEmpty {
        need("os")
        return "os.wait()"
      }
      let time = flag(call, "timeout") ?? ""
      let names = call.arguments.indices.map { nameOf(call, $0) }
      for (name, argument) in zip(names, call.arguments) {
        if pids.contains(name) {
          need("os")
          emit("os.waitpid(\(name), 0)")
        } else if case .spread = argument.role {
          nested("for child in \(value(argument).dropFirst()):") { emit("child.join(\(time))") }
        } else {
          emit("\(name).join(\(time))")
          if call.name == "wait", !time.isEmpty { require("not \(name).is_alive()") }
        }
      }
      let first = names.first ?? "None"
      return call.name == "wait" ? first : "not \(first).is_alive()"
    case "process alive": return "\(nameOf(call)).is_alive()"
    case "process terminate", "terminate": return "\(nameOf(call)).terminate()"
    case "process close": return "\(nameOf(call)).close()"
    case "kill", "stop", "continue":
      need("os")
      need("signal")
      var (signal, targets) = TranslationReader.kill(call)
      if call.name == "stop" { (signal, targets) = ("STOP", call.arguments) }
      if call.name == "continue" { (signal, targets) = ("CONT", call.arguments) }
      for target in targets {
        guard case .spread = target.role else {
          emit("os.kill(\(pid(target)), signal.SIG\(signal))")
          continue
        }
        nested("for child in \(value(target).dropFirst()):") {
          emit("os.kill(child.pid, signal.SIG\(signal))")
        }
      }
      return ""
    case "nice":
      need("os")
      let target = call.arguments.first.map { pid($0) } ?? "0"
      guard call.arguments.count > 1 else { return "os.getpriority(os.PRIO_PROCESS, \(target))" }
      return "os.setpriority(os.PRIO_PROCESS, \(target), \(value(call.arguments[1])))"
    case "state":
      let target = call.arguments.first.map { pid($0) } ?? "\"self\""
      return "open(f\"/proc/{\(target)}/stat\").read().rsplit(\")\", 1)[1].split()[0]"
    case "ps", "tree":
      need("subprocess")
      let words = call.name == "ps" ? "\"ps\", \"-l\"" : "\"pstree\", \"-p\", str(os.getpid())"
      if call.name == "tree" { need("os") }
      return "subprocess.run([\(words)])"
    case "getpid", "getppid":
      need("os")
      return "os.\(call.name)()"
    case "sleep":
      need("time")
      return "time.sleep(\(first(call)))"
    case "exit":
      need("sys")
      return "sys.exit(\(call.arguments.isEmpty ? "" : first(call)))"
    case "_exit":
      need("os")
      return "os._exit(\(call.arguments.isEmpty ? "0" : first(call)))"
    case "on-exit":
      need("atexit")
      return "atexit.register(\(function(call.arguments.first)))"
    case "exec":
      need("os")
      let words = call.arguments.map(value)
      return "os.execlp(\(((words.first.map { [$0] } ?? []) + words).joined(separator: ", ")))"
    case "spawn":
      need("subprocess")
      let words = call.arguments.map(value).joined(separator: ", ")
      return "subprocess.Popen([\(words)])"
    case "signal on":
      need("signal")
      return "signal.signal(signal.SIG\(signalName(call)), \(handler(call)))"
    case "signal ignore", "signal default":
      need("signal")
      let action = call.name == "signal ignore" ? "SIG_IGN" : "SIG_DFL"
      return "signal.signal(signal.SIG\(signalName(call)), signal.\(action))"
    case "signal block", "signal unblock":
      need("signal")
      let all = call.arguments.compactMap { $0.spelling.flatMap(TranslationReader.signal) }
        .map { "signal.SIG\($0)" }
      let how = call.name == "signal block" ? "SIG_BLOCK" : "SIG_UNBLOCK"
      return "signal.pthread_sigmask(signal.\(how), {\(all.joined(separator: ", "))})"
    case "signal pending":
      need("signal")
      return "signal.sigpending()"
    case "signal wait":
      need("signal")
      let all = call.arguments.compactMap { $0.spelling.flatMap(TranslationReader.signal) }
        .map { "signal.SIG\($0)" }
      let set = "{\(all.joined(separator: ", "))}"
      guard let time = flag(call, "timeout") else { return "signal.sigwait(\(set))" }
      require("signal.sigtimedwait(\(set), \(time))")
      return ""
    case "alarm":
      need("signal")
      return "signal.setitimer(signal.ITIMER_REAL, \(first(call)))"
    default: return nil
    }
  }

  private func fork(_ call: TranslatedCall, into name: String?) -> String {
    let target: String
    let arguments = call.arguments.dropFirst().map(value)
    if case .closure(let node)? = call.arguments.first?.value?.kind {
      target = define(node, named: fresh("child"), isChild: true)
    } else {
      target = first(call)
    }
    let own = flagName(call, "name")
    let variable = name ?? own ?? fresh("process")
    declare(variable)
    let list =
      arguments.isEmpty ? "" : ", args=(\(arguments.joined(separator: ", ")),)"
    let title = own.map { ", name=\"\($0)\"" } ?? ""
    let daemon = call.has("daemon") ? ", daemon=True" : ""
    emit("\(variable) = \(make("Process"))(target=\(target)\(list)\(title)\(daemon))")
    emit("\(variable).start()")
    if let own, own != variable { emit("\(own) = \(variable)") }
    return variable
  }

  private func pid(_ argument: ArgumentNode) -> String {
    guard let value = argument.value else { return "0" }
    if case .variable(let use) = value.kind, ["pid", "ppid"].contains(use.name) {
      return expression(value)
    }
    guard let name = reader.name(argument) else { return expression(value) }
    return pids.contains(name) || Int(name) != nil ? name : "\(name).pid"
  }

  private func signalName(_ call: TranslatedCall) -> String {
    call.arguments.first?.spelling.flatMap(TranslationReader.signal) ?? "TERM"
  }

  private func handler(_ call: TranslatedCall) -> String {
    guard let node = call.block else { return "signal.SIG_DFL" }
    let name = fresh("handler")
    nested("def \(name)(number, frame):") { body(node.body) }
    return name
  }

  /// A field of what a command yields: `(wait $p).exit`.
  func fieldOf(_ node: Expression, _ field: String) -> String {
    if let name = reader.name(Expression(.field(node, field), node.span)) { return name }
    let base = expression(node)
    switch field {
    case "exit", "signal":
      // What a signal has ended has its number, negative.
      if pids.contains(base) { return "os.waitstatus_to_exitcode(\(base)_status)" }
      return "\(base).exitcode"
    case "pid", "name": return "\(base).\(field)"
    case "message": return "str(\(base))"
    case "kind": return "type(\(base)).__name__"
    default: return "\(base)[\"\(field)\"]"
    }
  }

  // MARK: Programs

  private func program(_ call: TranslatedCall, isStatement: Bool) -> String {
    need("subprocess")
    let words = ([TranslationReader.quoted(call.name)] + call.arguments.map(value))
      .joined(separator: ", ")
    if isStatement { return "subprocess.run([\(words)], check=True)" }
    return "subprocess.run([\(words)], stdout=subprocess.PIPE, text=True, check=True)"
      + ".stdout.rstrip(\"\\n\")"
  }

  func pipeline(_ node: PipelineNode) -> String {
    need("subprocess")
    let text = reader.text(node.span)
    let isPlain = node.stages.allSatisfy { stage in
      guard case .command(let command) = stage.work,
        let call = reader.call(command, functions: functions)
      else { return false }
      return call.isProgram
    }
    guard isPlain, node.prefix == .none else { return comment(node.span) }
    let quoted = TranslationReader.quoted(
      node.isBackground ? text.dropLast().description.trimmedEnd : text)
    return node.isBackground
      ? "subprocess.Popen(\(quoted), shell=True)"
      : "subprocess.run(\(quoted), shell=True, check=True)"
  }

  // MARK: The small library

  private func library(_ call: TranslatedCall) -> String? {
    let values = call.arguments.map { argument -> String in
      if case .closure(let node)? = argument.value?.kind { return closure(node) }
      return value(argument)
    }
    func at(_ index: Int) -> String { values.indices.contains(index) ? values[index] : "None" }
    let all = values.joined(separator: ", ")
    switch call.name {
    case "print", "echo": return "print(\(all.isEmpty ? "" : all + ", ")flush=True)"
    case "input": return "input(\(all))"
    case "len", "sum", "min", "max", "abs", "type", "int", "float": return "\(call.name)(\(all))"
    case "string": return "str(\(all))"
    case "range": return "range(\(all))"
    case "map": return "[(\(at(1)))(x) for x in \(at(0))]"
    case "filter": return "[x for x in \(at(0)) if (\(at(1)))(x)]"
    case "each": return "[(\(at(1)))(x) for x in \(at(0))]"
    case "any", "all":
      return values.count > 1
        ? "\(call.name)((\(at(1)))(x) for x in \(at(0)))" : "\(call.name)(\(all))"
    case "sort": return "sorted(\(at(0)))"
    case "reverse": return "\(at(0))[::-1]"
    case "join": return "\(values.count > 1 ? at(1) : "\"\"").join(map(str, \(at(0))))"
    case "split": return "\(at(0)).split(\(values.dropFirst().joined(separator: ", ")))"
    case "lines": return "\(at(0)).splitlines()"
    case "upper", "lower": return "\(at(0)).\(call.name)()"
    case "trim": return "\(at(0)).strip()"
    case "replace": return "\(at(0)).replace(\(at(1)), \(at(2)))"
    case "contains": return "\(at(1)) in \(at(0))"
    case "starts-with": return "\(at(0)).startswith(\(at(1)))"
    case "ends-with": return "\(at(0)).endswith(\(at(1)))"
    case "keys", "values": return "list(\(at(0)).\(call.name)())"
    case "read": return "open(\(at(0))).read()"
    case "write", "append":
      let mode = call.name == "write" ? "w" : "a"
      nested("with open(\(at(0)), \"\(mode)\") as file:") { emit("file.write(\(at(1)))") }
      return ""
    case "cd", "pwd":
      need("os")
      return call.name == "cd" ? "os.chdir(\(all))" : "os.getcwd()"
    case "glob":
      need("glob")
      return "sorted(glob.glob(\(all)))"
    case "now":
      need("datetime")
      return "datetime.datetime.now()"
    case "random":
      need("random")
      return values.isEmpty ? "random.random()" : "random.randrange(\(all))"
    case "call": return "(\(at(0)))(\(values.dropFirst().joined(separator: ", ")))"
    case "assert":
      emit("assert \(all)")
      return ""
    default: return nil
    }
  }
}

extension String {
  var trimmedStart: Substring { drop { $0 == " " } }

  var trimmedEnd: String {
    var text = self
    while let last = text.last, last == " " || last == "\n" { text.removeLast() }
    return text
  }
}
