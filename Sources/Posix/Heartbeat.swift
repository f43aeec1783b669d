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

/// A message that a timer's handler sends while code computes for so long that it does not itself.
///
/// A stopped process sends nothing.
public struct Pulse {
  private let place: Int32

  /// - Parameter socket: removed from here before it is closed.
  public init(_ socket: Int32, _ message: [UInt8]) throws(SystemError) {
    place = try checked("pulse") {
      message.withUnsafeBytes { brood_pulse_add(socket, $0.baseAddress, $0.count) }
    }
  }

  /// Whether the message may be sent now: nothing that was sent before is to be gone on with.
  public func allow(_ isAllowed: Bool) { brood_pulse_between(place, isAllowed) }

  /// How often it was sent since this was asked last; nil if a part of it was sent once.
  public func takeCount() -> Int? {
    let count = brood_pulse_take(place)
    return count < 0 ? nil : Int(count)
  }

  public func remove() { brood_pulse_remove(place) }

  /// All messages are sent after a while, and once in each period (ns), unless this is called before.
  public static func expect(within delay: Int64, every period: Int64) {
    _ = brood_pulse_arm(delay, period)
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
