import CPosix
import Posix

/// How this process sleeps while it waits for a channel.
///
/// The shell sleeps in its event loop, so that signal handlers run meanwhile.
public protocol Sleeper: AnyObject {
  /// Sleeps until a descriptor is readable, the deadline (monotonic ns) has passed, or for no
  /// reason at all; `ready` gets a nonzero byte for each descriptor that is readable.
  ///
  /// Throws to abandon the wait.
  func sleep(
    on descriptors: UnsafeBufferPointer<Int32>, ready: UnsafeMutablePointer<UInt8>,
    until deadline: Int64) throws

  /// Called when a recorded signal cut a wait for a lock short; throws to abandon it.
  func attend() throws

  /// Whether a signal handler may do something to channels while this process sleeps.
  var mayActWhileAsleep: Bool { get }
}

/// Sleeps in ppoll(2), for programs without an event loop.
public final class PollSleeper: Sleeper {
  public init() {}

  public func sleep(
    on descriptors: UnsafeBufferPointer<Int32>, ready: UnsafeMutablePointer<UInt8>,
    until deadline: Int64
  ) throws {
    let code = brood_wait_readable(
      descriptors.baseAddress, Int32(clamping: descriptors.count), ready, deadline)
    if code < 0 { throw SystemError(call: "ppoll", code: -code) }
  }

  public func attend() throws { Attention.clear() }

  public var mayActWhileAsleep: Bool { false }
}

/// How long to wait, and how.
public struct Wait {
  /// A moment of the monotonic clock (ns); `Int64.max` is for ever, 0 is not at all.
  public var deadline: Int64
  public let sleeper: any Sleeper

  /// - Parameter deadline: nil for ever.
  public init(until deadline: Int64? = nil, _ sleeper: any Sleeper) {
    self.deadline = deadline ?? .max
    self.sleeper = sleeper
  }

  /// Without waiting.
  public static func not(_ sleeper: any Sleeper) -> Wait { Wait(until: 0, sleeper) }

  var isForever: Bool { deadline == .max }
  /// Nothing is waited for.
  public var isNow: Bool { deadline == 0 }

  /// Throws `timeout` once the deadline has passed.
  func check() throws {
    if deadline != .max, Clock.monotonic >= deadline { throw ChannelError.timeout }
  }

  /// Sleeps on a few descriptors; negative ones are left out.
  ///
  /// - Returns: a bit for each one that is readable.
  func sleep(_ descriptors: Int32..., until earlier: Int64 = .max) throws -> Int {
    try sleep(descriptors, until: earlier)
  }

  /// Sleeps until one of some descriptors is readable, or the deadline has passed, or a handler ran;
  /// yields a bit for each of the first 62 that is readable.
  public func sleepOnce(_ descriptors: [Int32], until earlier: Int64 = .max) throws -> Int {
    try sleep(descriptors, until: earlier)
  }

  func sleep(_ descriptors: [Int32], until earlier: Int64 = .max) throws -> Int {
    try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: descriptors.count + 1) { ready in
      guard let base = ready.baseAddress else { return 0 }
      base.update(repeating: 0, count: descriptors.count)
      try descriptors.withUnsafeBufferPointer {
        try sleeper.sleep(on: $0, ready: base, until: min(deadline, earlier))
      }
      var bits = 0
      for i in 0..<min(descriptors.count, 62) where base[i] != 0 { bits |= 1 << i }
      return bits
    }
  }
}

/// Turns of looking before a process goes to sleep, which costs more than a few of them.
enum Spin {
  /// None where no other processor could change anything meanwhile.
  nonisolated(unsafe) static var limit = Process.usableCPUs > 1 ? 400 : 0

  /// Looks until `done` holds or it is time to sleep; some microseconds.
  @inline(__always)
  static func until(_ done: () -> Bool) {
    var left = limit
    while left > 0, !done(), !Attention.isPending {
      brood_relax()
      left -= 1
    }
  }
}
