import Explore
import Glibc
import Language
import Posix
import Processes

/// What a process of a run prints, and how it looks at other processes: steps that no built-in of that name
/// has.
extension Gate {
  /// What printing uses.
  public var output: [Access] { ignoresOutput ? [] : [Access("out", .write)] }

  /// Stops before a message of the session itself, as a warning or an uncaught error.
  ///
  /// - Parameter words: what it is, as people read it.
  public func stop(message words: String) {
    if isLoose || isPrinting { return }
    session.postponing { _ = try stop(Operation(words, output), isBrief: true) }
  }

  /// Stops before what was collected goes out, unless the step of `print` is just that.
  func stopAtCollected() {
    if isLoose || isPrinting { return }
    if !session.hasRedirectedOutput { return stop(message: "print") }
    session.postponing { try stopAtOutput("print") }
  }

  /// Does what one step prints.
  public func printing<R>(_ body: () throws -> R) rethrows -> R {
    let outer = isPrinting
    isPrinting = true
    defer { isPrinting = outer }
    return try body()
  }

  // MARK: Other processes

  /// The parent's pid, which is another one's once that has ended: looking at it is a step.
  ///
  /// The session itself does not end before its children, and adopts what others have left.
  public func lookAtParent() -> Int32 {
    if isLoose { return Process.parentPid }
    if let parent = path.parent, parent != ProcessPath(), depth == 0 {
      need(.ends)
      session.postponing {
        _ = try stop(Operation("getppid", [Access("proc \(parent)", .read)]), isBrief: true)
      }
    }
    if path == ProcessPath() || Process.parentPid == parentPid { return parentPid }
    return rootPid
  }

  /// What a text that tells the state of a process uses; nil where it cannot change.
  public func accesses(textOf process: ProcessHandle) -> Access? {
    if isLoose || process.record != nil { return nil }
    need(.ends)
    return Access(key(process: process.pid), .read)
  }

  /// Stops before the state of a process is told as text.
  func stop(textOf process: ProcessHandle) {
    if isPrinting || depth > 0 { return }
    guard let access = accesses(textOf: process) else { return }
    session.postponing {
      _ = try stop(Operation("\(process.name) as text", [access]), isBrief: true)
    }
    awaitStanding(process.pid)
  }

  /// Waits until a process stands at its gate: all others do, or are about to.
  public func awaitStanding(_ pid: Int32) {
    if isLoose || pid == Process.pid { return }
    let deadline = Clock.deadline(after: 1_000_000_000)
    while Clock.monotonic < deadline, session.reader.look(pid).stat?.state == UInt8(ascii: "R") {
      usleep(100)
    }
  }
}

extension Session {
  /// The pid of this process's parent.
  public var parentPid: Int32 { Gate.current?.lookAtParent() ?? Process.parentPid }

  /// Writes a message of the session itself to standard error, behind all that was printed before.
  ///
  /// - Parameters:
  ///   - line: the message, whatever the names in it are.
  ///   - words: what it is, for those who explore.
  public func tell(_ line: String, _ words: String) {
    postponing { try output.flush() }
    Gate.current?.stop(message: words)
    Session.say(line)
  }
}
