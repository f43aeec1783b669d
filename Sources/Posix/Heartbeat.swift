import CPosix

/// Signs of life for other machines: a frame that a timer's handler writes, whatever this process
/// computes, where no other frame would be torn by it.
public enum Heartbeat {
  /// - Parameters:
  ///   - frame: at most 64 bytes.
  ///   - period: the time between two (ns).
  public static func begin(_ frame: [UInt8], every period: Int64) throws(SystemError) {
    try checked("timer_create") {
      frame.withUnsafeBytes { brood_heart_begin($0.baseAddress, $0.count, period) }
    }
  }

  public static func add(_ fd: Int32) throws(SystemError) {
    try checked("heartbeat") { brood_heart_add(fd) }
  }

  /// Before it is closed.
  public static func remove(_ fd: Int32) { brood_heart_remove(fd) }

  /// Whether a whole frame was written last.
  public static func note(_ fd: Int32, isBetweenFrames: Bool) {
    brood_heart_between(fd, isBetweenFrames)
  }
}

/// A process beside this one that kills it when it stands still.
public struct Watchdog {
  private let counter: UnsafeMutablePointer<UInt64>

  /// Forks it: to be called before anything else is forked.
  ///
  /// - Parameter timeout: how long this process may go without `tell` (ns).
  public init(timeout: Int64) throws(SystemError) {
    var counter: UnsafeMutablePointer<UInt64>?
    try checked("fork") { brood_watchdog(timeout, &counter) }
    guard let counter else { throw SystemError(call: "mmap", code: 12) }
    self.counter = counter
  }

  /// This process goes on.
  public func tell() { counter.pointee &+= 1 }
}
