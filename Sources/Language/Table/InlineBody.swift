/// What a command does around a block that runs as part of the function it is written in: `return`,
/// `break` and `continue` in it pass through and leave, and so does every error.
public final class InlineBody: Sendable {
  /// What the block may receive, as help shows it; empty if it takes no parameter.
  let parameters: [String]
  /// Gets the arguments in front of the block and the flags; its result is handed to the others.
  let enter: @Sendable (borrowing Call) throws -> Value
  /// The value of the block's parameter, asked for only where the block has one.
  let value: (@Sendable (Interpreter, Value) throws -> Value)?
  /// Called exactly once for every `enter` that did not throw, but where `abandon` is.
  let leave: @Sendable (Interpreter, Value) throws -> Void
  /// Called in its place while an error is under way.
  let abandon: @Sendable (Interpreter, Value) throws -> Void

  public init(
    enter: @escaping @Sendable (borrowing Call) throws -> Value,
    leave: @escaping @Sendable (Interpreter, Value) throws -> Void
  ) {
    parameters = []
    self.enter = enter
    value = nil
    self.leave = leave
    abandon = leave
  }

  /// A block that may have a parameter, called `parameter` in help.
  ///
  /// - Parameter abandon: in place of `leave` while an error is under way; nil for `leave`.
  public init(
    parameter: String, enter: @escaping @Sendable (borrowing Call) throws -> Value,
    value: @escaping @Sendable (Interpreter, Value) throws -> Value,
    leave: @escaping @Sendable (Interpreter, Value) throws -> Void,
    abandon: (@Sendable (Interpreter, Value) throws -> Void)? = nil
  ) {
    parameters = [parameter]
    self.enter = enter
    self.value = value
    self.leave = leave
    self.abandon = abandon ?? leave
  }

  /// The command as a whole, for a block that is a value: enter, call it, leave.
  func run(_ call: borrowing Call) throws -> Value {
    let interpreter = call.interpreter
    let last = max(0, call.count - 1)
    let block = call[last]
    let token = try enter(call.first(last))
    let result: Value
    do {
      var arguments: [Value] = []
      if let value, interpreter.takesArgument(block) {
        arguments.append(try value(interpreter, token))
      }
      result = try interpreter.invoke(block, arguments, wantsValue: call.site.wantsValue)
    } catch {
      try leaveQuietly(interpreter, token)
      throw error
    }
    try leave(interpreter, token)
    return result
  }

  /// Leaves while an error is under way, which outweighs what that throws unless it is `exit`.
  func leaveQuietly(_ interpreter: Interpreter, _ token: Value) throws {
    do {
      try abandon(interpreter, token)
    } catch let exit as ExitRequest {
      throw exit
    } catch {}
  }
}
