import Glibc
import Language
import Posix
import Session

/// Waiting for processes in the foreground.
struct ForegroundWait {
  enum End {
    case ended
    /// One of them was stopped, by Ctrl-Z or otherwise.
    case stopped
  }

  let members: [ProcessHandle]
  let host: BroodHost
  let interpreter: Interpreter
  /// Set when Ctrl-C came to this process meanwhile.
  private(set) var interrupt: ErrorObject?
  /// Whether it is for this process, whatever the members do: none of them could take it.
  private(set) var isInterrupted = false
  private var hasTold = false

  init(_ members: [ProcessHandle], _ host: BroodHost, _ interpreter: Interpreter) {
    self.members = members
    self.host = host
    self.interpreter = interpreter
  }

  private var living: [ProcessHandle] {
    members.filter { $0.record == nil && (try? host.session.peek($0)) == nil }
  }

  /// Waits until all members have ended and `isDone` holds, or one was stopped at the prompt.
  ///
  /// Ctrl-C is for the program first: if it catches or ignores it, it decides, and only if it dies
  /// of it the shell is interrupted too (Martin Cracauer, "Proper handling of SIGINT/SIGQUIT"). If
  /// no member could take it, since all had ended or would have died of it, it is for the shell.
  mutating func wait(_ isDone: (() -> Bool)?) throws -> End {
    let session = host.session
    while true {
      // The output is not wanted any more.
      let isDone = isInterrupted ? nil : isDone
      do {
        let end = try host.jobControl == nil ? waitForEnd(isDone) : waitForChange(isDone)
        // A Ctrl-C that came with the end.
        if Attention.isPending { try host.attend(interpreter) }
        return end
      } catch let error as ErrorObject where error.kind == .interrupted && error.control == nil {
        interrupt = error
        let living = living
        let outlook = living.map { session.outlook(of: $0, at: .int) }
        if !outlook.contains(.decides) { isInterrupted = true }
        if living.isEmpty { return .ended }
        for (member, outlook) in zip(living, outlook) { passOn(to: member, outlook) }
      } catch {
        end(living)
        throw error
      }
    }
  }

  private mutating func waitForEnd(_ isDone: (() -> Bool)?) throws -> End {
    let (session, interpreter) = (host.session, interpreter)
    if let isDone {
      try tellingOfStops { deadline, isLeft in
        try session.pause(interpreter, until: deadline) { isDone() || isLeft() } && isDone()
      }
    }
    for member in members {
      try tellingOfStops { deadline, isLeft in
        try session.wait(for: member, interpreter, until: deadline, isLeft: isLeft) != nil
      }
    }
    return .ended
  }

  /// Waits, and says so when a member stays stopped for a while: nobody else may see it.
  ///
  /// - Parameter wait: waits until a deadline or for as long as it need not leave; true at its end.
  private mutating func tellingOfStops(
    _ wait: (_ deadline: Int64?, _ isLeft: @escaping () -> Bool) throws -> Bool
  ) throws {
    let members = members
    func isStopped() -> Bool { members.contains { $0.stoppedBy != nil && $0.record == nil } }
    while !hasTold {
      if try wait(nil, isStopped) { return }
      if try wait(Clock.deadline(after: ForegroundWait.patience), { false }) { return }
      guard let stopped = members.first(where: { $0.stoppedBy != nil && $0.letter == "T" }) else {
        continue
      }
      hasTold = true
      let name = "'\(stopped.name)' (\(stopped.pid))"
      Session.say("brood: waiting for process \(name), which is stopped; Ctrl-C ends it")
    }
    _ = try wait(nil, { false })
  }

  /// How long a program may be stopped before that is told (ns).
  private static let patience: Int64 = 1_000_000_000

  private func waitForChange(_ isDone: (() -> Bool)?) throws -> End {
    let session = host.session
    var rest = members
    var end = End.ended
    let watches = try watchesInsteadOfSignals()
    defer { watches.close() }
    _ = try session.pause(interpreter) {
      try rest.removeAll { try $0.record != nil || session.peek($0) != nil }
      // What was noted may be out of date; the kernel knows.
      if rest.contains(where: { $0.stoppedBy != nil && $0.letter == "T" }) {
        end = .stopped
        return true
      }
      return rest.isEmpty && isDone?() ?? true
    }
    return end
  }

  /// While the user blocks SIGCHLD, pidfds tell of the ends.
  private func watchesInsteadOfSignals() throws -> ExitWatches {
    let watches = ExitWatches(host.session.loop)
    guard host.session.handlers.blocked.contains(.chld) else { return watches }
    for member in members where member.record == nil { try watches.add(member.pid) }
    return watches
  }

  /// Hands a Ctrl-C on.
  ///
  /// The keyboard sends SIGINT to this process's group, a process to this one alone. What would have
  /// died of it and lives was started since; a second one harms nothing that dies of it.
  private func passOn(to member: ProcessHandle, _ outlook: SignalOutlook) {
    let isFromKeyboard = host.session.handlers.lastInterruptSender == 0
    let hasIt = isFromKeyboard && (member.group == 0 || member.group == Process.group)
    if !hasIt || outlook == .dies { try? Process.send(.int, to: member.pid) }
    // What is stopped could not even die of it.
    if member.letter == "T" { try? Process.send(.cont, to: member.pid) }
  }

  /// Ends programs whose statement was left by an error, as a handler may throw one.
  private func end(_ living: [ProcessHandle]) {
    let session = host.session
    for member in living {
      try? Process.send(.term, to: member.pid)
      try? Process.send(.cont, to: member.pid)
    }
    let deadline = Clock.deadline(after: 1_000_000_000)
    for member in living {
      var hasEnded = false
      session.postponing {
        hasEnded = try session.wait(for: member, interpreter, until: deadline) != nil
      }
      if hasEnded { continue }
      try? Process.send(.kill, to: member.pid)
      session.postponing { _ = try session.wait(for: member, interpreter) }
    }
  }
}

/// Pidfds in the event loop that raise attention when their processes end.
private final class ExitWatches {
  private let loop: EventLoop
  private var entries: [(descriptor: Int32, watch: Watch)] = []

  init(_ loop: EventLoop) { self.loop = loop }

  func add(_ pid: Int32) throws {
    let descriptor = try asking { try Process.descriptor(of: pid) }
    let watch = try asking { try loop.watchExit(descriptor) { Attention.raise() } }
    entries.append((descriptor, watch))
  }

  func close() {
    for (descriptor, watch) in entries {
      loop.remove(watch)
      Descriptors.close(descriptor)
    }
    entries = []
  }
}
