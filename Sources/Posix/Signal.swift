import CPosix

/// A signal, by its number (signal(7)).
public struct Signal: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// 1 to 64.
  public let number: Int32

  /// A signal of this number, or nil if there is none (the C library keeps 32 and 33).
  public init?(_ number: Int32) {
    guard (1...31).contains(number) || (brood_rtmin()...brood_rtmax()).contains(number) else {
      return nil
    }
    self.number = number
  }

  private init(known number: Int32) { self.number = number }

  /// Any spelling: "9", "KILL", "SIGKILL", "kill", "RTMIN+3", "RTMAX-1", "CLD".
  public init?(_ spelling: String) {
    if let number = Int32(spelling) {
      self.init(number)
      return
    }
    var name = spelling.uppercased()
    if name.hasPrefix("SIG") { name.removeFirst(3) }
    if let index = SignalTable.rows.firstIndex(where: { $0.name == name }) {
      self.init(known: Int32(index + 1))
    } else if let number = SignalTable.aliases[name] ?? Self.realTime(name) {
      self.init(number)
    } else {
      return nil
    }
  }

  /// The name without SIG: "KILL", "RTMIN+3".
  public var name: String {
    if number <= 31 { return SignalTable.rows[Int(number) - 1].name }
    let offset = number - brood_rtmin()
    let back = brood_rtmax() - number
    if offset == 0 { return "RTMIN" }
    if back == 0 { return "RTMAX" }
    return offset <= back ? "RTMIN+\(offset)" : "RTMAX-\(back)"
  }

  /// A plain word or two: "terminate", "user signal 1".
  public var word: String {
    number <= 31 ? SignalTable.rows[Int(number) - 1].word : "real-time signal"
  }

  /// The key that sends it to the foreground of a terminal (termios(3)), unless `stty` changed it.
  public var key: String? {
    switch self {
    case .int: "Ctrl-C"
    case .quit: "Ctrl-\\"
    case .tstp: "Ctrl-Z"
    default: nil
    }
  }

  /// What it does to a process that took no measures.
  public var defaultAction: DefaultAction {
    number <= 31 ? SignalTable.rows[Int(number) - 1].action : .terminate
  }

  /// What signals do by default.
  public enum DefaultAction: String, Sendable {
    case terminate, core, ignore, stop, `continue`
  }

  public static func < (left: Signal, right: Signal) -> Bool { left.number < right.number }

  /// The name without SIG.
  public var description: String { name }

  /// Every signal, in order.
  public static var all: [Signal] {
    (1...brood_rtmax()).compactMap { Signal($0) }
  }

  private static func realTime(_ name: String) -> Int32? {
    for (base, start) in [("RTMIN", brood_rtmin()), ("RTMAX", brood_rtmax())]
    where name.hasPrefix(base) {
      let rest = name.dropFirst(base.count)
      if rest.isEmpty { return start }
      guard let offset = Int32(rest), rest.first == "+" || rest.first == "-",
        (-64...64).contains(offset)
      else { return nil }
      let number = start + offset
      return number >= brood_rtmin() ? number : nil
    }
    return nil
  }
}

// Computed, since a forked child would have to fault in the page of constants.
extension Signal {
  public static var hup: Signal { Signal(known: 1) }
  public static var int: Signal { Signal(known: 2) }
  public static var quit: Signal { Signal(known: 3) }
  public static var kill: Signal { Signal(known: 9) }
  public static var usr1: Signal { Signal(known: 10) }
  public static var usr2: Signal { Signal(known: 12) }
  public static var pipe: Signal { Signal(known: 13) }
  public static var alrm: Signal { Signal(known: 14) }
  public static var term: Signal { Signal(known: 15) }
  public static var chld: Signal { Signal(known: 17) }
  public static var cont: Signal { Signal(known: 18) }
  public static var stop: Signal { Signal(known: 19) }
  public static var tstp: Signal { Signal(known: 20) }
  public static var ttin: Signal { Signal(known: 21) }
  public static var ttou: Signal { Signal(known: 22) }
  public static var urg: Signal { Signal(known: 23) }
  public static var xfsz: Signal { Signal(known: 25) }
  public static var winch: Signal { Signal(known: 28) }

  /// Sent by the event loop's kernel timer, so that a computing program looks up.
  public static var timer: Signal { Signal(known: brood_timer_signal()) }

  /// Sent when a descriptor marked with `Attention.signalWhenReady` becomes ready.
  public static var io: Signal { Signal(known: brood_io_signal()) }
}

/// The classic signals of Linux on x86_64 and arm64, in the order of their numbers.
enum SignalTable {
  struct Row: Sendable {
    let name: String
    let word: String
    let action: Signal.DefaultAction
  }

  private static func row(
    _ name: String, _ word: String, _ action: Signal.DefaultAction = .terminate
  ) -> Row { Row(name: name, word: word, action: action) }

  static let rows: [Row] = [
    row("HUP", "hang up"),
    row("INT", "interrupt"),
    row("QUIT", "quit", .core),
    row("ILL", "illegal instruction", .core),
    row("TRAP", "trace trap", .core),
    row("ABRT", "abort", .core),
    row("BUS", "bus error", .core),
    row("FPE", "arithmetic error", .core),
    row("KILL", "kill"),
    row("USR1", "user signal 1"),
    row("SEGV", "invalid memory", .core),
    row("USR2", "user signal 2"),
    row("PIPE", "broken pipe"),
    row("ALRM", "alarm"),
    row("TERM", "terminate"),
    row("STKFLT", "stack fault"),
    row("CHLD", "child changed", .ignore),
    row("CONT", "continue", .continue),
    row("STOP", "stop", .stop),
    row("TSTP", "terminal stop", .stop),
    row("TTIN", "background read", .stop),
    row("TTOU", "background write", .stop),
    row("URG", "urgent data", .ignore),
    row("XCPU", "CPU limit", .core),
    row("XFSZ", "file size limit", .core),
    row("VTALRM", "virtual alarm"),
    row("PROF", "profiling alarm"),
    row("WINCH", "window changed", .ignore),
    row("IO", "I/O possible"),
    row("PWR", "power failure"),
    row("SYS", "bad system call", .core),
  ]

  static let aliases: [String: Int32] = ["CLD": 17, "IOT": 6, "POLL": 29]
}
