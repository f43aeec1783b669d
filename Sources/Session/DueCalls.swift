import Channels
import Language
import Posix

/// What is to be done soon where code of the user may run, as a block for the end of a task.
///
/// Events happen in callbacks of the loop, where no code of the user may run: it runs where handlers
/// of signals do, at calls, at each turn of a loop and inside blocking verbs.
public final class DueCalls {
  private var calls: [(Interpreter) throws -> Void] = []
  private var head = 0
  private var isRunning = false

  /// Whether there is something to call now: one block is not interrupted by the next.
  var isDue: Bool { head < calls.count && !isRunning }

  fileprivate func add(_ call: @escaping (Interpreter) throws -> Void) { calls.append(call) }

  fileprivate func runAll(_ interpreter: Interpreter) throws {
    isRunning = true
    defer { isRunning = false }
    while head < calls.count {
      let call = calls[head]
      head += 1
      if head == calls.count {
        calls = []
        head = 0
      }
      try call(interpreter)
    }
  }

  /// In a forked child: they are the parent's.
  func forgetAfterFork() {
    if !calls.isEmpty { (calls, head) = ([], 0) }
    if isRunning { isRunning = false }
  }
}

extension Session {
  /// Has a block called with a value, as soon as code of the user may run.
  func callSoon(_ block: Value, _ argument: Value) {
    attendSoon { interpreter in
      let arguments = interpreter.parameterCount(block) == 0 ? [] : [argument]
      try interpreter.printReport(try interpreter.invoke(block, arguments, wantsValue: false))
    }
  }

  /// Does something as soon as code of the user may run: at a call, at a turn of a loop, inside a
  /// blocking verb, or while a line is being typed.
  public func attendSoon(_ body: @escaping (Interpreter) throws -> Void) {
    dueCalls.add(body)
    Attention.raise()
  }

  /// Runs code of the user beside what this process is just doing, which goes on afterwards.
  public func aside<R>(_ body: () throws -> R) rethrows -> R {
    try WaitNote.setAside { try codec.setAside(body) }
  }

  /// Calls what is due; throws the first error of a block, and the rest stays due.
  func runDueCalls(_ interpreter: Interpreter) throws {
    guard dueCalls.isDue else { return }
    defer { if dueCalls.isDue { Attention.raise() } }
    try aside { try dueCalls.runAll(interpreter) }
  }
}
