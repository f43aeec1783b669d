import Channels
import Language
import Posix
import Session

extension Session {
  /// What is said and yielded when a lock comes from a holder that died with it: what it guards may
  /// be half done.
  ///
  /// Null if there was none.
  func report(_ ending: Ending?, _ handle: ChannelHandle) throws -> Value {
    guard let ending else { return .null }
    let name = named(ending.pid)
    tell(
      "warning: the last holder of \(handle.shown), process \(name), \(ending.description) and did "
        + "not release it: what it guards may be half done", "warning of \(handle.shown)")
    let record = MapObject()
    record.set(.text("pid"), .int(Int(ending.pid)))
    switch ending.cause {
    case .signaled(let signal):
      record.set(.text("exit"), .null)
      record.set(.text("signal"), .text(signal.name))
    case .exited(let status):
      record.set(.text("exit"), .int(Int(status)))
      record.set(.text("signal"), .null)
    case .unknown:
      record.set(.text("exit"), .null)
      record.set(.text("signal"), .null)
    }
    return .map(record)
  }

  /// What went wrong at a lock in words: a timeout names who holds it and in which state that is.
  @inline(never)
  func lockError<H: Lockable>(_ error: any Error, _ handle: H, _ what: String) -> any Error {
    guard let error = error as? ChannelError else {
      guard let error = error as? SystemError else { return error }
      return error.asError("cannot \(what) \(handle.shown)")
    }
    let holder = handle.holder
    switch error {
    case .timeout:
      guard let holder else { return self.error(error, handle, what) }
      let state = holder.state == UInt8(ascii: "T") ? ", which is stopped" : ""
      return ErrorObject(
        .timeout,
        "cannot \(what) \(handle.shown) in time: process \(named(holder.pid)) holds it\(state)",
        help: state.isEmpty ? nil : "let it go on: continue \(holder.pid)")
    case .selfDeadlock:
      return ErrorObject(
        .type, "this process holds \(handle.shown) already: it would wait for itself for ever",
        help: handle is LockHandle ? "release it first, or make it with --reentrant" : nil)
    case .notHeld:
      return ErrorObject(
        .type, "this process does not hold \(handle.shown)",
        help: holder.map { "process \(named($0.pid)) does" } ?? "no process does")
    default: return self.error(error, handle, what)
    }
  }

  /// Takes a lock; yields what is to be known of its last holder.
  func acquire<H: Lockable>(_ handle: H, _ wait: Wait) throws -> Value {
    do {
      guard let dead = try handle.acquire(wait) else { return .null }
      return try report(dead, handle)
    } catch {
      throw lockError(error, handle, "acquire")
    }
  }

  /// Gives a lock back; what was printed stands before what the next holder prints.
  func release<H: Lockable>(_ handle: H) throws {
    // What cannot be written is said once the lock is free.
    let written = Result { try output.flushBeforeOthersKnow() }
    do {
      try handle.release(waitLimit())
    } catch {
      throw lockError(error, handle, "release")
    }
    try written.get()
  }
}
