/// Arguments of built-ins: sorted, converted to the declared types, and handed over.
extension Interpreter {
  /// Runs a built-in with `count` arguments from `base` on.
  func runNative(_ command: Command, _ site: CallSite, _ base: Slot, _ count: Int) throws -> Value {
    nativeDepth += 1
    let savedTop = top
    defer {
      nativeDepth -= 1
      top = savedTop
    }
    if nativeDepth > Interpreter.maximumNativeDepth { throw tooDeep() }
    var given: [Value] = []
    var origins: [Int] = []
    var flags: [Value]?
    if site.isSimple, !command.traits.contains(.passesWords) {
      given.reserveCapacity(count)
      for i in 0..<count { given.append((base + i).pointee.plain) }
    } else {
      let bound = try sortNative(command, site, base, count)
      given = bound.given
      origins = bound.origins
      flags = bound.flags
      if bound.wantsHelp, let help = table["help"] {
        return try invoke(
          .closure(Closure(.native(help), cells: [])),
          command.name.split(separator: " ").map { .text(String($0)) }, wantsValue: false)
      }
    }
    try checkArity(command, given.count, site)
    let total = max(given.count, command.parameters.count)
    // The slots lie above everything in use; calls that the built-in makes lie above them.
    let slots = max(savedTop, base + count)
    let flagCount = command.flags.count
    guard slots + total + flagCount + 512 < stackEnd else { throw tooDeep() }
    top = slots + total + flagCount
    defer { clear(slots, total + flagCount) }
    let simple = origins.isEmpty
    for i in 0..<total {
      guard i < given.count else {
        (slots + i).pointee = .missing
        continue
      }
      let parameter = command.parameters[min(i, command.parameters.count - 1)]
      let place = (simple ? i : origins[i]) - site.inputCount
      let argument = site.arguments.indices.contains(place) ? site.arguments[place] : nil
      (slots + i).pointee = try convert(
        given[i], spelling: argument?.spelling, parameter.type, "argument '\(parameter.name)'",
        site, argument?.span)
    }
    if let flags {
      for (i, flag) in command.flags.enumerated() {
        if let type = flag.type, !flags[i].isAbsent {
          let argument = site.arguments.first { $0.role.flagName == flag.name }
          (slots + total + i).pointee = try convert(
            flags[i], spelling: flagSpelling(site, flag.name), type, "value of '--\(flag.name)'",
            site, argument?.span)
        } else {
          (slots + total + i).pointee = flags[i]
        }
      }
    }
    do {
      return try command.run(
        Call(
          interpreter: self, command: command, site: site,
          arguments: UnsafeMutableBufferPointer(start: slots, count: total), count: given.count,
          flags: flags == nil ? nil : slots + total, origins: simple ? nil : origins))
    } catch let error as ErrorObject {
      if error.location == nil, !site.source.bytes.isEmpty {
        error.location = Location(site.source, site.fullSpan)
      }
      throw error
    }
  }

  /// The bare word that stands as a flag's value.
  private func flagSpelling(_ site: CallSite, _ name: String) -> Value? {
    guard let at = site.arguments.firstIndex(where: { $0.role.flagName == name }) else {
      return nil
    }
    if case .flag(_, hasValue: true) = site.arguments[at].role { return site.arguments[at].spelling }
    return at + 1 < site.arguments.count ? site.arguments[at + 1].spelling : nil
  }

  private struct Sorted {
    var given: [Value] = []
    var origins: [Int] = []
    var flags: [Value] = []
    var wantsHelp = false
  }

  private func sortNative(
    _ command: Command, _ site: CallSite, _ base: Slot, _ count: Int
  ) throws -> Sorted {
    var result = Sorted()
    result.flags = [Value](repeating: .missing, count: command.flags.count)
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
        if let index = command.flagIndex(name) { return (index, command.flags[index].type != nil) }
        if name == "help" {
          result.wantsHelp = true
          return (-1, false)
        }
        throw ErrorObject(.arity, "'\(command.name)' has no flag '--\(name)'")
      },
      setFlag: { if $0 >= 0 { result.flags[$0] = $1 } })
    return result
  }

  /// A command that starts a program: its own flags come first, then words as they are.
  private func sortWords(
    _ command: Command, _ site: CallSite, _ base: Slot, _ count: Int, _ result: inout Sorted
  ) throws {
    var i = 0
    while i < count {
      let place = i - site.inputCount
      guard site.arguments.indices.contains(place) else { break }
      guard case .flag(let name, let hasValue) = site.arguments[place].role else {
        if site.arguments[place].role == .endOfFlags { i += 1 }
        break
      }
      if name == "help" {
        result.wantsHelp = true
        return
      }
      guard let index = command.flagIndex(name) else {
        throw ErrorObject(.arity, "'\(command.name)' has no flag '--\(name)'")
      }
      if hasValue {
        result.flags[index] = (base + i).pointee
      } else if command.flags[index].type == nil {
        result.flags[index] = .bool(true)
      } else {
        i += 1
        guard i < count else { throw flagNeedsValue(name, site, site.arguments[place].span) }
        result.flags[index] = (base + i).pointee
      }
      i += 1
    }
    // A block or a handle stays what it is; everything else becomes a program's words.
    while i < count {
      let value = (base + i).pointee.plain
      switch value {
      case .closure, .handle:
        result.given.append(value)
        result.origins.append(i)
      default:
        for word in try words(site, base, i) {
          result.given.append(.text(word))
          result.origins.append(i)
        }
      }
      i += 1
    }
  }

  private func checkArity(_ command: Command, _ count: Int, _ site: CallSite) throws {
    let limit = command.hasRest ? Int.max : command.parameters.count
    if count >= command.required, count <= limit { return }
    let message: String
    if count < command.required {
      let missing = command.parameters[count].name
      message = "'\(command.name)' needs \(article(missing))"
    } else if command.parameters.isEmpty {
      message = "'\(command.name)' takes no arguments"
    } else {
      message =
        "'\(command.name)' takes at most \(limit) argument\(limit == 1 ? "" : "s"), but got \(count)"
    }
    throw ErrorObject(
      .arity, message, help: "usage: \(command.usage)",
      location: site.source.bytes.isEmpty ? nil : Location(site.source, site.fullSpan))
  }

  private func article(_ name: String) -> String {
    let vowel = name.first.map { "aeiou".contains($0) } ?? false
    return "\(vowel ? "an" : "a") \(name)"
  }

  /// Converts an argument to its parameter's type.
  func convert(
    _ value: Value, spelling: Value?, _ type: ParameterType, _ what: String, _ site: CallSite?,
    _ span: Span?
  ) throws -> Value {
    if type.isAny { return value }
    let location: Location? =
      if let site, let span, !site.source.bytes.isEmpty {
        Location(site.source, span)
      } else { nil }
    do {
      let input = ParameterType.Input(value: value, spelling: spelling, interpreter: self)
      if let result = try type.convert(input) { return result }
    } catch let error as ErrorObject {
      if error.location == nil { error.location = location }
      throw error
    }
    let error = ErrorObject.badValue(what, must: type.phrase, is: spelling ?? value)
    error.location = location
    throw error
  }

  /// Checks an argument of a user's function against its declared type.
  func checkType(_ frame: UnsafeMutablePointer<Frame>, _ slot: Slot, _ index: Int) throws {
    let function = frame.pointee.code.pointee.function.takeUnretainedValue()
    let register = slot - frame.pointee.base
    let ordered =
      function.parameters.filter { $0.role == .positional }
      + function.parameters.filter { $0.role == .flag }
    let name = ordered.indices.contains(register) ? ordered[register].name : "?"
    // A flag or default that was left out is null, which fits every type.
    if slot.pointee.isNull { return }
    slot.pointee = try convert(
      slot.pointee, spelling: nil, function.types[index],
      "argument '\(name)' of '\(function.name ?? "the block")'", nil, nil)
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
}
