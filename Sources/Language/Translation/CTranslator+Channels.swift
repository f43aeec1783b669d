/// What channels are in C: pipes, queues, shared memory, and what processes wait with.
extension CTranslator {
  /// Memory that is mapped before the fork, so that parent and child have the same.
  func shared(_ type: String, _ name: String) {
    need("sys/mman.h")
    emit("\(type) *\(name) = mmap(NULL, sizeof *\(name), PROT_READ | PROT_WRITE,")
    emit("    MAP_SHARED | MAP_ANONYMOUS, -1, 0);")
  }

  func channel(_ call: TranslatedCall, into variable: String?) -> String? {
    let parts = call.name.split(separator: " ").map(String.init)
    guard parts.count == 2 else { return nil }
    let call = reader.named(call, variable ?? parts[0])
    let name =
      call.arguments.isEmpty ? variable ?? fresh(parts[0]) : self.name(call.arguments.first)
    let hasBlock = call.block != nil && call.arguments.count == 2
    let given = call.arguments.count > 1 && !hasBlock ? value(call.arguments[1]) : "0"
    let own = variable ?? name
    if parts[1] == "new", name != own { aliases[name] = own }
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
      guard let item = call.arguments.dropFirst().first?.value else { return nil }
      return send(item, to: end(call.arguments.first, 1), of: base(call.arguments.first))
    case "pipe recv":
      readableInTime(end(call.arguments.first), call)
      return receive(from: end(call.arguments.first), of: base(call.arguments.first), variable)
    case "pipe read":
      readableInTime(end(call.arguments.first), call)
      return read(end(call.arguments.first), variable)
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
    case "lock acquire": return enter(call, name, isLock: true)
    case "lock release": return "pthread_mutex_unlock(\(name))"
    case "sem new":
      need("semaphore.h")
      note(own, .semaphore)
      shared("sem_t", own)
      emit("sem_init(\(own), 1, \(call.arguments.count > 1 ? given : "1"));")
      return own
    case "sem acquire": return enter(call, name, isLock: false)
    case "sem release": return "sem_post(\(name))"
    case "lock with", "sem with":
      guard let block = call.block else { return nil }
      let isLock = parts[0] == "lock"
      let text = enter(call, name, isLock: isLock)
      if !text.isEmpty { emit(text + ";") }
      body(block.body)
      emit(isLock ? "pthread_mutex_unlock(\(name));" : "sem_post(\(name));")
      return ""
    default:
      return queue(call, name, own, given, into: variable) ?? monitor(call, name, own, given)
    }
  }

  /// Takes a lock or a permit, and gives up when the time is over.
  private func enter(_ call: TranslatedCall, _ name: String, isLock: Bool) -> String {
    guard let until = limit(call) else {
      return isLock ? "pthread_mutex_lock(\(name))" : "sem_wait(\(name))"
    }
    let verb = isLock ? "pthread_mutex_timedlock" : "sem_timedwait"
    emit("if (\(verb)(\(name), \(until)) != 0) \(escape(.timeout))")
    return ""
  }

  /// A descriptor: `p[0]`; a plain name means the side that the verb needs.
  func end(_ argument: ArgumentNode?, _ side: Int = 0) -> String {
    guard let value = argument?.value else { return "0" }
    if case .field = value.kind { return expression(value) }
    let name = self.name(argument)
    for (suffix, index) in [("_r", 0), ("_a", 0), ("_w", 1), ("_b", 1)] where name.hasSuffix(suffix)
    {
      return "\(name.dropLast(2))[\(index)]"
    }
    return "\(name)[\(side)]"
  }

  /// The name of a pipe whose end is meant.
  private func base(_ argument: ArgumentNode?) -> String {
    let name = self.name(argument)
    return ["_r", "_a", "_w", "_b"].contains { name.hasSuffix($0) }
      ? String(name.dropLast(2)) : name
  }

  /// Writes a number as it is in memory, or a text.
  func send(_ item: Expression, to end: String, of channel: String) -> String {
    if kind(of: item) == .text {
      items[channel] = .text
      guard case .constant(.string(let constant)) = item.kind else {
        need("string.h")
        return "write(\(end), \(expression(item)), strlen(\(expression(item))))"
      }
      return "write(\(end), \(expression(item)), \(constant.string.utf8.count))"
    }
    let name = fresh("item")
    emit("long \(name) = \(expression(item));")
    return "write(\(end), &\(name), sizeof \(name))"
  }

  /// Reads what `send` has written.
  func receive(from end: String, of channel: String, _ variable: String?) -> String {
    if items[channel] == .text { return read(end, variable) }
    let item = variable ?? fresh("item")
    note(item, .number)
    emit("long \(item);")
    emit("read(\(end), &\(item), sizeof \(item));")
    return item
  }

  /// Reads a text.
  func read(_ end: String, _ variable: String?) -> String {
    need("unistd.h")
    let text = variable ?? fresh("text")
    note(text, .text)
    emit("char \(text)[65536];")
    let count = fresh("count")
    emit("ssize_t \(count) = read(\(end), \(text), sizeof \(text) - 1);")
    emit("\(text)[\(count) < 0 ? 0 : \(count)] = 0;")
    return text
  }

  // MARK: Queues

  /// A queue is a message queue of POSIX, which children have by its descriptor.
  private func queue(
    _ call: TranslatedCall, _ name: String, _ own: String, _ given: String,
    into variable: String?
  ) -> String? {
    guard call.name.hasPrefix("queue "), !call.has("lease") else { return nil }
    need("mqueue.h", "fcntl.h")
    let isText = items[name] == .text
    switch call.name {
    case "queue new":
      note(own, .queue)
      let attributes = fresh("attributes")
      let most = given == "0" ? "10" : given
      let size = items[own] == .text ? "256" : "sizeof(long)"
      emit(
        "struct mq_attr \(attributes) = {.mq_maxmsg = \(most), .mq_msgsize = \(size)};"
          + (given == "0" ? "  /* the most that Linux allows at first */" : ""))
      emit("mqd_t \(own) = mq_open(\"/\(own)\", O_CREAT | O_RDWR, 0600, &\(attributes));")
      emit("mq_unlink(\"/\(own)\");  /* children have its descriptor */")
      return own
    case "queue put":
      guard let item = call.arguments.dropFirst().first?.value else { return nil }
      if kind(of: item) == .text {
        items[name] = .text
        need("string.h")
        let text = expression(item)
        return put("\(name), \(text), strlen(\(text)) + 1, 0", call)
      }
      let number = fresh("item")
      emit("long \(number) = \(expression(item));")
      return put("\(name), (const char *)&\(number), sizeof \(number), 0", call)
    case "queue get":
      let item = variable ?? fresh("item")
      note(item, isText ? .text : .number)
      emit(isText ? "char \(item)[256];" : "long \(item);")
      let place = "\(name), \(isText ? item : "(char *)&" + item), sizeof \(item), NULL"
      if let until = limit(call) {
        let kind: ErrorKind = call.has("no-wait") ? .empty : .timeout
        emit("if (mq_timedreceive(\(place), \(until)) < 0) \(escape(kind))")
      } else {
        emit("mq_receive(\(place));")
      }
      return item
    case "queue size", "queue empty", "queue full":
      let state = fresh("state")
      emit("struct mq_attr \(state);")
      emit("mq_getattr(\(name), &\(state));")
      if call.name == "queue empty" { return "(\(state).mq_curmsgs == 0)" }
      if call.name == "queue full" { return "(\(state).mq_curmsgs == \(state).mq_maxmsg)" }
      return "\(state).mq_curmsgs"
    case "queue close": return "mq_close(\(name))"
    default: return nil
    }
  }

  private func put(_ place: String, _ call: TranslatedCall) -> String {
    guard let until = limit(call) else { return "mq_send(\(place))" }
    let kind: ErrorKind = call.has("no-wait") ? .full : .timeout
    emit("if (mq_timedsend(\(place), \(until)) < 0) \(escape(kind))")
    return ""
  }

  // MARK: Events, conditions, barriers

  private func monitor(
    _ call: TranslatedCall, _ name: String, _ own: String, _ given: String
  ) -> String? {
    // No function of C waits at a barrier for a time.
    if call.name == "barrier wait", call.has("timeout") { return nil }
    switch call.name {
    case "event new", "cond new":
      need("pthread.h", "sys/mman.h")
      helper(CParts.monitor)
      note(own, .monitor)
      emit("monitor *\(own) = new_monitor();")
      return own
    case "event set", "event clear":
      helper(CParts.eventSet)
      return "event_set(\(name), \(call.name == "event set" ? 1 : 0))"
    case "event wait":
      if let until = limit(call) {
        helper(CParts.eventWaitUntil)
        return "event_wait_until(\(name), \(until))"
      }
      helper(CParts.eventWait)
      return "event_wait(\(name))"
    case "event is-set": return "\(name)->is_set"
    case "cond acquire": return "pthread_mutex_lock(&\(name)->mutex)"
    case "cond release": return "pthread_mutex_unlock(&\(name)->mutex)"
    case "cond with":
      guard let block = call.block else { return nil }
      emit("pthread_mutex_lock(&\(name)->mutex);")
      body(block.body)
      emit("pthread_mutex_unlock(&\(name)->mutex);")
      return ""
    case "cond wait":
      let place = "&\(name)->changed, &\(name)->mutex"
      guard let until = limit(call) else { return "pthread_cond_wait(\(place))" }
      // The lock is held where it gives up, as it was.
      emit("if (pthread_cond_timedwait(\(place), \(until)) != 0) \(escape(.timeout))")
      return ""
    case "cond notify" where given == "0" || given == "1":
      return "pthread_cond_signal(&\(name)->changed)"
    case "cond notify-all": return "pthread_cond_broadcast(&\(name)->changed)"
    case "barrier new":
      need("pthread.h")
      note(own, .barrier)
      shared("pthread_barrier_t", own)
      let attributes = fresh("attributes")
      emit("pthread_barrierattr_t \(attributes);")
      emit("pthread_barrierattr_init(&\(attributes));")
      emit("pthread_barrierattr_setpshared(&\(attributes), PTHREAD_PROCESS_SHARED);")
      emit("pthread_barrier_init(\(own), &\(attributes), \(given));")
      return own
    case "barrier wait": return "pthread_barrier_wait(\(name))"
    default: return nil
    }
  }
}
