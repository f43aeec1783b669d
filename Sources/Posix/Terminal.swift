import CPosix
import Glibc

/// Terminals: size, modes, foreground group, pty pairs (termios(3), tty_ioctl(4), pty(7)).
public enum Terminal {
  /// A size in characters.
  public struct Size: Hashable, Sendable {
    public var rows: UInt16
    public var columns: UInt16

    /// Makes a size.
    public init(rows: UInt16, columns: UInt16) {
      self.rows = rows
      self.columns = columns
    }
  }

  /// Saved terminal modes.
  public struct Modes {
    var raw: termios
  }

  /// Whether the descriptor is a terminal (isatty(3)).
  public static func isTerminal(_ fd: Int32) -> Bool { isatty(fd) == 1 }

  /// Whether a terminal of such a name ($TERM) only shows one line after the other.
  public static func isPlain(_ name: String?) -> Bool {
    ["", "dumb", "unknown"].contains(name ?? "")
  }

  /// The window's size (TIOCGWINSZ); throws ENOTTY.
  public static func size(_ fd: Int32) throws(SystemError) -> Size {
    var size = Size(rows: 0, columns: 0)
    try checked("ioctl") { brood_window_size(fd, &size.rows, &size.columns) }
    return size
  }

  /// Sets the window's size; the foreground group gets SIGWINCH (TIOCSWINSZ).
  public static func setSize(_ fd: Int32, _ size: Size) throws(SystemError) {
    try checked("ioctl") { brood_set_window_size(fd, size.rows, size.columns) }
  }

  /// The modes in force (tcgetattr(3)).
  public static func modes(_ fd: Int32) throws(SystemError) -> Modes {
    var raw = termios()
    _ = try libc("tcgetattr") { tcgetattr(fd, &raw) }
    return Modes(raw: raw)
  }

  /// Sets modes, once the output so far is written (tcsetattr(3), TCSADRAIN).
  public static func setModes(_ fd: Int32, _ modes: Modes) throws(SystemError) {
    var raw = modes.raw
    _ = try libc("tcsetattr") { tcsetattr(fd, TCSADRAIN, &raw) }
  }

  /// Whether background writes stop their writer (TOSTOP).
  public static func setStopsBackgroundOutput(_ fd: Int32, _ on: Bool) throws(SystemError) {
    var modes = try modes(fd)
    let flag = tcflag_t(TOSTOP)
    if (modes.raw.c_lflag & flag != 0) == on { return }
    modes.raw.c_lflag ^= flag
    try setModes(fd, modes)
  }

  /// The terminal's foreground group; throws ENOTTY if it is not this session's (tcgetpgrp(3)).
  public static func foreground(_ fd: Int32) throws(SystemError) -> Int32 {
    try libc("tcgetpgrp") { tcgetpgrp(fd) }
  }

  /// Makes a group the foreground group, also from the background (tcsetpgrp(3)).
  public static func setForeground(_ fd: Int32, _ group: Int32) throws(SystemError) {
    try checked("tcsetpgrp", "\(group)") { brood_set_foreground(fd, group) }
  }

  /// The modes of a terminal whose program takes each byte as it comes, and has no keys with a
  /// meaning (cfmakeraw(3)).
  public static func raw(_ modes: Modes) -> Modes {
    var raw = modes.raw
    cfmakeraw(&raw)
    return Modes(raw: raw)
  }

  /// Begins a session of the kernel's with this controlling terminal (setsid(2), TIOCSCTTY); throws
  /// EPERM in a process that leads a group, or for the terminal of another session.
  public static func takeControl(_ fd: Int32) throws(SystemError) {
    try checked("ioctl", "TIOCSCTTY") { brood_take_terminal(fd) }
  }

  /// Opens a pty pair: the main end private, the other raw and no controlling terminal.
  ///
  /// The caller gives `slave` to the job and closes it (posix_openpt(3)).
  public static func openPty(size: Size?) throws(SystemError) -> (main: Int32, slave: Int32) {
    var main: Int32 = -1
    var slave: Int32 = -1
    try checked("posix_openpt") { brood_open_pty(&main, &slave) }
    let job = OwnedDescriptor(slave)
    let screen = try OwnedDescriptor(main).makePrivate()
    if let size { try setSize(screen.number, size) }
    return (screen.release(), job.release())
  }
}

/// A terminal that one command has for itself, such as a full screen (termios(3)).
public enum TerminalScreen {
  /// Takes each byte as it comes, without echo and without keys that have a meaning.
  ///
  /// If this process is killed, one beside it writes `leaving` and sets the modes as they were. Throws
  /// ENOTTY, EIO for an orphaned process group, EINVAL for more than 255 bytes, EBUSY.
  public static func enter(_ fd: Int32, leaving: String) throws(SystemError) {
    var text = leaving
    try checked("tcsetattr") {
      text.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) {
          brood_screen_enter(fd, $0.baseAddress, $0.count)
        }
      }
    }
  }

  /// Sets the modes that were there before; does nothing where it was not taken.
  public static func leave() throws(SystemError) {
    try checked("tcsetattr") { brood_screen_leave() }
  }

  /// The process that gives it back; 0 if there is none.
  public static var keeper: Int32 { brood_screen_keeper() }
}
