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

  /// Whether this process has nothing to do before a moment (monotonic ns) but what signals tell, so
  /// that it may sleep in a call of its own until then.
  ///
  /// A signal that comes just before such a call does not end it: they are to be short.
  func isFree(until moment: Int64) -> Bool
}

/// Sleeps in ppoll(2), for programs without an event loop.
public final class PollSleeper: Sleeper {
  /// Makes one.
  public init() {}

  /// Sleeps in poll(2).
  public func sleep(
    on descriptors: UnsafeBufferPointer<Int32>, ready: UnsafeMutablePointer<UInt8>,
    until deadline: Int64
  ) throws {
    let code = brood_wait_readable(
      descriptors.baseAddress, Int32(clamping: descriptors.count), ready, deadline)
    if code < 0 { throw SystemError(call: "ppoll", code: -code) }
  }

  /// Clears the flag: there are no handlers.
  public func attend() throws { Attention.clear() }

  /// Nothing else is served.
  public var mayActWhileAsleep: Bool { false }

  /// Whether no signal was recorded.
  public func isFree(until moment: Int64) -> Bool { !Attention.isPending }
}

/// How long to wait, and how.
public struct Wait {
  /// A moment of the monotonic clock (ns); `Int64.max` is for ever, 0 is not at all.
  public var deadline: Int64
  /// What sleeps, and runs handlers meanwhile.
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

  /// Whether a call of so many nanoseconds is no more than what is waited for anyway.
  func allows(callOf length: Int64) -> Bool {
    if isNow { return false }
    let end = Clock.deadline(after: length)
    return deadline >= end && sleeper.isFree(until: end)
  }

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

/// Looking for a while before a sleep whose end takes a wake-up: two that answer each other, both
/// awake, take a few microseconds, but one that is asleep takes tens of them to come.
///
/// After each time for nothing it is left out twice as often.
struct Eagerness {
  private var misses = 0
  private var skips = 0

  /// Longer than a wake-up takes (ns).
  private static let length: Int64 = 50_000
  private static let mostMisses = 6

  /// Looks until `done` holds, some time is over or a signal came.
  @inline(__always)
  mutating func look(_ done: () -> Bool) {
    if done() { return }
    if Spin.limit == 0 { return }
    if skips > 0 {
      skips -= 1
      return
    }
    if Eagerness.spin(done) {
      misses = 0
    } else {
      misses = min(misses + 1, Eagerness.mostMisses)
      skips = 1 << misses - 1
    }
  }

  @inline(__always)
  private static func spin(_ done: () -> Bool) -> Bool {
    let end = Clock.deadline(after: length)
    repeat {
      for _ in 0..<16 {
        if done() { return true }
        brood_relax()
      }
    } while Clock.monotonic < end && !Attention.isPending
    return done()
  }
}

/// What a channel says to someone who waits for several things at once.
public enum Readiness {
  /// Something can be had now.
  case ready
  /// Nothing can come any more: `closed`, or as for one who waits for this alone.
  case never(ChannelError)
  /// Something may be had when one of these descriptors is readable, which stay the channel's, or
  /// at a moment (monotonic ns).
  case descriptors([Int32], until: Int64)
}
