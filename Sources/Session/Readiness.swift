import Glibc
import Language
import Posix
import Processes

/// By what a spawned process is known to be ready, and whether it is.
public final class Readiness {
  public enum Sign {
    /// A line of its output holds a text: this descriptor tells, or ends without that.
    case line(Int32)
    /// Something takes connections at an address.
    case port(SocketAddress)
    /// A block yields true.
    case block(Value)
  }

  public enum Outcome { case ready, ended, timedOut, lost }

  public let sign: Sign
  var isReady = false
  private let depth = Process.forkDepth

  public init(_ sign: Sign) { self.sign = sign }

  deinit { if case .line(let fd) = sign, depth == Process.forkDepth { Descriptors.close(fd) } }
}

extension Session {
  /// Waits until a process is ready, has ended, or the deadline has passed.
  public func waitUntilReady(
    _ process: ProcessHandle, _ readiness: Readiness, _ interpreter: Interpreter,
    until deadline: Int64?
  ) throws -> Readiness.Outcome {
    if readiness.isReady { return .ready }
    let outcome: Readiness.Outcome
    switch readiness.sign {
    case .line(let fd): outcome = try waitForLine(fd, process, interpreter, until: deadline)
    case .port(let address):
      outcome = try ask(process, interpreter, until: deadline) { accepts in
        try isTaken(address, interpreter, until: accepts)
      }
    case .block(let block):
      outcome = try ask(process, interpreter, until: deadline) { _ in
        let answer = try interpreter.invoke(block, [], wantsValue: true)
        guard case .bool(let isReady) = answer.plain else {
          throw ErrorObject(
            .type, "the block of --ready must yield true or false, not \(answer.described)")
        }
        return isReady
      }
    }
    readiness.isReady = outcome == .ready
    return outcome
  }

  private func hasEnded(_ process: ProcessHandle) throws -> Bool {
    try process.record != nil || peek(process) != nil
  }

  // MARK: A line of its output

  /// How long the end of a process may come behind that of its output (ns).
  private static let endTime: Int64 = 1_000_000_000

  private func waitForLine(
    _ fd: Int32, _ process: ProcessHandle, _ interpreter: Interpreter, until deadline: Int64?
  ) throws -> Readiness.Outcome {
    var isThere = false
    var isOver = false
    let watch = try mapErrors { try loop.watch(fd, for: .read) {} }
    defer { loop.remove(watch) }
    let isDone = try pause(interpreter, until: deadline) {
      var byte: UInt8 = 0
      let count = try withUnsafeMutableBytes(of: &byte) { bytes in
        try mapErrors { try Transfer.readNow(fd, into: bytes) }
      }
      isThere = count == 1
      isOver = count == 0
      return isThere || isOver
    }
    if isThere { return .ready }
    if !isDone { return .timedOut }
    // The relay has ended: with the process, unless a signal has ended it.
    let last = Clock.deadline(after: Session.endTime)
    return try pauseForChildren([process], interpreter, until: last) { try hasEnded(process) }
      ? .ended : .lost
  }

  // MARK: What has to be asked

  /// Asks after 10 ms, 20 ms … 1 s, until it is so.
  ///
  /// - Parameter isSo: told until when it may take.
  private func ask(
    _ process: ProcessHandle, _ interpreter: Interpreter, until deadline: Int64?,
    _ isSo: (Int64) throws -> Bool
  ) throws -> Readiness.Outcome {
    var time: Int64 = 10_000_000
    while true {
      if try isSo(min(deadline ?? .max, Clock.deadline(after: 1_000_000_000))) { return .ready }
      if try hasEnded(process) { return .ended }
      if let deadline, deadline <= Clock.monotonic { return .timedOut }
      let next = min(deadline ?? .max, Clock.deadline(after: time))
      let isOver = try pauseForChildren([process], interpreter, until: next) {
        try hasEnded(process)
      }
      if isOver { return .ended }
      time = min(time * 2, 1_000_000_000)
    }
  }

  /// Whether something takes connections at an address.
  private func isTaken(
    _ address: SocketAddress, _ interpreter: Interpreter, until deadline: Int64
  ) throws -> Bool {
    let fd = try mapErrors { try Socket.make(for: address) }
    defer { Descriptors.close(fd) }
    guard let state = try? Socket.connect(fd, to: address) else { return false }
    switch state {
    case .done: return true
    case .crowded: return false
    case .underway: break
    }
    var isDecided = false
    let watch = try mapErrors { try loop.watch(fd, for: .write) { isDecided = true } }
    defer { loop.remove(watch) }
    guard try pause(interpreter, until: deadline, done: { isDecided }) else { return false }
    return try mapErrors { try Socket.failure(of: fd) } == 0
  }
}
