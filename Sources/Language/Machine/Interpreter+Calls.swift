extension CallSite {
  /// A call that stands in no source text.
  fileprivate convenience init(nowhere wantsValue: Bool) {
    self.init(
      source: Source(name: "", bytes: []), span: Span(0, 0), fullSpan: Span(0, 0), name: "block",
      arguments: [], inputCount: 0, wantsValue: wantsValue)
  }
}

extension Interpreter {
  // MARK: From the machine

  @inline(never)
  func callGlobal(_ slot: UnsafeMutablePointer<SiteSlot>, _ a: Slot, _ count: Int) throws {
    let site = slot.pointee.site.takeUnretainedValue()
    guard let global = site.global, let closure = global.closure else {
      throw ErrorObject(
        .missing, "the function '\(site.name)' is not defined yet",
        location: Location(site.source, site.span))
    }
    try enter(closure, site, a, count)
  }

  @inline(never)
  func callValue(_ slot: UnsafeMutablePointer<SiteSlot>, _ a: Slot, _ count: Int) throws {
    let site = slot.pointee.site.takeUnretainedValue()
    guard case .closure(let closure) = a.pointee else {
      throw ErrorObject(
        .type, "only a function can be called, but this is \(a.pointee.described)",
        location: Location(site.source, site.span))
    }
    if slot.pointee.isSimple {
      let code = closure.function.hot
      if code.pointee.isPlain, count == code.pointee.positionalCount,
        case .compiled = closure.function.kind
      {
        try pushFrame(code, closure.cells, a + 1, site.wantsValue)
        return
      }
    }
    try enter(closure, site, a, count)
  }

  /// Calls a closure whose arguments stand from `a + 1` on; its result comes to `a`.
  private func enter(_ closure: Closure, _ site: CallSite, _ a: Slot, _ count: Int) throws {
    switch closure.function.kind {
    case .compiled:
      try arrange(closure.function, site, a + 1, count)
      try pushFrame(closure.function.hot, closure.cells, a + 1, site.wantsValue)
    case .native(let command):
      top = max(top, a + 1 + count)
      a.pointee = try runNative(command, site, a + 1, count)
    case .program(let name):
      let words = try programWords(site, a + 1, count)
      a.pointee = try runProgram(name, words, site)
    }
  }

  @inline(__always)
  func callNative(_ slot: UnsafeMutablePointer<SiteSlot>, _ a: Slot, _ count: Int) throws {
    guard let command = slot.pointee.command else { return }
    try slot.pointee.site._withUnsafeGuaranteedRef { site in
      try command._withUnsafeGuaranteedRef { command in
        try callNative(slot, site, command, a, count)
      }
    }
  }

  @inline(never)
  private func callNative(
    _ slot: UnsafeMutablePointer<SiteSlot>, _ site: CallSite, _ command: Command, _ a: Slot,
    _ count: Int
  ) throws {
    let end = a + 1 + count
    if slot.pointee.isDirect, recall(slot, site, a + 1, end) {
      try callAsItStands(command, site, a, count)
    } else {
      site.restoreWords(a + 1)
      let result = try runNative(command, site, a + 1, count)
      a.pointee = finished(result, command, site)
    }
    var argument = a + 1
    while argument < end {
      argument.setNull()
      argument += 1
    }
  }

  // Arguments go over as they stand, the last ones may be left out.
  @inline(__always)
  private func callAsItStands(
    _ command: Command, _ site: CallSite, _ a: Slot, _ count: Int
  ) throws {
    let total = command.parameterCount
    let base = a + 1
    let savedTop = top
    guard nativeDepth < nativeLimit, base + total + 512 < stackEnd else {
      if base + total + 512 >= stackEnd { throw tooDeep() }
      a.pointee = finished(try runNative(command, site, base, count), command, site)
      return
    }
    if count < total {
      top = max(top, base + total)
      for i in count..<total { (base + i).put(.missing) }
    }
    nativeDepth += 1
    let result: Value
    do {
      result = try run(
        command,
        Call(
          interpreter: self, command: command, site: site,
          arguments: UnsafeMutableBufferPointer(start: base, count: total), count: count,
          flags: nil, origins: nil))
    } catch {
      nativeDepth -= 1
      top = savedTop
      throw error
    }
    nativeDepth -= 1
    top = savedTop
    switch result {
    case .bool, .int, .float, .null,
      .missing where !command.isReporting:
      a.put(result)
    default: a.pointee = finished(result, command, site)
    }
  }

  /// Whether all arguments that need a conversion had the same one before, which they get then.
  @inline(__always)
  private func recall(
    _ slot: UnsafeMutablePointer<SiteSlot>, _ site: CallSite, _ base: Slot, _ end: Slot
  ) -> Bool {
    var argument = base
    while argument < end {
      if argument.tag == Tag.report { return false }
      argument += 1
    }
    var left = slot.pointee.conversions
    while left != 0 {
      let i = left.trailingZeroBitCount
      left &= left &- 1
      guard site.recall(i, into: base + (site.inputCount + i)) else { return false }
    }
    return true
  }

  /// Marks a reporting command's result, or makes sure that a used result is plain.
  private func finished(_ result: Value, _ command: Command, _ site: CallSite) -> Value {
    if site.wantsValue { return result.plain }
    if command.isReporting {
      if case .report = result { return result }
      return result.isNull ? result : .report(ReportObject(result))
    }
    return result
  }

  @inline(never)
  func callDynamic(_ slot: UnsafeMutablePointer<SiteSlot>, _ a: Slot, _ count: Int) throws {
    let site = slot.pointee.site.takeUnretainedValue()
    if site.hasComputedName {
      if case .closure = a.pointee, !site.isForcedProgram {
        try callValue(slot, a, count)
        return
      }
      guard case .string(let name) = a.pointee else {
        throw ErrorObject(
          .type, "a program's name must be a text, but is \(a.pointee.described)",
          location: Location(site.source, site.span))
      }
      let words = try programWords(site, a + 1, count)
      a.pointee = try runProgram(name.string, words, site)
      return
    }
    if !site.isForcedProgram, let closure = globals.functions[site.name]?.closure {
      // Its words were made for a program: give patterns back as the texts they are.
      for (i, argument) in site.arguments.enumerated() where argument.isPattern {
        let slot = a + 1 + site.inputCount + i
        slot.pointee = argument.spelling ?? .text(unescapePattern(slot.pointee.asText))
      }
      try enter(closure, site, a, count)
      return
    }
    let words: [String]
    do {
      words = try programWords(site, a + 1, count)
    } catch {
      // A mistyped command with a block is a mistyped command in the first place.
      if !site.isForcedProgram, !site.name.contains("/"), !host.isProgram(site.name) {
        throw unknownCommand(site.name, at: Location(site.source, site.span))
      }
      throw error
    }
    a.pointee = try runProgram(site.name, words, site)
    for i in 0..<count { (a + 1 + i).setNull() }
  }

  func unescapePattern(_ pattern: String) -> String {
    var out: [UInt8] = []
    var isEscaped = false
    for byte in pattern.utf8 {
      if byte == 0x5C, !isEscaped {
        isEscaped = true
        continue
      }
      out.append(byte)
      isEscaped = false
    }
    return String(decoding: out, as: UTF8.self)
  }

  // MARK: From Swift

  /// Runs a function value with arguments, its result as a plain value.
  public func invoke(_ function: Value, _ arguments: [Value]) throws -> Value {
    try invoke(function, arguments, wantsValue: true)
  }

  /// Runs a function value; unless `wantsValue`, a report stays one.
  ///
  /// - Parameter site: the call in the source that it answers, for messages and spellings.
  public func invoke(
    _ function: Value, _ arguments: [Value], wantsValue: Bool, site: CallSite? = nil
  ) throws -> Value {
    guard case .closure(let closure) = function else {
      throw ErrorObject(.type, "only a function can be called, but this is \(function.described)")
    }
    nativeDepth += 1
    let savedTop = top
    defer {
      nativeDepth -= 1
      top = savedTop
    }
    let slot = savedTop
    guard nativeDepth < Interpreter.certainNativeDepth || hasStack(),
      slot + arguments.count + 512 < stackEnd
    else { throw tooDeep() }
    for (i, argument) in arguments.enumerated() { (slot + 1 + i).pointee = argument }
    top = slot + 1 + arguments.count
    // A forked block comes this way: counting references would write to pages for nothing.
    let code = Unmanaged.passUnretained(closure.function)._withUnsafeGuaranteedRef { $0.hot }
    var arranging: CallSite?
    if site != nil || !code.pointee.takes(arguments.count) {
      let site = site ?? (wantsValue ? plainSite : plainStatement)
      switch closure.function.kind {
      case .native(let command):
        defer { clear(slot, 1 + arguments.count) }
        let result = try runNative(command, site, slot + 1, arguments.count)
        return finished(result, command, site)
      case .program(let name):
        defer { clear(slot, 1 + arguments.count) }
        return try runProgram(name, arguments.map { try programText($0) }, site)
      case .compiled: break
      }
      if !site.isSimple || !code.pointee.takes(arguments.count) { arranging = site }
    }
    do {
      if let arranging { try arrange(closure.function, arranging, slot + 1, arguments.count) }
      try pushFrame(code, closure.cells, slot + 1, wantsValue, isEntry: true)
    } catch {
      clear(slot, 1 + arguments.count)
      if let error = error as? ErrorObject, error.location == nil {
        error.location = currentLocation
      }
      throw error
    }
    // The caller's reference may be the only one, and the block may reassign its variable.
    let result = try withExtendedLifetime(closure) {
      try runMachine(entry: frameCount - 1)
      return slot.pointee
    }
    slot.setNull()
    return result
  }

  /// Runs a function value with positional arguments and flags.
  public func invoke(
    _ function: Value, _ positional: [Value], flags: [(name: String, value: Value)],
    wantsValue: Bool
  ) throws -> Value {
    let nowhere = Span(0, 0)
    let arguments =
      positional.map { _ in SiteArgument(role: .positional, span: nowhere, spelling: nil) }
      + flags.map { flag in
        SiteArgument(role: .flag(flag.name, hasValue: true), span: nowhere, spelling: nil)
      }
    let site = CallSite(
      source: plainSite.source, span: nowhere, fullSpan: nowhere, name: "function",
      arguments: arguments, inputCount: 0, wantsValue: wantsValue)
    return try invoke(
      function, positional + flags.map(\.value), wantsValue: wantsValue, site: site)
  }

  /// A call site for calls that no source text made.
  var plainSite: CallSite {
    if let cachedSite { return cachedSite }
    let made = CallSite(nowhere: true)
    cachedSite = made
    return made
  }

  /// The same for calls whose value is not used.
  private var plainStatement: CallSite {
    if let cachedStatement { return cachedStatement }
    let made = CallSite(nowhere: false)
    cachedStatement = made
    return made
  }

  func runMachine(entry: Int) throws {
    while true {
      do {
        try execute()
        return
      } catch {
        try unwind(error, entry: entry)
      }
    }
  }

  // MARK: Arguments of functions

  /// Puts arguments into the registers that a function expects them in.
  private func arrange(
    _ function: Function, _ site: CallSite, _ base: Slot, _ count: Int
  ) throws {
    if function.ignoresArguments {
      clear(base, count)
      return
    }
    guard base + max(count, function.argumentRegisters) + 512 < stackEnd else { throw tooDeep() }
    var positional: [Value] = []
    var flags = [Value](repeating: .missing, count: function.flags.count)
    if site.isSimple {
      positional.reserveCapacity(count)
      for i in 0..<count { positional.append((base + i).pointee.plain) }
    } else {
      try sort(
        site, base, count, positional: { value, _ in positional.append(value) },
        flag: { name in
          guard let index = function.flags.firstIndex(where: { $0.name == name }) else {
            throw Misuse.unknownFlag(
              function.name.map { "'\($0)'" } ?? "the block", "--" + name,
              known: function.flags.map { "--" + $0.name }, otherwise: "it is \(function.signature)"
            ).error()
          }
          return (index, function.flags[index].type != nil)
        },
        setFlag: { index, value, _ in
          guard flags[index].isAbsent else {
            throw Misuse.givenTwice("--" + function.flags[index].name).error(
              at: site.source.bytes.isEmpty ? nil : Location(site.source, site.fullSpan))
          }
          flags[index] = value
        })
    }
    let limit = function.positionalCount
    if positional.count < function.required || (positional.count > limit && !function.hasRest) {
      throw arityError(function, positional.count, site)
    }
    for i in 0..<limit { (base + i).pointee = i < positional.count ? positional[i] : .missing }
    for i in flags.indices { (base + limit + i).pointee = flags[i] }
    if function.hasRest {
      (base + limit + flags.count).pointee = .items(Array(positional.dropFirst(limit)))
    }
    let used = function.argumentRegisters
    if count > used { clear(base + used, count - used) }
  }

  private func arityError(_ function: Function, _ count: Int, _ site: CallSite) -> ErrorObject {
    let problem = FunctionArity(function.parameters).problem(count, of: function.name)
    return ErrorObject(
      .arity, problem ?? "the number of arguments does not fit",
      help: "it is \(function.signature)",
      location: site.source.bytes.isEmpty ? nil : Location(site.source, site.fullSpan))
  }

  /// Runs through a call's arguments, spreads opened and flags told apart.
  ///
  /// - Parameter flag: a flag's index and whether it takes a value; nil to pass over it, throws for an
  ///   unknown one.
  func sort(
    _ site: CallSite, _ base: Slot, _ count: Int, positional: (Value, Int) throws -> Void,
    flag: (String) throws -> (index: Int, hasValue: Bool)?,
    setFlag: (Int, Value, Int) throws -> Void
  ) throws {
    var sorter = ArgumentSorter()
    for i in 0..<count {
      let value = (base + i).pointee.plain
      let place = i - site.inputCount
      let argument = site.arguments.indices.contains(place) ? site.arguments[place] : nil
      let role = argument?.role ?? .positional
      do {
        switch try sorter.take(role, at: place, find: flag) {
        case .argument: try positional(value, i)
        case .spread:
          for item in try collect(value) { try positional(item, i) }
        case .value(let index): try setFlag(index, value, i)
        case .flag(let index): try setFlag(index, role.isBareFlag ? .bool(true) : value, i)
        case .opens, .nothing: break
        case .unfilled: throw flagNeedsValue(site, sorter.open?.place ?? place)
        }
      } catch let error as ErrorObject where role.flagName != nil && error.location == nil {
        if let argument { error.location = Location(site.source, argument.span) }
        throw error
      }
    }
    if let open = sorter.open { throw flagNeedsValue(site, open.place) }
  }

  /// - Parameter place: which of the call's arguments the flag is.
  func flagNeedsValue(_ site: CallSite, _ place: Int) -> ErrorObject {
    guard site.arguments.indices.contains(place), let name = site.arguments[place].role.flagName
    else { return ErrorObject(.arity, "a flag needs a value") }
    return Misuse.needsValue("--" + name).error(
      at: Location(site.source, site.arguments[place].span))
  }

  // MARK: Limits

  @inline(never)
  func tooDeep() -> ErrorObject {
    ErrorObject(
      .limit, "calls are nested too deeply",
      help: "is there a function that calls itself without an end?")
  }
}

/// The machine's own stack, which grows where a built-in runs a block.
extension Interpreter {
  /// Built-ins may always be nested so deep.
  static let certainNativeDepth = 16
  /// And so deep where it is not known how much stack there is.
  private static let unknownNativeDepth = 300
  /// Bytes left for what a built-in does by itself, as walking through nested values.
  private static let reserve: UInt = 1 << 20

  /// Whether there is stack for one more built-in that runs a block.
  @inline(never)
  func hasStack() -> Bool {
    var mark: UInt8 = 0
    let here = withUnsafeMutablePointer(to: &mark) { UInt(bitPattern: $0) }
    if stackLimit == 0 {
      let end = host.stackEnd ?? here
      let room = here > end ? here - end : 0
      stackLimit = room == 0 ? 1 : end + min(Interpreter.reserve, room / 2)
    }
    if stackLimit == 1 { return nativeDepth <= Interpreter.unknownNativeDepth }
    return here > stackLimit && nativeDepth <= Interpreter.maximumNativeDepth
  }
}
