/// What channels are in Python.
extension PythonTranslator {
  func channel(_ call: TranslatedCall, into variable: String?) -> String? {
    let parts = call.name.split(separator: " ").map(String.init)
    guard parts.count == 2 else { return nil }
    let call = reader.named(call, variable ?? parts[0])
    let name = call.arguments.isEmpty ? variable ?? fresh(parts[0]) : nameOf(call)
    let hasBlock = call.block != nil && call.arguments.count == 2
    let given = call.arguments.count > 1 && !hasBlock ? value(call.arguments[1]) : ""
    func bind(_ text: String) -> String {
      let target = variable ?? name
      declare(target)
      // A name beside the variable means the same.
      let alias = call.arguments.isEmpty || name == target ? "" : " = \(name)"
      emit("\(target)\(alias) = \(text)")
      return target
    }
    let time = flag(call, "timeout").map { "timeout=\($0)" } ?? ""
    let withTime = time.isEmpty ? "" : ", \(time)"
    switch call.name {
    case "pipe new":
      let target = variable ?? name
      if call.has("raw") {
        need("os")
        rawPipes.insert(target)
        emit("\(target)_r, \(target)_w = os.pipe()")
      } else if call.has("simplex") {
        emit("\(target)_r, \(target)_w = \(make("Pipe"))(duplex=False)")
      } else {
        emit("\(target)_a, \(target)_b = \(make("Pipe"))()")
      }
      return target
    case "pipe send": return "\(end(name, "w")).send(\(given))"
    case "pipe recv":
      if let time = flag(call, "timeout") { require("\(end(name, "r")).poll(\(time))") }
      return "\(end(name, "r")).recv()"
    case "pipe poll": return "\(end(name, "r")).poll(\(flag(call, "timeout") ?? ""))"
    case "pipe write":
      need("os")
      return "os.write(\(end(name, "w")), str(\(given)).encode())"
    case "pipe read":
      need("os")
      if let time = flag(call, "timeout") {
        need("select")
        require("select.select([\(end(name, "r"))], [], [], \(time))[0]")
      }
      return "os.read(\(end(name, "r")), \(flag(call, "bytes") ?? "65536")).decode()"
    case "pipe close":
      let isRaw = rawPipes.contains(String(name.dropLast(2)))
      if isRaw {
        need("os")
        return "os.close(\(name))"
      }
      return "\(end(name, "w")).close()"
    case "queue new": return bind("\(make("Queue"))(\(given))")
    case "queue put":
      return call.has("no-wait")
        ? "\(name).put_nowait(\(given))" : "\(name).put(\(given)\(withTime))"
    case "queue get": return call.has("no-wait") ? "\(name).get_nowait()" : "\(name).get(\(time))"
    case "queue size": return "\(name).qsize()"
    case "queue empty", "queue full": return "\(name).\(parts[1])()"
    case "queue close": return "\(name).close()"
    case "shm new":
      let type = call.arguments.count > 1 ? call.arguments[1].spelling ?? "i" : "i"
      let code = ["int": "i", "float": "d", "double": "d", "char": "c", "bool": "b"][type] ?? type
      let start = call.arguments.count > 2 ? value(call.arguments[2]) : "0"
      if let count = flag(call, "count") { return bind("\(make("Array"))(\"\(code)\", \(count))") }
      if let list = flag(call, "init") { return bind("\(make("Array"))(\"\(code)\", \(list))") }
      return bind("\(make("Value"))(\"\(code)\", \(start))")
    case "shm get": return given.isEmpty ? "\(name).value" : "\(name)[\(given)]"
    case "shm set", "shm add":
      let isArray = call.arguments.count > 2
      let target = isArray ? "\(name)[\(given)]" : "\(name).value"
      let new = isArray ? value(call.arguments[2]) : given
      if call.name == "shm set" {
        emit("\(target) = \(new)")
      } else {
        nested("with \(name).get_lock():") { emit("\(target) += \(new)") }
      }
      return ""
    case "shm lock", "lock with", "sem with", "cond with":
      let lock = parts[0] == "shm" ? "\(name).get_lock()" : name
      guard let node = call.block else { return nil }
      guard time.isEmpty else {
        require("\(lock).acquire(\(time))")
        nested("try:") { body(node.body) }
        nested("finally:") { emit("\(lock).release()") }
        return ""
      }
      nested("with \(lock):") { body(node.body) }
      return ""
    case "shm update":
      guard let node = call.block else { return nil }
      let change = closure(node)
      nested("with \(name).get_lock():") { emit("\(name).value = (\(change))(\(name).value)") }
      return ""
    case "lock new": return bind("\(make(call.has("reentrant") ? "RLock" : "Lock"))()")
    case "sem new": return bind("\(make("Semaphore"))(\(given.isEmpty ? "1" : given))")
    case "event new": return bind("\(make("Event"))()")
    case "barrier new": return bind("\(make("Barrier"))(\(given))")
    case "cond new": return bind("\(make("Condition"))()")
    case "lock acquire", "sem acquire", "cond acquire":
      guard !time.isEmpty else { return "\(name).acquire()" }
      require("\(name).acquire(\(time))")
      return ""
    case "lock release", "sem release", "cond release": return "\(name).release()"
    case "event set", "event clear": return "\(name).\(parts[1])()"
    case "event is-set": return "\(name).is_set()"
    case "cond wait" where !time.isEmpty:
      require("\(name).wait(\(time))")
      return ""
    case "event wait", "barrier wait", "cond wait": return "\(name).wait(\(time))"
    case "cond notify": return "\(name).notify(\(given.isEmpty ? "1" : given))"
    case "cond notify-all": return "\(name).notify_all()"
    default: return nil
    }
  }

  /// Where a wait yields false at the end of its time, it becomes an error, as in Brood.
  func require(_ text: String) {
    nested("if not \(text):") { emit("raise TimeoutError") }
  }

  // MARK: Whatever comes first

  /// `select` by `multiprocessing.connection.wait`; false where an arm waits for what has no descriptor.
  func select(_ arms: [CommandNode]) -> Bool {
    var things: [(thing: String, take: String, block: FunctionNode)] = []
    var late: (time: String, block: FunctionNode)?
    for node in arms {
      guard case .word(let kind) = node.head, node.arguments.count == 2,
        case .closure(let block)? = node.arguments[1].value?.kind
      else { return false }
      let name = reader.name(node.arguments[0]) ?? value(node.arguments[0])
      switch kind {
      case "after": late = (value(node.arguments[0]), block)
      case "queue": things.append(("\(name)._reader", "\(name).get()", block))
      case "pipe": things.append((end(name, "r"), "\(end(name, "r")).recv()", block))
      case "exit": things.append(("\(name).sentinel", name, block))
      default: return false
      }
    }
    need("multiprocessing")
    need("multiprocessing.connection")
    let ready = fresh("ready")
    let list = things.map(\.thing).joined(separator: ", ")
    let time = late.map { ", \($0.time)" } ?? ""
    emit("\(ready) = multiprocessing.connection.wait([\(list)]\(time))")
    for (at, arm) in things.enumerated() {
      nested("\(at == 0 ? "if" : "elif") \(arm.thing) in \(ready):") {
        if arm.thing == arm.take + ".sentinel" { emit("\(arm.take).join()") }
        if let first = arm.block.parameters.first {
          emit("\(TranslationReader.identifier(first.name)) = \(arm.take)")
        }
        body(arm.block.body)
      }
    }
    if let late { nested("else:") { body(late.block.body) } }
    return true
  }

  /// The end of a pipe that its plain name means here.
  private func end(_ name: String, _ side: String) -> String {
    if ["_a", "_b", "_r", "_w"].contains(where: { name.hasSuffix($0) }) { return name }
    if rawPipes.contains(name) { return "\(name)_\(side)" }
    return name + (depth > 0 ? "_b" : "_a")
  }
}
