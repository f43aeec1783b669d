import Posix
import Processes

/// What the kernel says about a process at one moment.
public struct ProcessState: Sendable {
  /// One letter: R S D T Z, X for one that is gone, ? where that cannot be seen.
  public let letter: Character
  /// The marks of ps: `<` high and `N` low priority, `s` session leader, `l` several threads, `+`
  /// in the terminal's foreground.
  public let flags: String

  public static let ended = ProcessState(letter: "X", flags: "")
  static let zombie = ProcessState(letter: "Z", flags: "")
  /// It could not be looked at.
  public static let unknown = ProcessState(letter: "?", flags: "")

  private init(letter: Character, flags: String) {
    self.letter = letter
    self.flags = flags
  }

  public init(_ stat: ProcessStat) {
    switch stat.state {
    case UInt8(ascii: "t"): letter = "T"
    case UInt8(ascii: "I"): letter = "S"
    case UInt8(ascii: "x"): letter = "X"
    case let state: letter = Character(Unicode.Scalar(state))
    }
    var flags = ""
    if stat.nice < 0 { flags += "<" }
    if stat.nice > 0 { flags += "N" }
    if stat.session == stat.pid { flags += "s" }
    if stat.threads > 1 { flags += "l" }
    if stat.terminal != 0, stat.foregroundGroup == stat.group { flags += "+" }
    self.flags = flags
  }

  /// running, waiting, stopped, zombie, ended, unknown.
  ///
  /// `running` is on a CPU or ready for one.
  public var word: String {
    switch letter {
    case "R": "running"
    case "T": "stopped"
    case "Z": "zombie"
    case "X": "ended"
    case "?": "unknown"
    default: "waiting"
    }
  }

  /// As `Z zombie`.
  public var text: String { "\(letter) \(word)" }
}

extension ProcessHandle {
  /// What a look at it finds now; `gone` once it was reaped.
  public var look: ProcessLook {
    if record != nil { return .gone }
    // Another process may have got the number of one that its parent has reaped.
    if let slot, let slots = session.slots, !slots.holds(slot, pid: pid) { return .gone }
    return session.reader.look(pid)
  }

  /// What /proc says now; nil once it was reaped, or where it cannot be looked at.
  public var stat: ProcessStat? { look.stat }

  /// The kernel's state.
  public var state: ProcessState {
    switch look {
    case .seen(let stat): ProcessState(stat)
    case .gone: .ended
    // Its parent has not reaped it, or it would be gone.
    case .unseen(hasEnded: true): .zombie
    case .unseen(hasEnded: false): .unknown
    }
  }

  public var letter: Character { state.letter }

  /// The state in one word: running, waiting, stopped, zombie, ended.
  public var word: String { state.word }
}

/// What a process makes of a signal that is sent to it now, or has made of it.
public enum SignalOutlook: Sendable {
  /// It has ended, or is past its last instruction.
  case ended
  /// It dies of it.
  case dies
  /// It catches, ignores or blocks it: what comes of that is its own business.
  case decides
  /// It has ended in order, and caught the signal until then: perhaps that was its answer.
  case mayHaveDecided
}

extension Session {
  /// What a child that was not reaped makes of a signal.
  public func outlook(of process: ProcessHandle, at signal: Signal) -> SignalOutlook {
    // Of a zombie, too, the kernel tells what it caught.
    let status = reader.status(process.pid)
    guard let stat = reader.stat(process.pid) else {
      // Without /proc only its end can be seen.
      return (try? peek(process)) == .some(.none) ? .decides : .ended
    }
    if stat.isEnding || "ZX".utf8.contains(stat.state) {
      guard status?.caught.contains(signal) ?? false else { return .ended }
      if case .signaled? = (try? peek(process))?.cause { return .ended }
      return .mayHaveDecided
    }
    guard let status else { return .decides }
    let kept = status.caught.union(status.ignored).union(status.blocked)
    return kept.contains(signal) ? .decides : .dies
  }
}
