import Channels
import Language
import Posix

/// Blocks of the user that are to be called soon, as for the end of a task.
///
/// Events happen in callbacks of the loop, where no code of the user may run: it runs where handlers
/// of signals do, at calls, at each turn of a loop and inside blocking verbs.
public final class DueCalls {
  private var calls: [(block: Value, argument: Value)] = []
  private var head = 0
  private var isRunning = false

  /// Whether there is something to call now: one block is not interrupted by the next.
  var isDue: Bool { head < calls.count && !isRunning }

  fileprivate func add(_ block: Value, _ argument: Value) { calls.append((block, argument)) }

  fileprivate func runAll(_ body: (Value, Value) throws -> Void) rethrows {
    isRunning = true
    defer { isRunning = false }
    while head < calls.count {
      let (block, argument) = calls[head]
      head += 1
      if head == calls.count {
        calls = []
        head = 0
      }
      try body(block, argument)
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
    dueCalls.add(block, argument)
    Attention.raise()
  }

  /// Calls what is due; throws the first error of a block, and the rest stays due.
  func runDueCalls(_ interpreter: Interpreter) throws {
    guard dueCalls.isDue else { return }
    defer { if dueCalls.isDue { Attention.raise() } }
    try WaitNote.setAside {
      try transport.setAside {
        try dueCalls.runAll { block, argument in
          let arguments = interpreter.parameterCount(block) == 0 ? [] : [argument]
          try interpreter.printReport(
            try interpreter.invoke(block, arguments, wantsValue: false))
        }
      }
    }
  }
}
