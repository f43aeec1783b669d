import CPosix

/// The flag that a recorded signal sets, for code that computes and never enters the kernel.
public enum Attention {
  /// Whether something was recorded: one load, meant for the back edges of loops.
  @inlinable
  @inline(__always)
  public static var isPending: Bool { brood_attention_pending() }

  /// Where the flag lies, for a machine that wants to keep the address.
  public static var address: UnsafeMutablePointer<Int32> { brood_attention_address() }

  /// Sets the flag and wakes the event loop.
  public static func raise() { brood_raise_attention() }

  /// Clears the flag; then take what was recorded, in this order.
  public static func clear() { brood_clear_attention() }

  /// Sends `Signal.timer` at `deadline` (monotonic ns, 0 cancels), however busy the program is.
  public static func arm(at deadline: Int64) throws(SystemError) {
    try checked("timer_settime") { brood_attention_timer(deadline) }
  }

  /// Sends `Signal.io` whenever the descriptor becomes ready (fcntl(2), O_ASYNC and F_SETSIG).
  ///
  /// - Parameter on: false to stop that.
  public static func signalWhenReady(_ fd: Int32, _ on: Bool = true) throws(SystemError) {
    try checked("fcntl") { on ? brood_signal_when_ready(fd) : brood_silence(fd) }
  }

  /// Ends what `signalWhenReady` began; a descriptor that is closed needs nothing.
  public static func silence(_ fd: Int32) { try? signalWhenReady(fd, false) }

  /// Starts the process's one alarm clock, SIGALRM after so many ns, 0 cancels (setitimer(2)).
  ///
  /// Yields what was left of the one before. A fork does not inherit it; an exec does.
  @discardableResult
  public static func alarm(after nanoseconds: Int64) throws(SystemError) -> Int64 {
    try checked("setitimer") { brood_alarm(nanoseconds) }
  }
}
