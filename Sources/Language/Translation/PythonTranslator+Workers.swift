/// What sockets and pools are in Python.
extension PythonTranslator {
  // MARK: Sockets

  /// A socket is a `Listener` or a connection, which sends values as Brood's do.
  func socket(_ call: TranslatedCall, into variable: String?) -> String? {
    guard call.name.hasPrefix("socket ") else { return nil }
    let name = nameOf(call)
    if let time = flag(call, "timeout") {
      guard ["socket recv", "socket read"].contains(call.name) else { return nil }
      require("\(name).poll(\(time))")
    }
    switch call.name {
    case "socket listen", "socket connect":
      guard let word = call.arguments.last?.value, let address = address(word) else { return nil }
      let given = call.arguments.count > 1 ? name : nil
      let own = variable ?? given ?? fresh("socket")
      declare(own)
      need("multiprocessing")
      need("multiprocessing.connection")
      let kind = call.name == "socket listen" ? "Listener" : "Client"
      let alias = given.map { $0 == own ? "" : " = \($0)" } ?? ""
      emit("\(own)\(alias) = multiprocessing.connection.\(kind)(\(address))")
      return own
    case "socket accept": return "\(name).accept()"
    case "socket send":
      return "\(name).send(\(call.arguments.dropFirst().first.map(value) ?? "None"))"
    case "socket recv": return "\(name).recv()"
    case "socket write":
      need("os")
      let text = call.arguments.dropFirst().first.map(value) ?? "\"\""
      return "os.write(\(name).fileno(), str(\(text)).encode())"
    case "socket read":
      need("os")
      return "os.read(\(name).fileno(), 65536).decode()"
    case "socket close": return "\(name).close()"
    default: return nil
    }
  }

  /// An address that is written out, as `unix:@door` or `tcp:127.0.0.1:8000`.
  private func address(_ node: Expression) -> String? {
    guard case .constant(.string(let text)) = node.kind else { return nil }
    let parts = text.string.split(separator: ":").map(String.init)
    if parts.count == 2, parts[0] == "unix" {
      // A name without a file begins with a zero byte.
      let path = parts[1].hasPrefix("@") ? "\\0" + parts[1].dropFirst() : parts[1]
      return "\"\(path)\", \"AF_UNIX\""
    }
    guard parts.count == 3, parts[0] == "tcp", Int(parts[2]) != nil else { return nil }
    return "(\(TranslationReader.quoted(parts[1])), \(parts[2]))"
  }

  // MARK: Pools

  func pool(_ call: TranslatedCall, into variable: String?) -> String? {
    guard call.name.hasPrefix("pool ") else { return nil }
    let verb = String(call.name.dropFirst(5))
    switch verb {
    case "new":
      let target = variable ?? (call.arguments.count > 1 ? nameOf(call) : "pool")
      declare(target)
      let alias =
        call.arguments.count > 1 && nameOf(call) != target ? " = \(nameOf(call))" : ""
      emit("\(target)\(alias) = \(make("Pool"))(\(call.arguments.last.map(value) ?? ""))")
      pools.append(target)
      return target
    case "map", "imap", "starmap":
      let arguments = call.arguments.sorted { one, other in isFunction(one) && !isFunction(other) }
      guard arguments.count > 1 else { return nil }
      let function = poolFunction(arguments[0])
      return "\(poolName(call)).\(verb)(\(function), \(value(arguments[1])))"
    case "submit" where call.has("timeout") || call.has("on-done"): return nil
    case "apply", "submit":
      let function = poolFunction(call.arguments.first)
      let rest = call.arguments.dropFirst().map { value($0) + "," }.joined(separator: " ")
      if verb == "apply", let time = flag(call, "timeout") {
        return "\(poolName(call)).apply_async(\(function), (\(rest))).get(\(time))"
      }
      return
        "\(poolName(call)).\(verb == "apply" ? "apply" : "apply_async")(\(function), (\(rest)))"
    case "result": return "\(nameOf(call)).get(\(flag(call, "timeout") ?? ""))"
    case "close", "join", "terminate":
      return "\(call.arguments.isEmpty ? pools.last ?? "pool" : nameOf(call)).\(verb)()"
    default: return nil
    }
  }

  /// The pool that is named, or the last one; Brood makes one where there is none.
  private func poolName(_ call: TranslatedCall) -> String {
    if let name = flagName(call, "pool") ?? pools.last { return name }
    emit("pool = \(make("Pool"))()")
    pools.append("pool")
    return "pool"
  }

  private func isFunction(_ argument: ArgumentNode) -> Bool {
    if case .closure? = argument.value?.kind { return true }
    return argument.spelling.map { functions.contains($0) } ?? false
  }

  /// Pools send functions by their names, which lambdas do not have, and which must be there when the
  /// workers are made.
  private func poolFunction(_ argument: ArgumentNode?) -> String {
    guard case .closure(let node)? = argument?.value?.kind else { return function(argument) }
    return hoisted { define(node, named: fresh("task")) }
  }
}
