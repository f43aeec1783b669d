import CPosix
import Posix

extension EventLoop {
  /// How a wait ended.
  public enum Outcome: Sendable {
    case satisfied, timedOut

    /// A signal was recorded: clear the flag, run the handlers, and wait again or give up.
    case attention
  }

  /// Serves sources until `done` holds, the deadline (monotonic ns) has passed, or a signal.
  ///
  /// `done` is asked first, then the flag, then the clock, before each sleep. Throws what
  /// epoll_wait(2) throws, which is nothing in practice.
  public func wait(
    until deadline: Int64 = .max, done: () throws -> Bool
  ) throws -> Outcome {
    while true {
      if try done() { return .satisfied }
      if Attention.isPending { return .attention }
      let now = deadline == .max ? 0 : Clock.monotonic
      if deadline != .max && now >= deadline {
        // Serve what is ready even when the time was zero: `--timeout 0` still sees a message.
        _ = try poll(timeout: 0)
        return try done() ? .satisfied : .timedOut
      }
      _ = try poll(timeout: deadline == .max ? nil : deadline - now)
    }
  }

  /// Sleeps until one of a few descriptors is readable, without registering them, or one of the
  /// loop's own sources was served, a signal was recorded, or the deadline has passed.
  ///
  /// - Parameter ready: gets a nonzero byte for each descriptor that is readable.
  public func sleep(
    on descriptors: UnsafeBufferPointer<Int32>, ready: UnsafeMutablePointer<UInt8>,
    until deadline: Int64
  ) throws(SystemError) {
    let epoll = try opened()
    if Attention.isPending { return }
    let limit = sleepLimit(deadline == .max ? nil : max(0, deadline - Clock.monotonic))
    if limit != 0 { beforeSleep?() }
    let count = descriptors.count
    let until = limit < 0 ? Int64.max : Clock.deadline(after: limit)
    let isServed = try withUnsafeTemporaryAllocation(of: Int32.self, capacity: count + 1) {
      all throws(SystemError) -> Bool in
      guard let base = all.baseAddress else { return false }
      for i in 0..<count { base[i] = descriptors[i] }
      base[count] = epoll
      return try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count + 1) {
        found throws(SystemError) -> Bool in
        guard let bytes = found.baseAddress else { return false }
        try checked("ppoll") { brood_wait_readable(base, Int32(clamping: count + 1), bytes, until) }
        if limit != 0 { afterSleep?() }
        ready.update(from: bytes, count: count)
        return bytes[count] != 0
      }
    }
    if isServed || limit >= 0 { try poll(timeout: 0) }
  }
}
