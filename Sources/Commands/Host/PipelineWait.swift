import Glibc
import Language
import Posix
import Session

/// Waiting for processes in the foreground.
struct ForegroundWait {
  enum End {
    case ended
    /// One of them was stopped, by Ctrl-Z or otherwise.
    case stopped(Signal)
  }

  let members: [ProcessHandle]
  let host: BroodHost
  let interpreter: Interpreter
  /// Whether to come back when a member is stopped.
  let watchesStops: Bool
  /// Set when Ctrl-C came to this process meanwhile.
  private(set) var interrupt: ErrorObject?

  init(_ members: [ProcessHandle], _ host: BroodHost, _ interpreter: Interpreter) {
    self.members = members
    self.host = host
    self.interpreter = interpreter
    watchesStops = host.jobControl != nil
  }

  /// Waits until all members have ended and `isDone` holds, or one was stopped.
  ///
  /// Ctrl-C is for the program first: only if it dies of it, the shell is interrupted too (Martin
  /// Cracauer, "Proper handling of SIGINT/SIGQUIT").
  mutating func wait(_ isDone: () -> Bool = { true }) throws -> End {
    var living = members
    var stop: Signal?
    while true {
      do {
        _ = try host.session.pause(interpreter) {
          try living.removeAll { try $0.record != nil || host.session.peek($0) != nil }
          if watchesStops, let signal = living.lazy.compactMap(\.stoppedBy).first {
            stop = signal
            return true
          }
          return living.isEmpty && isDone()
        }
        if let stop { return .stopped(stop) }
        if Attention.isPending { try host.attend(interpreter) }
        return .ended
      } catch let error as ErrorObject where error.kind == .interrupted && error.control == nil {
        interrupt = error
        if living.isEmpty { return .ended }
        passOn(to: living)
      } catch {
        end(living)
        throw error
      }
    }
  }

  /// A SIGINT that did not come from the keyboard was sent to this process alone.
  private func passOn(to living: [ProcessHandle]) {
    for fd: Int32 in 0...2 {
      if let group = try? Terminal.foreground(fd), group == Process.group { return }
    }
    for member in living { try? Process.send(.int, to: member.pid) }
  }

  /// Ends programs whose statement was left by an error, as a handler may throw one.
  private func end(_ living: [ProcessHandle]) {
    for member in living {
      try? Process.send(.term, to: member.pid)
      try? Process.send(.cont, to: member.pid)
    }
    let deadline = Clock.deadline(after: 1_000_000_000)
    for member in living {
      if (try? host.session.wait(for: member, interpreter, until: deadline)) != nil { continue }
      try? Process.send(.kill, to: member.pid)
      _ = try? host.session.wait(for: member, interpreter)
    }
  }
}

/// Collects what a pipe delivers while the event loop runs.
final class CaptureReader {
  private(set) var bytes: [UInt8] = []
  private(set) var isComplete = false
  private let fd: Int32
  private let loop: EventLoop
  private var watch: Watch?

  /// - Parameter fd: a private descriptor, which it closes in the end.
  init(_ fd: Int32, _ loop: EventLoop) throws {
    self.fd = fd
    self.loop = loop
    watch = try asking { try loop.watch(fd, for: .read) { [unowned self] in readAll() } }
  }

  private func readAll() {
    let size = 1 << 16
    // A few rounds at most, so that signals and other sources have their turn.
    for _ in 0..<16 {
      let used = bytes.count
      if bytes.capacity < used + size { bytes.reserveCapacity(max(used + size, used * 2)) }
      var count: Int?
      do {
        count = try withUnsafeTemporaryAllocation(byteCount: size, alignment: 16) { buffer in
          let got = try Transfer.readNow(fd, into: buffer)
          if let got { bytes.append(contentsOf: buffer[..<got]) }
          return got
        }
      } catch {
        count = 0
      }
      guard let count else { return }
      if count == 0 { return finish() }
    }
  }

  private func finish() {
    isComplete = true
    if let watch { loop.remove(watch) }
    watch = nil
  }

  func close() {
    finish()
    Descriptors.close(fd)
  }

  /// The text without its last newline.
  var text: Value {
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    return .string(StringObject.make(repairing: bytes))
  }
}
