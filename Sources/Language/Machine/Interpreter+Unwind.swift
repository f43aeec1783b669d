/// Errors on their way through the frames, and the small rest of the machine.
extension Interpreter {
  /// Continues at the innermost handler above `entry`; without one, drops the frames down to
  /// `entry` and throws on.
  func unwind(_ thrown: any Error, entry: Int) throws {
    let (error, carried) = carrier(of: thrown)
    if let handler = handlers.last, handler.frame >= entry {
      handlers.removeLast()
      dropFrames(to: handler.frame + 1)
      let frame = self.frame(handler.frame)
      frame.pointee.pc = handler.pc
      (frame.pointee.base + handler.register).pointee = carried
      return
    }
    dropFrames(to: entry)
    throw error
  }

  /// What is thrown on, and what a handler's register gets.
  private func carrier(of thrown: any Error) -> (any Error, Value) {
    if let exit = thrown as? ExitRequest { return (exit, .handle(exit)) }
    let error = placed(thrown as? ErrorObject ?? ErrorObject(.system, "\(thrown)"))
    return (error, .error(error))
  }

  /// Goes on with what a handler has kept.
  @inline(never)
  func rethrow(_ a: Slot) throws {
    switch a.pointee {
    case .error(let error): throw error
    case .handle(let exit as ExitRequest): throw exit
    default: break
    }
  }

  /// The same for Ctrl-C and `exit` alone.
  @inline(never)
  func rethrowStop(_ a: Slot) throws {
    if case .error(let error) = a.pointee, error.kind != .interrupted { return }
    try rethrow(a)
  }

  private func dropFrames(to count: Int) {
    while frameCount > count {
      frameCount -= 1
      let frame = self.frame(frameCount)
      // The slot below holds the callee or the result to be.
      clear(frame.pointee.base - 1, frame.pointee.code.pointee.registerCount + 1)
    }
    while let handler = handlers.last, handler.frame >= count { handlers.removeLast() }
  }

  /// Fills in where an error happened and through which calls, the first time it is seen.
  private func placed(_ thrown: ErrorObject) -> ErrorObject {
    guard !thrown.hasTrace, frameCount > 0 else { return thrown }
    if thrown.location == nil { thrown.location = location(of: frameCount - 1) }
    let error = advisingVariable(thrown)
    error.hasTrace = true
    var i = frameCount - (error.isOfCaller ? 2 : 1)
    while i > traceFloor, error.trace.count < 20 {
      let function = frame(i).pointee.code.pointee.function.takeUnretainedValue()
      // A stage of a pipeline is no call that its reader would know of.
      if !function.isThunk {
        error.trace.append(
          TraceEntry(name: function.name ?? "block", location: location(of: i - 1)))
      }
      i -= 1
    }
    return error
  }

  private func location(of index: Int) -> Location {
    let frame = self.frame(index)
    let function = frame.pointee.code.pointee.function.takeUnretainedValue()
    return Location(function.source, function.span(before: frame.pointee.pc))
  }

  /// The call that the innermost function was entered by; nil if no source text has it.
  var callingSite: CallSite? {
    guard frameCount > 1, !frame(frameCount - 1).pointee.isEntry else { return nil }
    let caller = frame(frameCount - 2)
    let code = caller.pointee.code
    guard caller.pointee.pc > UnsafePointer(code.pointee.code) else { return nil }
    let call = (caller.pointee.pc - 1).pointee
    switch call.op {
    case .callGlobal, .callValue, .callDynamic:
      return (code.pointee.sites + call.b).pointee.site.takeUnretainedValue()
    default: return nil
    }
  }

  /// Where the program stands, for warnings and traces.
  var currentLocation: Location? { frameCount > 0 ? location(of: frameCount - 1) : nil }

  /// What `throw VALUE` throws.
  func thrown(_ value: Value) -> ErrorObject {
    switch value.plain {
    case .error(let error): return error
    case .map(let map):
      guard let message = map.get("message") else { break }
      let kind = map.get("kind").flatMap { ErrorKind(rawValue: $0.asText) } ?? .thrown
      var payload: [String: Value] = [:]
      for (key, item) in map.pairs { payload[key.asText] = item }
      return checked(
        ErrorObject(kind, message.asText, help: map.get("help")?.asText, payload: payload))
    default: break
    }
    return checked(
      ErrorObject(.thrown, value.plain.asText, payload: ["value": value.plain]))
  }

  /// An error that has one that has one, and so on, cannot go on for ever: it is freed by recursion.
  private func checked(_ error: ErrorObject) -> ErrorObject {
    error.depth > maximumDepth ? tooNested() : error
  }

  /// Whether a `catch` with these kinds takes an error; without kinds all but `interrupted`.
  func catches(_ kinds: Value, _ value: Value) -> Bool {
    guard case .error(let error) = value, case .list(let list) = kinds else { return false }
    if list.items.isEmpty { return error.kind != .interrupted }
    return list.items.contains { $0.asText == error.kind.rawValue }
  }

  /// What reading a variable before its declaration ran throws.
  @inline(never)
  func unset(
    _ a: Slot, _ frame: UnsafeMutablePointer<Frame>, _ pc: UnsafePointer<Instruction>
  ) -> ErrorObject {
    frame.pointee.pc = pc
    let error = a.pointee.unsetError
    a.pointee = .null
    return error ?? ErrorObject(.missing, "the variable is not set yet")
  }

  // MARK: Closures and functions

  func makeClosure(_ frame: UnsafeMutablePointer<Frame>, _ index: Int) -> Value {
    let function = frame.pointee.code.pointee.function.takeUnretainedValue().functions[index]
    let base = frame.pointee.base
    let cells = function.captures.map { source -> Cell in
      switch source {
      case .register(let register):
        if case .cell(let cell) = (base + register).pointee { return cell }
        return Cell((base + register).pointee)
      case .captured(let index):
        if let cells = frame.pointee.cells { return cells[index] }
        return Cell(.null)
      }
    }
    return .closure(Closure(function, cells: cells))
  }

  func defineFunction(_ frame: UnsafeMutablePointer<Frame>, _ index: Int, _ value: Value) {
    let function = frame.pointee.code.pointee.function.takeUnretainedValue()
    if case .closure(let closure) = value { function.globals[index].define(closure) }
  }

  func globalFunction(_ frame: UnsafeMutablePointer<Frame>, _ index: Int) throws -> Value {
    let global = frame.pointee.code.pointee.function.takeUnretainedValue().globals[index]
    guard let closure = global.closure else {
      throw ErrorObject(.missing, "the function '\(global.name)' is not defined yet")
    }
    return .closure(closure)
  }

  // MARK: Loops

  /// Prepares a loop: the sequence in `a`, its position behind it.
  func loopStart(_ a: Slot) throws {
    if case .report(let report) = a.pointee { a.pointee = report.value }
    (a + 1).setInt(0)
    switch a.pointee {
    case .list, .range, .stream, .map: break
    case .string, .bytes: a.pointee = .items(try collect(a.pointee))
    default:
      throw ErrorObject(
        .type,
        "'for' runs over lists, ranges, maps, texts and streams, but this is "
          + a.pointee.described)
    }
  }

  /// The next item of anything but a range.
  @inline(never)
  func loopNext(_ a: Slot, _ names: Int) throws -> Bool {
    let state = a + 1
    let first = a + 2
    let i = state.rawInt
    switch a.pointee {
    case .list(let list):
      guard i < list.items.count else { return false }
      if names == 2 { first.setInt(i) }
      (first + (names - 1)).pointee = list.items[i]
      state.setInt(i + 1)
    case .map(let map):
      var place = i
      while place < map.end {
        if let entry = map.entry(at: place) {
          first.pointee = entry.key
          if names == 2 { (first + 1).pointee = entry.value }
          state.setInt(place + 1)
          return true
        }
        place += 1
      }
      return false
    case .stream(let stream):
      guard let item = try stream.next() else { return false }
      if names == 2 { first.setInt(i) }
      (first + (names - 1)).pointee = item
      state.setInt(i &+ 1)
    default: return false
    }
    return true
  }
}
