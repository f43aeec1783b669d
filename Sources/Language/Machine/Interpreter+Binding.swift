/// Arguments of built-ins: sorted, converted to the declared types, and handed over.
extension Interpreter {
  /// Runs a built-in with `count` arguments from `base` on, behind which the stack is free.
  func runNative(_ command: Command, _ site: CallSite, _ base: Slot, _ count: Int) throws -> Value {
    nativeDepth += 1
    let savedTop = top
    defer {
      nativeDepth -= 1
      top = savedTop
    }
    if nativeDepth > nativeLimit { return try runWatched(command, site, base, count) }
    return try runSorted(command, site, base, count)
  }

  /// Where built-ins are watched, or nested too deep.
  @inline(never)
  private func runWatched(
    _ command: Command, _ site: CallSite, _ base: Slot, _ count: Int
  ) throws -> Value {
    if nativeDepth > Interpreter.maximumNativeDepth { throw tooDeep() }
    return try runSorted(standIns[ObjectIdentifier(command)] ?? command, site, base, count)
  }

  @inline(__always)
  private func runSorted(
    _ command: Command, _ site: CallSite, _ base: Slot, _ count: Int
  ) throws -> Value {
    let savedTop = top
    if site.isSimple, !command.traits.contains(.passesWords) {
      return try runSimple(command, site, base, count)
    }
    let bound = try sortNative(command, site, base, count)
    if bound.wantsHelp, let help = table["help"] {
      return try invoke(
        .closure(Closure(.native(help), cells: [])),
        command.name.split(separator: " ").map { .text(String($0)) }, wantsValue: false)
    }
    let given = bound.given
    if site.ignoresInput { try refuseProgramWords(command, site, given, bound.origins) }
    try checkArity(command, given.count, site)
    let total = max(given.count, command.parameters.count)
    // The slots lie above everything in use; calls that the built-in makes lie above them.
    let slots = max(savedTop, base + count)
    let flagCount = command.flags.count
    guard slots + total + flagCount + 512 < stackEnd else { throw tooDeep() }
    top = slots + total + flagCount
    defer { clear(slots, total + flagCount) }
    for i in 0..<total {
      (slots + i).pointee =
        i < given.count
        ? try convert(given[i], i, command, site, bound.origins[i]) : .missing
    }
    try checkFlags(command, bound, site)
    for i in 0..<flagCount { (slots + total + i).pointee = .missing }
    for given in bound.written {
      let flag = command.flags[given.index]
      let value = try convertFlag(given, flag, site)
      let slot = slots + total + given.index
      if !flag.isRepeatable {
        slot.pointee = value
      } else if case .list(let list) = slot.pointee {
        slot.pointee = .items(list.items + [value])
      } else {
        slot.pointee = .items([value])
      }
    }
    return try run(
      command,
      Call(
        interpreter: self, command: command, site: site,
        arguments: UnsafeMutableBufferPointer(start: slots, count: total), count: given.count,
        flags: slots + total, origins: bound.origins))
  }

  /// Without flags and spreads, arguments are converted where they stand.
  private func runSimple(
    _ command: Command, _ site: CallSite, _ base: Slot, _ count: Int
  ) throws -> Value {
    try checkArity(command, count, site)
    let total = max(count, command.parameters.count)
    guard base + total + 512 < stackEnd else { throw tooDeep() }
    top = max(top, base + total)
    for i in 0..<count {
      let slot = base + i
      if slot.tag == Tag.report { slot.pointee = slot.pointee.plain }
      let type = command.types[min(i, command.parameters.count - 1)]
      if type._withUnsafeGuaranteedRef({ $0.isAny }) { continue }
      let place = i - site.inputCount
      if place >= 0, site.recall(place, into: slot) { continue }
      slot.pointee = try convert(slot.pointee, i, command, site, i)
      if place >= 0 {
        type._withUnsafeGuaranteedRef { site.remember(place, $0, slot.pointee) }
      }
    }
    var i = count
    while i < total {
      (base + i).pointee = .missing
      i += 1
    }
    return try run(
      command,
      Call(
        interpreter: self, command: command, site: site,
        arguments: UnsafeMutableBufferPointer(start: base, count: total), count: count,
        flags: nil, origins: nil))
  }

  @inline(__always)
  func run(_ command: Command, _ call: borrowing Call) throws -> Value {
    let outer = activeSite
    activeSite = Unmanaged.passUnretained(call.site)
    defer { activeSite = outer }
    do {
      return try command.run(call)
    } catch let error as ErrorObject {
      if error.location == nil, !call.site.source.bytes.isEmpty {
        error.location = Location(call.site.source, call.site.fullSpan)
      }
      throw error
    }
  }

  /// Converts the argument at `index`, which came from the piece `origin` of the call.
  private func convert(
    _ value: Value, _ index: Int, _ command: Command, _ site: CallSite, _ origin: Int
  ) throws -> Value {
    let parameter = command.parameters[min(index, command.parameters.count - 1)]
    if parameter.type.isAny { return value }
    let place = origin - site.inputCount
    let argument = site.arguments.indices.contains(place) ? site.arguments[place] : nil
    // A flag that is a word of a program is more than its value.
    let spelling = argument?.role.flagName == nil ? argument?.spelling : nil
    do {
      return try convert(
        value, spelling: spelling, parameter.type, "argument '\(parameter.name)'", site,
        argument?.span)
    } catch let error as ErrorObject where place < 0 && value.isNull && error.help == nil {
      throw error.amended { $0.help = "what stands before '|>' yields nothing to pass on" }
    }
  }

  private func convertFlag(
    _ given: WrittenFlag, _ flag: Flag, _ site: CallSite
  ) throws -> Value {
    let place = given.place - site.inputCount
    let argument = site.arguments.indices.contains(place) ? site.arguments[place] : nil
    guard let type = flag.type else {
      switch given.value {
      // As `--loud=$loud`, where it may be null.
      case .bool, .null: return given.value
      default:
        throw Misuse.noValue(flag.spelling).error(
          at: site.source.bytes.isEmpty ? nil : argument.map { Location(site.source, $0.span) })
      }
    }
    if flag.hasOptionalValue, argument?.role.isBareFlag ?? false { return given.value }
    return try convert(
      given.value, spelling: argument?.spelling, type, "value of '--\(flag.name)'", site,
      argument?.span)
  }

  /// Which flags go together; a switch with `=false` counts as not given.
  private func checkFlags(
    _ command: Command, _ bound: Sorted, _ site: CallSite
  ) throws {
    let written = bound.written
    guard written.count > 1 || !command.rules.isEmpty else { return }
    let given = written.filter {
      if case .bool(false) = $0.value { return command.flags[$0.index].type != nil }
      return true
    }
    let names = given.map { command.flags[$0.index].name }
    func word(_ origin: Int) -> String? {
      let place = origin - site.inputCount
      return site.arguments.indices.contains(place) ? site.arguments[place].spelling?.asText : nil
    }
    guard let problem = command.flagProblem(names, bound.origins.map(word)) else { return }
    let argument = problem.flag.flatMap { flag in
      site.arguments.last { $0.role.flagName == flag }
    }
    throw ErrorObject(
      .arity, problem.message, help: problem.help,
      location: site.source.bytes.isEmpty
        ? nil : Location(site.source, argument?.span ?? site.fullSpan))
  }

  /// A flag of a call.
  private struct WrittenFlag {
    /// Which of the command's it is.
    let index: Int
    let value: Value
    /// The piece of the call that is its value, or the flag itself.
    let place: Int
  }

  private struct Sorted {
    var given: [Value] = []
    var origins: [Int] = []
    /// In the order in which they were written.
    var written: [WrittenFlag] = []
    var wantsHelp = false
  }

  private func sortNative(
    _ command: Command, _ site: CallSite, _ base: Slot, _ count: Int
  ) throws -> Sorted {
    var result = Sorted()
    if command.traits.contains(.passesWords) {
      try sortWords(command, site, base, count, &result)
      return result
    }
    try sort(
      site, base, count,
      positional: { value, origin in
        result.given.append(value)
        result.origins.append(origin)
      },
      flag: { name in
        if let index = command.flagIndex(name) { return (index, command.flags[index].takes(nil)) }
        if name == "help" {
          result.wantsHelp = true
          return nil
        }
        throw unknownFlag(name, command)
      },
      setFlag: { index, value, place in
        result.written.append(WrittenFlag(index: index, value: value, place: place))
      })
    return result
  }

  /// A command that starts a program: its own flags come first, then words as they are.
  private func sortWords(
    _ command: Command, _ site: CallSite, _ base: Slot, _ count: Int, _ result: inout Sorted
  ) throws {
    let takesInput = command.traits.contains(.takesInput) && site.inputCount > 0
    if takesInput {
      result.given.append(base.pointee.plain)
      result.origins.append(0)
    }
    var sorter = ArgumentSorter(endsAtArgument: true, takesAnyValue: true)
    for i in (takesInput ? site.inputCount : 0)..<count {
      let place = i - site.inputCount
      let role = site.arguments.indices.contains(place) ? site.arguments[place].role : .positional
      let meaning = try sorter.take(role, at: place) { name in
        if let index = command.flagIndex(name) {
          let next = site.arguments.indices.contains(place + 1) ? site.arguments[place + 1] : nil
          return (index, command.flags[index].takes(next?.spelling?.asText))
        }
        if name != "help" { throw unknownFlag(name, command) }
        result.wantsHelp = true
        return nil
      }
      if result.wantsHelp { return }
      switch meaning {
      case .flag(let index), .value(let index):
        let value = role.isBareFlag ? .bool(true) : (base + i).pointee
        result.written.append(WrittenFlag(index: index, value: value, place: i))
      case .argument, .spread:
        let value = (base + i).pointee.plain
        switch value {
        // They stay what they are; everything else becomes a program's words.
        case .closure, .handle, .bytes:
          result.given.append(value)
          result.origins.append(i)
        default:
          for word in try words(site, base, i) {
            result.given.append(.text(word))
            result.origins.append(i)
          }
        }
      case .opens, .nothing, .unfilled: break
      }
    }
    if let open = sorter.open { throw flagNeedsValue(site, open.place) }
  }

  private func unknownFlag(_ name: String, _ command: Command) -> ErrorObject {
    command.unknownFlag(name).error()
  }

  private func checkArity(_ command: Command, _ count: Int, _ site: CallSite) throws {
    let limit = command.hasRest ? Int.max : command.parameterCount
    if count >= command.required, count <= limit { return }
    guard let message = command.arityProblem(count) else { return }
    // `int x = 5`
    if count > limit, site.arguments.count > 1, site.arguments[1].spelling?.asText == "=" {
      let call = site.source.text(site.fullSpan).dropFirst(command.name.count)
      throw ErrorObject(
        .arity, message, help: "declare a variable with: var\(call)",
        location: site.source.bytes.isEmpty ? nil : Location(site.source, site.fullSpan))
    }
    // What was meant is an operator on the command's result.
    if count > limit,
      let sign = site.arguments.first(where: {
        LoneOperator.all.contains($0.spelling?.asText ?? "")
      })
    {
      var call = site.source.text(Span(Int(site.span.start), Int(sign.span.start)))
      while call.last?.isWhitespace ?? false { call.removeLast() }
      throw ErrorObject(
        .arity, message,
        help: "all words belong to the command; for a value write (\(call)) "
          + "\(sign.spelling?.asText ?? "") …",
        location: site.source.bytes.isEmpty ? nil : Location(site.source, site.fullSpan))
    }
    let isProgram = !command.name.contains(" ") && host.isProgram(command.name)
    let program = isProgram ? "; '^\(command.name)' is the program of that name" : ""
    let input = site.ignoresInput ? "; it works on values, which '|>' passes" : ""
    let advice =
      site.source.bytes.isEmpty ? nil : HintSearch(site.source).misused(command.name, site.span)
    throw ErrorObject(
      .arity, message, help: advice ?? "usage: \(command.usage)\(input)\(program)",
      location: site.source.bytes.isEmpty ? nil : Location(site.source, site.fullSpan))
  }

  /// `… | sort -n` means the program: the word would be taken for the text to work on, and what
  /// comes through the pipe lost.
  private func refuseProgramWords(
    _ command: Command, _ site: CallSite, _ given: [Value], _ origins: [Int]
  ) throws {
    guard site.inputCount == 0, case .string(let first)? = given.first else { return }
    let isProgram = !command.name.contains(" ") && host.isProgram(command.name)
    guard isProgram || first.string.hasPrefix("-") else { return }
    let argument = origins.first.flatMap {
      site.arguments.indices.contains($0) ? site.arguments[$0] : nil
    }
    let help = "it works on values, which '|>' passes"
    throw ErrorObject(
      .arity, "'\(command.name)' does not read standard input",
      help: isProgram ? "\(help); '^\(command.name)' is the program of that name" : help,
      location: site.source.bytes.isEmpty
        ? nil : Location(site.source, argument?.span ?? site.fullSpan))
  }

  /// Converts an argument to its parameter's type.
  func convert(
    _ value: Value, spelling: Value?, _ type: ParameterType, _ what: @autoclosure () -> String,
    _ site: CallSite?, _ span: Span?
  ) throws -> Value {
    if type.isAny { return value }
    func location() -> Location? {
      guard let site, let span, !site.source.bytes.isEmpty else { return nil }
      return Location(site.source, span)
    }
    do {
      let input = ParameterType.Input(
        value: value, spelling: spelling, interpreter: self, command: site?.command)
      if let result = try type.convert(input) {
        guard let bounds = type.bounds, !bounds.contain(result) else { return result }
        throw ErrorObject.badValue(
          what(), must: type.phrase, is: result, .range, help: type.boundsHelp,
          location: location())
      }
    } catch let error as ErrorObject {
      if error.location == nil { error.location = location() }
      throw error
    }
    throw ErrorObject.badValue(
      what(), must: type.phrase, is: spelling ?? value, location: location())
  }

  /// Checks an argument of a user's function against its declared type.
  func checkType(
    _ frame: UnsafeMutablePointer<Frame>, _ slot: Slot, _ index: Int, named blockParameter: String?
  ) throws {
    let function = frame.pointee.code.pointee.function.takeUnretainedValue()
    if let blockParameter {
      if slot.pointee.isNull { return }
      slot.pointee = try convert(
        slot.pointee, spelling: nil, function.types[index], "argument '\(blockParameter)'", nil, nil
      )
      return
    }
    let register = slot - frame.pointee.base
    let ordered =
      function.parameters.filter { $0.role == .positional }
      + function.parameters.filter { $0.role == .flag }
      + function.parameters.filter { $0.role == .rest }
    let name = ordered.indices.contains(register) ? ordered[register].name : "?"
    // A flag or default that was left out is null, which fits every type.
    if slot.pointee.isNull { return }
    func converted(_ value: Value) throws -> Value {
      try convert(
        value, spelling: nil, function.types[index],
        "argument '\(name)' of '\(function.name ?? "the block")'", nil, nil)
    }
    do {
      if ordered.indices.contains(register), ordered[register].role == .rest,
        case .list(let list) = slot.pointee
      {
        slot.pointee = .items(try list.items.map(converted))
      } else {
        slot.pointee = try converted(slot.pointee)
      }
    } catch let error as ErrorObject {
      pointAtCall(error, register, ordered.indices.contains(register) ? ordered[register] : nil)
      throw error
    }
  }

  /// A wrong argument is a fault of the call, where one stands in the text.
  private func pointAtCall(_ error: ErrorObject, _ place: Int, _ parameter: ParameterNode?) {
    guard error.location == nil, let parameter, let site = callingSite,
      !site.source.bytes.isEmpty, let span = site.span(of: parameter, place)
    else { return }
    error.isOfCaller = true
    error.location = Location(site.source, span)
  }
}

extension Value {
  var isAbsent: Bool {
    if case .missing = self { return true }
    return false
  }
}

extension SiteArgument.Role {
  var flagName: String? {
    if case .flag(let name, _) = self { return name }
    return nil
  }

  /// A flag without `=value`.
  var isBareFlag: Bool {
    if case .flag(_, hasValue: false) = self { return true }
    return false
  }
}
