import Language
import Session

extension ParameterType {
  /// A pool, by name or handle: becomes its handle.
  static let pool = ParameterType(
    "pool", "a pool: its name or handle", completion: .live("pool")
  ) { input in
    if case .handle(let handle) = input.value, handle is Pool { return input.value }
    guard let word = input.word else { return nil }
    return .handle(try input.interpreter.session.pool(named: word))
  }

  static let future = ParameterType("future", "a future, as pool submit yields it") { input in
    if case .handle(let handle) = input.value.plain, handle is PoolFuture { return input.value }
    guard case .list(let list) = input.value.plain else { return nil }
    let isFutures = list.items.allSatisfy {
      if case .handle(let handle) = $0 { return handle is PoolFuture }
      return false
    }
    return isFutures ? input.value : nil
  }

  /// A function, or what it is applied to, in either order.
  static let work = ParameterType(
    "function", "a block, a function, or a list", completion: .command
  ) { input in
    // A word may be a function's name; a range is a range.
    if case .string = input.value { return input.spelling ?? input.value }
    return input.value
  }
}

extension Session {
  /// A pool by its name.
  func pool(named name: String) throws -> Pool {
    if let pool = names[name] as? Pool { return pool }
    if let other = names[name] {
      throw ErrorObject(.type, "'\(name)' is a \(other.typeName), not a pool")
    }
    if let pool = pools.ended(named: name) { return pool }
    let known = pools.all.map(\.name)
    throw ErrorObject(
      .missing, "no pool is named '\(name)'",
      help: known.isEmpty
        ? "there are none; make one with: pool new \(name)"
        : nearest(name, among: known).map { "did you mean '\($0)'?" }
          ?? "there are: " + namesText(known))
  }

  /// The pool that tasks go to by default: the last one that this process made, even if that is
  /// closed, or a new one with a worker for each CPU.
  func usualPool(_ interpreter: Interpreter) throws -> Pool {
    if let pool = pools.latest { return pool }
    return try makePool(nil, PoolOptions(size: usableCPUs), interpreter)
  }
}

extension Flag {
  static let pool = Flag("pool", .pool, "the pool to use; by default the one made last")
}

extension Call {
  /// The pool of `--pool`, or the usual one.
  func workingPool() throws -> Pool {
    if case .handle(let handle)? = flag("pool"), let pool = handle as? Pool { return pool }
    return try session.usualPool(interpreter)
  }

  /// The pool of an argument or of `--pool`, or the one made last; throws `missing` if none is.
  func existingPool(_ index: Int = 0) throws -> Pool {
    for value in [self[index], flag("pool") ?? .null] {
      if case .handle(let handle) = value, let pool = handle as? Pool { return pool }
    }
    if let pool = session.pools.latest { return pool }
    throw error(.missing, "there is no pool", help: "make one with: pool new")
  }

  /// A function and what it is applied to, in either order.
  func work() throws -> (function: Value, list: Value) {
    let (first, second) = (self[0].plain, self[1].plain)
    if case .closure = first { return (first, try iterable(1)) }
    if case .closure = second { return (second, try iterable(0)) }
    // Where no function is written out, a word is the name of one.
    if case .string(let word) = first, !isString(second) {
      return (try interpreter.function(named: word.string), try iterable(1))
    }
    if case .string(let word) = second {
      return (try interpreter.function(named: word.string), try iterable(0))
    }
    throw bad("function", must: "a block or a function", at: 0)
  }

  private func isString(_ value: Value) -> Bool {
    if case .string = value { return true }
    return false
  }

  private func iterable(_ index: Int) throws -> Value {
    let value = self[index].plain
    if value.isIterable { return value }
    throw bad("list", must: "a list, range, map or stream", at: index)
  }
}
