import Glibc
import Language
import Posix
import Processes
import Session

/// The terminal of an interactive session: who is in its foreground, and its modes.
public final class JobControl {
  /// A private descriptor of the terminal.
  public let terminal: Int32
  private let shellGroup: Int32
  /// Who had the terminal before.
  private let firstGroup: Int32
  /// The group that gets the terminal in the end, if it is another one than the shell's.
  public var groupBefore: Int32? { firstGroup == shellGroup ? nil : firstGroup }
  /// As the shell wants them, and as programs that end well leave them.
  private var modes: Terminal.Modes?
  /// Whether a job that shares the terminal runs in the background, which must not write into the
  /// line being typed.
  package var stopsBackgroundOutput = false {
    didSet { try? Terminal.setStopsBackgroundOutput(terminal, stopsBackgroundOutput) }
  }

  private static let signals: [Signal] = [.tstp, .ttin, .ttou, .quit]

  /// Makes this process the leader of the terminal's foreground group.
  init() throws(SystemError) {
    terminal = try Descriptors.privateCopy(of: 0)
    // Started in the background: wait until a shell above puts us into the foreground.
    while let group = try? Terminal.foreground(terminal), group != Process.group {
      try? Process.send(.ttin, toGroup: Process.group)
    }
    firstGroup = Process.group
    for signal in JobControl.signals { try? Signals.set(signal, .ignore) }
    // A session leader cannot change its group, and needs not.
    if Process.group != Process.pid { try? Process.setGroup(of: 0, to: 0) }
    shellGroup = Process.group
    try? Terminal.setForeground(terminal, shellGroup)
    modes = try? Terminal.modes(terminal)
  }

  /// At the end: gives the terminal back to the group that it came from.
  func end() {
    if stopsBackgroundOutput { stopsBackgroundOutput = false }
    if firstGroup != shellGroup { try? Terminal.setForeground(terminal, firstGroup) }
  }

  /// In a forked child: it is a job like any other, and keeps what the user set.
  func becomeChild(_ handlers: SignalHandlers) {
    for signal in JobControl.signals
    where handlers.blocks[signal] == nil && !handlers.ignored.contains(signal) {
      try? Signals.set(signal, .default)
    }
  }

  /// In a forked child that leads its group: puts it into the foreground.
  static func takeTerminal() {
    guard let terminal = try? Descriptors.open("/dev/tty", O_RDWR) else { return }
    try? Terminal.setForeground(terminal, Process.group)
    Descriptors.close(terminal)
  }

  /// Puts the group of the entry's programs into the foreground, made with the first of them; nil
  /// where it cannot be made: then each pipeline has a group of its own.
  package func lend() -> Int32? {
    guard let group = InterruptForwarder.group ?? (try? InterruptForwarder.start(in: 0)) else {
      return nil
    }
    give(to: group)
    return group
  }

  /// Ends what hears Ctrl-C in the group of the entry's programs: the next one gets another group.
  public func endEntry() { InterruptForwarder.end() }

  /// Puts a job into the foreground, with the modes that it had when it was stopped.
  package func give(to group: Int32, modes jobModes: Terminal.Modes? = nil) {
    if stopsBackgroundOutput { try? Terminal.setStopsBackgroundOutput(terminal, false) }
    // A group that is gone already needs no terminal.
    try? Terminal.setForeground(terminal, group)
    if let jobModes { try? Terminal.setModes(terminal, jobModes) }
  }

  /// Takes the foreground back once all programs have ended: after that each Ctrl-C that was theirs
  /// has come to the shell, too.
  func takeForeground() {
    try? Terminal.setForeground(terminal, shellGroup)
    InterruptForwarder.settle()
  }

  /// Takes the foreground back; yields the modes that the job leaves.
  ///
  /// - Parameter restoringModes: after a death by signal or a stop; a program that ended well may
  ///   have meant its changes, as stty does.
  @discardableResult
  func takeBack(restoringModes: Bool) -> Terminal.Modes? {
    try? Terminal.setForeground(terminal, shellGroup)
    let left = try? Terminal.modes(terminal)
    if restoringModes, let modes {
      try? Terminal.setModes(terminal, modes)
    } else {
      modes = left ?? modes
    }
    if stopsBackgroundOutput { try? Terminal.setStopsBackgroundOutput(terminal, true) }
    return left
  }
}
