/// What sockets and pools are in C.
extension CTranslator {
  // MARK: Sockets

  func socket(_ call: TranslatedCall, into variable: String?) -> String? {
    guard call.name.hasPrefix("socket ") else { return nil }
    if call.has("timeout"), ["socket connect", "socket send", "socket write"].contains(call.name) {
      return nil
    }
    let first = call.arguments.first
    switch call.name {
    case "socket listen", "socket connect":
      guard let word = call.arguments.last?.value, let address = address(word) else { return nil }
      let given = call.arguments.count > 1 ? name(first) : nil
      let own = variable ?? given ?? fresh("socket")
      if let given, given != own { aliases[given] = own }
      need("sys/socket.h", "unistd.h")
      note(own, .socket)
      emit("int \(own) = socket(\(address.family), \(address.type), 0);")
      let place = fresh("address")
      emit("struct \(address.structure) \(place) = {")
      for field in address.fields { emit("    \(field),") }
      emit("};")
      if call.name == "socket connect" {
        emit("connect(\(own), (struct sockaddr *)&\(place), sizeof \(place));")
        return own
      }
      if address.family == "AF_INET" {
        let on = fresh("on")
        emit("int \(on) = 1;")
        emit("setsockopt(\(own), SOL_SOCKET, SO_REUSEADDR, &\(on), sizeof \(on));")
      }
      listening.insert(own)
      emit("bind(\(own), (struct sockaddr *)&\(place), sizeof \(place));")
      emit("listen(\(own), SOMAXCONN);")
      return own
    case "socket accept":
      let own = variable ?? fresh("guest")
      note(own, .socket)
      readableInTime(name(first), call)
      emit("int \(own) = accept(\(name(first)), NULL, NULL);")
      return own
    case "socket send", "socket write":
      guard let item = call.arguments.dropFirst().first?.value else { return nil }
      return send(item, to: name(first), of: " sockets")
    case "socket recv":
      readableInTime(name(first), call)
      return receive(from: name(first), of: " sockets", variable)
    case "socket read":
      readableInTime(name(first), call)
      return read(name(first), variable)
    case "socket close": return "close(\(name(first)))"
    default: return nil
    }
  }

  /// Whether connections come there, rather than values.
  func isListening(_ argument: ArgumentNode) -> Bool { listening.contains(name(argument)) }

  private struct Address {
    var family: String
    var type: String
    var structure: String
    var fields: [String]
  }

  /// An address that is written out, as `unix:@door` or `tcp:127.0.0.1:8000`.
  private func address(_ node: Expression) -> Address? {
    guard case .constant(.string(let text)) = node.kind else { return nil }
    let parts = text.string.split(separator: ":").map(String.init)
    if parts.count == 2, parts[0] == "unix", parts[1] != "@" {
      need("sys/un.h")
      // A name without a file begins with a zero byte.
      let path =
        parts[1].hasPrefix("@")
        ? "\"\\0\"" + TranslationReader.quoted(String(parts[1].dropFirst()))
        : TranslationReader.quoted(parts[1])
      return Address(
        family: "AF_UNIX", type: "SOCK_SEQPACKET", structure: "sockaddr_un",
        fields: [".sun_family = AF_UNIX", ".sun_path = \(path)"])
    }
    guard parts.count == 3, parts[0] == "tcp", Int(parts[2]) != nil else { return nil }
    need("netinet/in.h", "arpa/inet.h")
    let known = [
      "127.0.0.1": "INADDR_LOOPBACK", "localhost": "INADDR_LOOPBACK", "0.0.0.0": "INADDR_ANY",
    ]
    let host =
      known[parts[1]].map { "htonl(\($0))" } ?? "inet_addr(\(TranslationReader.quoted(parts[1])))"
    return Address(
      family: "AF_INET", type: "SOCK_STREAM", structure: "sockaddr_in",
      fields: [
        ".sin_family = AF_INET", ".sin_port = htons(\(parts[2]))", ".sin_addr.s_addr = \(host)",
      ])
  }

  // MARK: Pools

  /// A pool is no thing in C: each map forks its workers, each task that is submitted one, and
  /// results are left in shared memory.
  func pool(_ call: TranslatedCall, into variable: String?) -> String? {
    guard call.name.hasPrefix("pool ") else { return nil }
    switch call.name {
    case "pool new":
      guard let size = call.arguments.last else { return nil }
      let own = variable ?? (call.arguments.count > 1 ? name(call.arguments.first) : "pool")
      if call.arguments.count > 1 { aliases[name(call.arguments.first)] = own }
      workers[own] = value(size)
      workers[""] = value(size)
      note(own, .pool)
      return own
    case "pool map", "pool imap":
      let isFirst = call.arguments.first.map(isFunction) ?? false
      let sorted = isFirst ? call.arguments : Array(call.arguments.reversed())
      if case .closure(let node)? = sorted.first?.value?.kind, node.parameters.count != 1 {
        return nil
      }
      guard sorted.count == 2, let function = workerName(sorted[0]), let list = sorted[1].value
      else { return nil }
      return mapped(function, list, into: variable, pool: flag(call, "pool"))
    case "pool submit":
      return submitted(call, into: variable ?? fresh("future"))
    case "pool apply":
      guard let future = submitted(call, into: fresh("future")) else { return nil }
      return result(of: future, nil)
    case "pool result":
      guard let future = call.arguments.first.map({ name($0) }), kind(of: future) == .future
      else { return nil }
      return result(of: future, call)
    case "pool terminate":
      need("signal.h")
      for future in futures { emit("kill(\(future)_worker, SIGTERM);") }
      return ""
    case "pool close", "pool join": return ""
    default: return nil
    }
  }

  /// A process that does one task and leaves its number in shared memory.
  private func submitted(_ call: TranslatedCall, into own: String) -> String? {
    guard let task = call.arguments.first, !call.has("kwargs"), !call.has("on-done"),
      !call.has("retries")
    else { return nil }
    let given = call.arguments.dropFirst().map(value)
    need("sys/types.h", "sys/wait.h", "unistd.h", "stdlib.h")
    note(own, .future)
    futures.append(own)
    shared("long", own)
    emit("fflush(NULL);  /* or both write what is buffered */")
    emit("pid_t \(own)_worker = fork();")
    child("\(own)_worker") {
      if let time = call.flags["timeout"].flatMap({ $0 }) {
        emit("\(alarm(time));  /* ends it when it takes longer */")
      }
      if let spelling = task.spelling, functions.contains(spelling) {
        let list = given.joined(separator: ", ")
        return emit("*\(own) = \(TranslationReader.identifier(spelling))(\(list));")
      }
      guard case .closure(let node)? = task.value?.kind else { return }
      for (parameter, value) in zip(node.parameters, given) {
        emit("long \(TranslationReader.identifier(parameter.name)) = \(value);")
      }
      _ = yielding(node.body) { "*\(own) = \($0);" }
    }
    return own
  }

  /// Waits for a task; one that a signal has ended has no result.
  private func result(of future: String, _ call: TranslatedCall?) -> String {
    if let call { endsInTime("\(future)_worker", call) }
    let status = fresh("status")
    emit("int \(status) = 0;")
    emit("waitpid(\(future)_worker, &\(status), 0);")
    emit("if (WIFSIGNALED(\(status))) \(escape(.timeout))")
    return "*\(future)"
  }

  private func flag(_ call: TranslatedCall, _ name: String) -> String {
    call.flags[name].flatMap { $0 }.map { self.name($0) } ?? ""
  }

  private func isFunction(_ argument: ArgumentNode) -> Bool {
    if case .closure? = argument.value?.kind { return true }
    return argument.spelling.map { functions.contains($0) } ?? false
  }

  /// The name of the function that a worker calls; a block becomes one.
  func workerName(_ argument: ArgumentNode) -> String? {
    if let spelling = argument.spelling, functions.contains(spelling) {
      return TranslationReader.identifier(spelling)
    }
    guard case .closure(let node)? = argument.value?.kind else { return nil }
    let name = fresh("task")
    define(node, named: name)
    return name
  }

  private func mapped(
    _ function: String, _ list: Expression, into variable: String?, pool: String
  ) -> String? {
    let input: String
    switch list.kind {
    case .list:
      input = fresh("input")
      emit("long \(input)[] = \(expression(list));")
    case .variable:
      guard let name = reader.name(list), kind(of: name) == .list else { return nil }
      input = name
    case .constant(.range(let range)):
      input = fresh("input")
      emit("long \(input)[\(range.last - range.start + 1)];")
      emit(
        "for (long i = 0; i < \(range.last - range.start + 1); i++) \(input)[i] = i + \(range.start);"
      )
    default: return nil
    }
    need("sys/mman.h", "sys/wait.h", "unistd.h", "stdlib.h")
    let own = variable ?? fresh("results")
    let count = fresh("count")
    let size = workers[pool] ?? workers[""] ?? "4"
    emit("size_t \(count) = \(counts[input] ?? "sizeof \(input) / sizeof *\(input)");")
    emit("long *\(own) = mmap(NULL, \(count) * sizeof *\(own), PROT_READ | PROT_WRITE,")
    emit("    MAP_SHARED | MAP_ANONYMOUS, -1, 0);")
    emit("fflush(NULL);  /* or each worker writes what is buffered */")
    nested("for (size_t worker = 0; worker < \(size); worker++) {") {
      nested("if (fork() == 0) {") {
        nested("for (size_t i = worker; i < \(count); i += \(size)) {") {
          emit("\(own)[i] = \(function)(\(input)[i]);")
        }
        emit("exit(0);")
      }
    }
    emit("while (wait(NULL) > 0) {}")
    note(own, .list)
    counts[own] = count
    return own
  }
}
