import Language
import Posix
import Processes

extension Session {
  /// Runs a body that may take so long (ns); nil if it was left because it took longer.
  ///
  /// It is left as by `exit`, so that no `catch` keeps it, and is asked again where a `finally`
  /// goes on for longer.
  public func limited<Result>(to limit: Int64, _ body: () throws -> Result) throws -> Result? {
    let late = ExitRequest(0)
    let interrupts = loop.interruptsForTimers
    var timer: TimerID?
    func start() {
      timer = loop.addTimer(at: Clock.deadline(after: limit)) { [self] in
        // A Ctrl-C that is on its way counts more.
        if !(handlers.postponed.map(ExitRequest.isStop) ?? false) { handlers.postponed = late }
        Attention.raise()
        start()
      }
    }
    // Also while the body computes.
    loop.interruptsForTimers = true
    start()
    defer {
      if !isBranch {
        if let timer { loop.cancel(timer) }
        loop.interruptsForTimers = interrupts
      }
      if (handlers.postponed as? ExitRequest) === late { handlers.postponed = nil }
    }
    do {
      return try body()
    } catch let exit as ExitRequest where exit === late {
      return nil
    }
  }
}
