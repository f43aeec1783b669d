import CPosix
import Glibc

/// A signal that was recorded since one last looked.
public struct RecordedSignal: Hashable, Sendable {
  public let signal: Signal

  /// How often it came.
  public let count: Int

  /// The pid that sent the last one; 0 is the kernel (a terminal key, a timer).
  public let sender: Int32

  public init(signal: Signal, count: Int, sender: Int32) {
    self.signal = signal
    self.count = count
    self.sender = sender
  }
}

/// This process's signals: handlers only record, and the program looks when it can.
public enum Signals {
  /// What happens at a signal.
  public enum Disposition: Int32, Sendable {
    case `default`, ignore, record
  }

  /// Remembers what was inherited, records CHLD, ignores PIPE and XFSZ; call once, early.
  public static func start() { brood_signals_start() }

  /// In a child that has just left its parent's process group: forgets the INT and QUIT that keys
  /// of the terminal sent to that group since the fork.
  public static func forgetKeys() { brood_signals_forget_keys() }

  /// The program in the foreground: its state is looked up as soon as an INT comes, when it can
  /// hardly have done anything about its own; 0 for none.
  public static func setForeground(_ pid: Int32) { brood_foreground(pid) }

  /// Whether it ran at the last INT since it was set.
  public static var foregroundRan: Bool { brood_foreground_ran() }

  /// Sets a disposition for the shell's own needs: programs find an ignored one at its default.
  ///
  /// A signal that was ignored on entry stays so unless `force` (as `nohup` wants it). Throws
  /// EINVAL for KILL and STOP (sigaction(2)).
  public static func set(
    _ signal: Signal, _ disposition: Disposition, force: Bool = false
  ) throws(SystemError) {
    if !force && ignoredOnEntry.contains(signal) && disposition == .record { return }
    try change(signal, disposition, byUser: false)
  }

  /// Sets a disposition that the user asked for; an ignore is inherited by programs.
  ///
  /// Throws EINVAL for KILL and STOP, and for CHLD anything but `.record`.
  public static func setByUser(
    _ signal: Signal, _ disposition: Disposition
  ) throws(SystemError) {
    if signal == .chld && disposition != .record {
      throw SystemError(call: "sigaction", code: EINVAL, detail: "CHLD")
    }
    try change(signal, disposition, byUser: true)
  }

  /// The disposition in force.
  public static func disposition(of signal: Signal) -> Disposition {
    Disposition(rawValue: brood_signal_get(signal.number)) ?? .default
  }

  /// Takes everything recorded since the last call; clear the attention flag before.
  public static func take() -> [RecordedSignal] {
    var result: [RecordedSignal] = []
    for signal in SignalSet(mask: brood_signals_take()) {
      var sender: Int32 = 0
      let count = brood_signal_take(signal.number, &sender)
      if count > 0 {
        result.append(RecordedSignal(signal: signal, count: Int(count), sender: sender))
      }
    }
    return result
  }

  /// At the end of the process: sets recorded signals to their default, and yields those that have
  /// come and were not taken.
  public static func endRecording(_ set: SignalSet) -> SignalSet {
    SignalSet(mask: brood_signals_end(set.mask))
  }

  /// Blocks signals; yields the mask before (sigprocmask(2)).
  @discardableResult
  public static func block(_ set: SignalSet) -> SignalSet { mask(Int32(SIG_BLOCK), set) }

  /// Unblocks signals; yields the mask before.
  @discardableResult
  public static func unblock(_ set: SignalSet) -> SignalSet { mask(Int32(SIG_UNBLOCK), set) }

  /// Replaces the mask; yields the one before.
  @discardableResult
  public static func setMask(_ set: SignalSet) -> SignalSet { mask(Int32(SIG_SETMASK), set) }

  /// The signals that are blocked now.
  public static var blocked: SignalSet { mask(Int32(SIG_BLOCK), []) }

  /// Blocked signals that have come and wait in the kernel (sigpending(2)).
  public static var pending: SignalSet { SignalSet(mask: brood_pending()) }

  /// Takes one of these blocked signals if it has come (sigtimedwait(2) with no time).
  public static func takePending(_ set: SignalSet) -> RecordedSignal? {
    var sender: Int32 = 0
    let number = brood_wait_signal(set.mask, 0, &sender)
    return Signal(number).map { RecordedSignal(signal: $0, count: 1, sender: sender) }
  }

  /// A private descriptor that is readable while one of these blocked signals waits (signalfd(2)).
  public static func descriptor(_ set: SignalSet) throws(SystemError) -> Int32 {
    try checked("signalfd") { brood_signalfd(set.mask) }
  }

  /// Signals that were ignored when the shell was started.
  public static var ignoredOnEntry: SignalSet { SignalSet(mask: brood_ignored_on_entry()) }

  /// The mask that the shell was started with, which programs get back.
  public static var maskOnEntry: SignalSet { SignalSet(mask: brood_mask_on_entry()) }

  /// What a program must find at its default although the shell ignores it.
  public static var defaultsForPrograms: SignalSet {
    SignalSet(mask: brood_defaults_for_programs())
  }

  private static func change(
    _ signal: Signal, _ disposition: Disposition, byUser: Bool
  ) throws(SystemError) {
    try checked("sigaction", signal.name) {
      brood_signal_set(signal.number, disposition.rawValue, byUser)
    }
  }

  private static func mask(_ how: Int32, _ set: SignalSet) -> SignalSet {
    var old: UInt64 = 0
    _ = brood_mask(how, set.mask, &old)
    return SignalSet(mask: old)
  }
}
