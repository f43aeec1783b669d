/// What surrounds inline blocks, and the choice among the arms of `select`.
extension Interpreter {
  func inlineValue(_ site: CallSite, _ token: Value) throws -> Value {
    guard let value = site.command?.inline?.value else { return .null }
    return try value(self, token)
  }

  @inline(never)
  func leaveInline(_ site: CallSite, _ a: Slot, isQuiet: Bool) throws {
    guard let inline = site.command?.inline else { return }
    let token = a.move()
    a.initialize(to: .null)
    if isQuiet {
      try inline.leaveQuietly(self, token)
    } else {
      try inline.leave(self, token)
    }
  }

  /// Whether a function value takes an argument, rather than none or ignoring them.
  func takesArgument(_ function: Value) -> Bool {
    guard case .closure(let closure) = function else { return false }
    let function = closure.function
    return !function.ignoresArguments && (function.positionalCount > 0 || function.hasRest)
  }

  /// Waits for one of several arms, whose arguments stand behind `a`.
  func select(_ site: CallSite, _ a: Slot, _ count: Int) throws {
    guard let command = site.command, let choice = command.choice else { return }
    nativeDepth += 1
    let savedTop = top
    let outer = activeSite
    activeSite = Unmanaged.passUnretained(site)
    defer {
      nativeDepth -= 1
      top = savedTop
      activeSite = outer
    }
    let select = nativeDepth > nativeLimit ? try watched(choice) : choice.select
    for i in 0..<count {
      let parameter = choice.arms[site.armKinds[i]].parameter
      let argument = site.arguments[i]
      let slot = a + 1 + i
      slot.pointee = try convert(
        slot.pointee.plain, spelling: argument.spelling, parameter.type,
        "argument '\(parameter.name)'", site, argument.span)
    }
    let selected: Selected
    do {
      selected = try select(
        Selection(
          interpreter: self, command: command, site: site,
          arguments: UnsafeMutableBufferPointer(start: a + 1, count: count)))
    } catch let error as ErrorObject {
      if error.location == nil { error.location = Location(site.source, site.span) }
      throw error
    }
    guard (0..<count).contains(selected.index) else {
      throw ErrorObject(.system, "'\(command.name)' chose an arm that does not exist")
    }
    for i in 0..<count { (a + 1 + i).setNull() }
    a.pointee = .int(selected.index)
    (a + 1).pointee = selected.value.plain
    (a + 2).pointee = selected.origin
  }
}
