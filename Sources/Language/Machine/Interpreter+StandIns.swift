/// Built-ins that run in place of others, for a process whose operations are watched.
///
/// It costs nothing where there are none: calls compare their depth with a limit anyway.
extension Interpreter {
  /// What a stand-in does: it gets the call, and the work that it stands for.
  public typealias StandIn =
    @Sendable (borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value) throws -> Value

  /// From now on these run in place of the built-ins of their names; the commands around inline blocks
  /// count with what they do before the block.
  ///
  /// - Parameters:
  ///   - standIn: asked for each built-in; nil leaves it as it is.
  ///   - select: waits in place of `select`.
  ///   - field: yields the field of a handle in place of the handle.
  public func watchCalls(
    _ standIn: (Command) -> StandIn?,
    select: (@Sendable (borrowing Selection) throws -> Selected)? = nil,
    field: (@Sendable (Handle, String) throws -> Value?)? = nil
  ) {
    standIns = [:]
    for command in table.families.flatMap(\.commands) {
      guard let body = standIn(command) else { continue }
      for original in [command, command.opening].compactMap({ $0 }) {
        let work = original.run
        standIns[ObjectIdentifier(original)] = original.replaced { call in try body(call, work) }
      }
    }
    selectStandIn = select
    fieldStandIn = field
    nativeLimit = -1
  }

  /// How `select` waits where calls are watched, or nested too deep.
  @inline(never)
  func watched(
    _ choice: Choice
  ) throws -> @Sendable (borrowing Selection) throws -> Selected {
    if nativeDepth > Interpreter.maximumNativeDepth { throw tooDeep() }
    return selectStandIn ?? choice.select
  }

  /// All built-ins do their own work again.
  public func endWatchingCalls() {
    standIns = [:]
    selectStandIn = nil
    fieldStandIn = nil
    nativeLimit = Interpreter.maximumNativeDepth
  }
}

extension Command {
  /// The same command with another work.
  func replaced(run: @escaping @Sendable (borrowing Call) throws -> Value) -> Command {
    Command(
      name, summary, details: details, parameters: parameters, flags: flags, rules: rules,
      traits: traits, examples: examples, inline: inline, choice: choice, opening: opening, run: run
    )
  }
}

extension Call {
  /// Changes the value of a flag that was given.
  public func replace(flag name: String, by value: Value) {
    guard let flags, let index = command.flagIndex(name) else { return }
    if case .missing = flags[index] { return }
    flags[index] = value
  }
}
